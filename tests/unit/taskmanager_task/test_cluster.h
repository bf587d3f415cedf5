// Task engines in one process, each playing a worker, joined by a network in memory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/clock.h"
#include "taskmanager/task/task_engine.h"
#include "tests/sanitizers/instrumented.h"
#include "tests/unit/eventually.h"
#include "tests/unit/taskmanager_task/memory_data_plane.h"
#include "tests/unit/taskmanager_task/recorded_events.h"
#include "tests/unit/taskmanager_task/test_chain.h"

namespace weir::task {

using test::Eventually;

class TestCluster {
 public:
  struct Place {
    std::uint32_t worker = 0;
    std::uint32_t slot = 0;
  };
  using Placement = std::function<Place(std::uint32_t vertex, std::uint32_t subtask)>;

  explicit TestCluster(std::shared_ptr<TestJob> job, std::uint32_t workers = 1,
                       TaskEngineOptions options = DefaultOptions(),
                       const Clock& clock = SystemClock(), unsigned seed = 1,
                       std::uint32_t most_credits = 4, FileSystem& files = LocalFileSystem())
      : job_(std::move(job)), network_(seed, most_credits), page_(workers) {
    for (std::uint32_t i = 0; i < workers; ++i) {
      planes_.push_back(std::make_unique<MemoryDataPlane>(network_));
      options.worker_id = WorkerId(i);
      page_[i] = std::make_unique<Page>();
      engines_.push_back(std::make_unique<TaskEngine>(
          options, TaskEngineDependencies{
                       .job = job_,
                       .clock = clock,
                       .data_plane = *planes_.back(),
                       .events = events,
                       .make_logger =
                           [](const TaskInformation&) { return std::make_unique<SilentLogger>(); },
                       .slot_page = page_[i]->bytes,
                       .floating_entries = 4,
                       .files = &files}));
    }
  }

  static TaskEngineOptions DefaultOptions() { return {.job_id = "job", .slot_count = 4}; }
  static std::string WorkerId(std::uint32_t index) { return "worker-" + std::to_string(index); }

  Deployment DeploymentOf(std::uint32_t worker, const Placement& place, std::uint32_t attempt = 0) {
    Deployment deployment{.deployment_id = attempt + 1};
    for (std::uint32_t i = 0; i < engines_.size(); ++i) {
      deployment.peers.push_back({.worker_id = WorkerId(i), .host = "127.0.0.1", .data_port = 1});
    }
    const internal::JobGraph& graph = job_->graph();
    for (std::uint32_t vertex = 0; vertex < graph.vertices.size(); ++vertex) {
      VertexPlacement placement;
      for (std::uint32_t subtask = 0; subtask < graph.vertices[vertex].parallelism; ++subtask) {
        const Place at = place(vertex, subtask);
        workers_[{vertex, subtask, attempt}] = at.worker;
        placement.peer.push_back(at.worker);
        placement.attempt.push_back(attempt);
        if (at.worker != worker) continue;
        const TaskAttempt task{vertex, subtask, attempt};
        const auto restore = restores.find(task);
        deployment.tasks.push_back(
            {.task = task,
             .slot = at.slot,
             .restore = restore != restores.end() ? std::optional(restore->second) : std::nullopt});
      }
      deployment.placement.push_back(std::move(placement));
    }
    std::uint32_t next = attempt * 10000;
    for (const internal::JobEdge& edge : graph.edges) {
      deployment.first_channel.push_back(next);
      next += graph.vertices[edge.source_vertex].parallelism *
              graph.vertices[edge.target_vertex].parallelism;
    }
    return deployment;
  }

  void Run(const Placement& place, std::uint32_t attempt = 0) {
    for (std::uint32_t i = 0; i < engines_.size(); ++i) {
      const Status deployed = engines_[i]->Deploy(DeploymentOf(i, place, attempt));
      ASSERT_TRUE(deployed.ok()) << deployed.ToString();
    }
    for (auto& engine : engines_) {
      const Status started = engine->Start(attempt + 1);
      ASSERT_TRUE(started.ok()) << started.ToString();
    }
  }
  // All in slot 0 of worker 0.
  void RunInOneSlot() {
    Run([](std::uint32_t, std::uint32_t) { return Place{}; });
  }

  std::size_t TaskCount() const {
    std::size_t count = 0;
    for (const auto& vertex : job_->graph().vertices) count += vertex.parallelism;
    return count;
  }
  // Every task has FINISHED.
  void ExpectFinished() {
    EXPECT_TRUE(events.WaitForEnds(TaskCount()));
    for (std::uint32_t vertex = 0; vertex < job_->graph().vertices.size(); ++vertex) {
      for (std::uint32_t i = 0; i < job_->graph().vertices[vertex].parallelism; ++i) {
        const TaskStateChange last = events.Last({vertex, i, 0});
        EXPECT_EQ(last.state, TaskState::kFinished)
            << vertex << "/" << i << " is " << ToString(last.state) << " "
            << (last.failure ? last.failure->cause.ToString() : "");
      }
    }
  }

  TaskEngine& engine(std::uint32_t worker = 0) { return *engines_[worker]; }
  MemoryDataPlane& plane(std::uint32_t worker) { return *planes_[worker]; }
  MemoryNetwork& network() { return network_; }
  const void* page(std::uint32_t worker = 0) const { return page_[worker]->bytes; }
  static constexpr std::size_t kPageSize = SlotPageSize(8, 4);
  void DestroyEngines() { engines_.clear(); }

  const TestJob& job() const { return *job_; }
  // Where it was deployed.
  std::uint32_t WorkerOf(const TaskAttempt& task) const { return workers_.at(task); }
  std::size_t engine_count() const { return engines_.size(); }

  RecordedEvents events;
  std::map<TaskAttempt, TaskRestore> restores;  // of those that do not start fresh

 private:
  struct Page {
    alignas(64) std::byte bytes[kPageSize] = {};
  };

  std::shared_ptr<TestJob> job_;
  MemoryNetwork network_;
  std::vector<std::unique_ptr<MemoryDataPlane>> planes_;
  std::vector<std::unique_ptr<Page>> page_;
  std::map<TaskAttempt, std::uint32_t> workers_;
  std::vector<std::unique_ptr<TaskEngine>> engines_;
};

// A source that emits 0 … count-1 in blocks of 256 and ends.
inline TestJob::Behaviour CountingSource(Number count, Number stride = 1, Number offset = 0) {
  return [=](internal::ChainContext&) {
    auto next = std::make_shared<Number>(0);
    return ChainHooks{.poll = [=](TestChain& chain) -> Result<internal::PollStatus> {
      for (int i = 0; i < 256 && *next < count; ++i) {
        for (std::uint32_t output = 0; output < chain.context.output_count(); ++output) {
          chain.Emit(output, *next * stride + offset);
        }
        ++*next;
      }
      return *next == count ? internal::PollStatus::kEndOfInput : internal::PollStatus::kProgress;
    }};
  };
}

// Adds up what arrives.
struct Sum {
  std::atomic<Number> count{0};
  std::atomic<Number> total{0};
};
inline TestJob::Behaviour SummingSink(Sum& sum) {
  return [&sum](internal::ChainContext&) {
    return ChainHooks{.batch = [&sum](TestChain&, std::uint32_t, Numbers& batch) {
      Number total = 0;
      for (std::uint32_t i = 0; i < batch.size(); ++i) total += batch[i];
      sum.count += batch.size();
      sum.total += total;
      return Status::Ok();
    }};
  };
}

}  // namespace weir::task
