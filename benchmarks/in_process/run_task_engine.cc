#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/in_process/coordinators.h"
#include "benchmarks/in_process/run_job.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "taskmanager/task/task_engine.h"

namespace benchmarks {
namespace {

using weir::Status;
using weir::task::CoordinatorEvent;
using weir::task::TaskStateChange;
namespace network = weir::network;

// All subtasks are in one process.
class NoDataPlane final : public network::DataPlane {
 public:
  weir::Result<std::unique_ptr<network::ByteReceiver>> RegisterInput(
      const network::ChannelIdentity&, const std::string&, network::ReceiverEvents) override {
    return Status::Internal("a channel from another process");
  }
  weir::Result<std::unique_ptr<network::ByteSender>> OpenOutput(const network::ChannelIdentity&,
                                                                const network::PeerAddress&,
                                                                network::SenderEvents) override {
    return Status::Internal("a channel to another process");
  }
  void AddConnection(int, const std::string&) override {}
};

class SilentLogger final : public weir::Logger {
 public:
  bool Enabled(weir::LogLevel) const override { return false; }
  void Log(weir::LogLevel, std::string_view) override {}
};

// Takes what the engine's threads report to the one that waits.
class ReportQueue final : public weir::task::TaskEngineEvents {
 public:
  struct Report {
    std::optional<TaskStateChange> change;
    std::optional<CoordinatorEvent> event;
  };

  void OnTaskState(TaskStateChange change) override { Push({std::move(change), std::nullopt}); }
  void OnEventToCoordinator(CoordinatorEvent event) override {
    Push({std::nullopt, std::move(event)});
  }
  // Nobody takes checkpoints here.
  void OnCheckpointAcknowledged(weir::task::CheckpointAcknowledgement) override {}
  void OnCheckpointDeclined(weir::task::CheckpointDecline) override {}
  void OnCheckpointRequested(const weir::task::TaskAttempt&) override {}
  Report Take() {
    weir::MutexLock lock(mutex_);
    while (reports_.empty()) changed_.Wait(mutex_);
    Report report = std::move(reports_.front());
    reports_.pop_front();
    return report;
  }

 private:
  void Push(Report report) {
    weir::MutexLock lock(mutex_);
    reports_.push_back(std::move(report));
    changed_.SignalAll();
  }

  weir::Mutex mutex_;
  weir::CondVar changed_;
  std::deque<Report> reports_ WEIR_GUARDED_BY(mutex_);
};

constexpr char kWorker[] = "00000000000000000000000000000001";

weir::task::Deployment DeploymentOf(const weir::internal::JobGraph& graph) {
  weir::task::Deployment deployment{.deployment_id = 1};
  deployment.peers.push_back({.worker_id = kWorker, .host = "127.0.0.1", .data_port = 1});
  for (std::uint32_t vertex = 0; vertex < graph.vertices.size(); ++vertex) {
    const std::uint32_t parallelism = graph.vertices[vertex].parallelism;
    for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
      deployment.tasks.push_back({.task = {vertex, subtask, 0}, .slot = subtask});
    }
    deployment.placement.push_back({.peer = std::vector<std::uint32_t>(parallelism, 0),
                                    .attempt = std::vector<std::uint32_t>(parallelism, 0)});
  }
  std::uint32_t next = 0;
  for (const weir::internal::JobEdge& edge : graph.edges) {
    deployment.first_channel.push_back(next);
    next += graph.vertices[edge.source_vertex].parallelism *
            graph.vertices[edge.target_vertex].parallelism;
  }
  return deployment;
}

Status WaitForEnd(std::size_t tasks, ReportQueue& reports, Coordinators& coordinators) {
  std::size_t ended = 0;
  while (ended < tasks) {
    const ReportQueue::Report report = reports.Take();
    if (report.event) {
      const CoordinatorEvent& event = *report.event;
      WEIR_RETURN_IF_ERROR(coordinators.OnEvent(event.task.vertex, event.operator_index,
                                                event.task.subtask, event.payload));
      continue;
    }
    const TaskStateChange& change = *report.change;
    if (change.failure) return change.failure->cause;
    if (change.state == weir::task::TaskState::kRunning) {
      WEIR_RETURN_IF_ERROR(coordinators.SubtaskReady(change.task.vertex, change.task.subtask));
    }
    ended += weir::task::IsTerminal(change.state) ? 1 : 0;
  }
  return Status::Ok();
}

}  // namespace

Status RunTaskEngine(std::shared_ptr<const weir::internal::CompiledJob> job,
                     std::uint32_t batch_records) {
  std::uint32_t slots = 1;
  for (const auto& vertex : job->graph().vertices) slots = std::max(slots, vertex.parallelism);
  NoDataPlane data_plane;
  ReportQueue reports;
  weir::task::TaskEngineOptions options{
      .worker_id = kWorker, .job_id = kWorker, .slot_count = slots};
  // A batch of one of n channels is an n-th of the budget.
  if (batch_records != 0) options.output_budget_records = batch_records * slots;
  weir::task::TaskEngine engine(std::move(options),
                                {.job = job,
                                 .clock = weir::SystemClock(),
                                 .data_plane = data_plane,
                                 .events = reports,
                                 .make_logger = [](const weir::TaskInformation&) {
                                   return std::make_unique<SilentLogger>();
                                 }});
  Coordinators coordinators(*job, [&engine](std::uint32_t vertex, std::uint32_t index,
                                            std::uint32_t subtask, std::string payload) {
    engine.OnCoordinatorEvent({{vertex, subtask, 0}, index, std::move(payload)});
  });
  WEIR_RETURN_IF_ERROR(coordinators.Start());
  const weir::task::Deployment deployment = DeploymentOf(job->graph());
  WEIR_RETURN_IF_ERROR(engine.Deploy(deployment));
  WEIR_RETURN_IF_ERROR(engine.Start(deployment.deployment_id));
  return WaitForEnd(deployment.tasks.size(), reports, coordinators);
}

}  // namespace benchmarks
