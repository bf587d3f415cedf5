#include "tests/cluster/cluster_fixture.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

#include "common/text.h"
#include "tests/cluster/raw_connection.h"

namespace weir::cluster_test {
namespace {

bool IsTerminal(const std::string& state) {
  return state == "FINISHED" || state == "FAILED" || state == "CANCELED";
}

}  // namespace

void ClusterTest::StartCluster(const ClusterOptions& options) {
  Result<std::unique_ptr<ProcessCluster>> started = ProcessCluster::Start(options);
  ASSERT_TRUE(started.ok()) << started.status().ToString();
  cluster_ = *std::move(started);
  client_ = std::make_unique<ClusterClient>(cluster_->rest_address());
  WaitUntil("all TaskManagers are registered", [&] {
    const auto overview = client_->Cluster();
    return overview.ok() && overview->task_managers == static_cast<int>(options.task_managers);
  });
  if (HasFatalFailure()) return;
  auto ports = client_->DataPorts();
  ASSERT_TRUE(ports.ok()) << ports.status().message();
  data_ports_ = *std::move(ports);
}

void ClusterTest::TearDown() {
  if (cluster_ == nullptr) return;
  const Status stopped = cluster_->Stop();
  EXPECT_TRUE(stopped.ok()) << stopped.message();
  for (const auto& [id, address] : data_ports_) {
    const Status free = CheckPortIsFree(address);
    EXPECT_TRUE(free.ok()) << id << ": " << free.message();
  }
  if (HasFailure()) std::printf("%s", cluster_->LogTails(40).c_str());
  cluster_.reset();
}

std::string ClusterTest::MakeFolder(const std::string& name) {
  const std::string path = PathOf(name);
  std::filesystem::create_directories(path);
  return path;
}

void ClusterTest::Touch(const std::string& path) {
  const std::ofstream file(path);
}

std::string ClusterTest::Submit(const JobRequest& request) {
  const Result<std::string> job = client_->Submit(request);
  EXPECT_TRUE(job.ok()) << job.status().message();
  return job.ok() ? *job : "";
}

JobView ClusterTest::Job(const std::string& job) {
  const Result<JobView> view = client_->Job(job);
  EXPECT_TRUE(view.ok()) << view.status().message();
  return view.ok() ? *view : JobView();
}

std::vector<SubtaskView> ClusterTest::Subtasks(const std::string& job,
                                               const std::string& vertex_name) {
  for (const VertexView& vertex : Job(job).vertices) {
    if (vertex.name.find(vertex_name) == std::string::npos) continue;
    const auto subtasks = client_->Subtasks(job, vertex.id);
    EXPECT_TRUE(subtasks.ok()) << subtasks.status().message();
    return subtasks.ok() ? *subtasks : std::vector<SubtaskView>();
  }
  ADD_FAILURE() << "no vertex '" << vertex_name << "': " << DescribeJob(job);
  return {};
}

std::string ClusterTest::FailureText(const std::string& job) {
  const auto failures = client_->Failures(job);
  if (!failures.ok()) return failures.status().message();
  std::string text;
  for (const FailureView& failure : *failures) {
    text += Concat("[", failure.task, "] [", failure.task_manager, "] ", failure.text, "\n");
  }
  return text;
}

std::string ClusterTest::DescribeJob(const std::string& job) {
  const auto view = client_->Job(job);
  if (!view.ok()) return view.status().message();
  std::string text = Concat("job ", job, " is ", view->state, " (", view->details, "), restarts ",
                            view->restarts, "\n");
  for (const VertexView& vertex : view->vertices) {
    text += Concat("  ", vertex.name, ": ", vertex.state, " ", vertex.details, "\n");
  }
  for (const std::string& warning : view->warnings) text += Concat("  warning: ", warning, "\n");
  return text + FailureText(job);
}

void ClusterTest::WaitForState(const std::string& job, const std::string& state,
                               std::chrono::milliseconds timeout) {
  std::string last;
  WaitFor(timeout, [&] {
    const auto view = client_->Job(job);
    last = view.ok() ? view->state : view.status().message();
    return last == state || IsTerminal(last);
  });
  ASSERT_EQ(last, state) << DescribeJob(job);
}

void ClusterTest::WaitUntilRunning(const std::string& job, std::chrono::milliseconds timeout) {
  const bool running = WaitFor(timeout, [&] {
    const auto view = client_->Job(job);
    return view.ok() && view->state == "RUNNING" &&
           std::all_of(view->vertices.begin(), view->vertices.end(),
                       [](const VertexView& vertex) { return vertex.state == "RUNNING"; });
  });
  ASSERT_TRUE(running) << DescribeJob(job);
}

void ClusterTest::WaitUntil(const std::string& what, const std::function<bool()>& done,
                            std::chrono::milliseconds timeout) {
  ASSERT_TRUE(WaitFor(timeout, done)) << "not within " << timeout.count() << " ms: " << what;
}

std::vector<std::string> Arguments(
    std::initializer_list<std::pair<std::string, std::string>> pairs) {
  std::vector<std::string> arguments;
  for (const auto& [name, value] : pairs) {
    arguments.push_back("--" + name);
    arguments.push_back(value);
  }
  return arguments;
}

std::map<std::string, std::string> FixedDelayRestart(int attempts, const std::string& delay) {
  return {{"restart-strategy.type", "fixed-delay"},
          {"restart-strategy.fixed-delay.attempts", Concat(attempts)},
          {"restart-strategy.fixed-delay.delay", delay}};
}

}  // namespace weir::cluster_test
