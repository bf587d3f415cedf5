// Checkpoints of random graphs of tasks under random schedules, against a model that knows nothing
// of barriers: in a completed checkpoint each vertex has exactly what those in front of it had
// sent.
#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/taskmanager_task/checkpoint_cluster.h"

namespace weir::task {
namespace {

using internal::ChainContext;
using internal::PollStatus;

// Totals of subtasks that have ended.
class FinalTotals {
 public:
  void Set(const TaskAttempt& task, const Total& total) {
    const std::lock_guard lock(mutex_);
    totals_[task] = total;
  }
  Total Get(const TaskAttempt& task) {
    const std::lock_guard lock(mutex_);
    return totals_[task];
  }

 private:
  std::mutex mutex_;
  std::map<TaskAttempt, Total> totals_;
};

// Every task passes what it gets to all its outputs, and remembers what it got.
struct PassingGraph {
  explicit PassingGraph(std::mt19937& random)
      : job(std::make_shared<TestJob>()), vertices(2 + random() % 4), ended(vertices) {
    for (std::uint32_t source = 0; source < vertices; ++source) {
      for (std::uint32_t target = source + 1; target < vertices; ++target) {
        if (random() % 2 == 0) edges.emplace_back(source, target);
      }
    }
    for (std::uint32_t vertex = 0; vertex < vertices; ++vertex) {
      const std::string name = "Vertex " + std::to_string(vertex);
      const std::uint32_t parallelism = 1 + random() % 3;
      if (Predecessors(vertex).empty()) {
        job->AddSource(name, parallelism, Source(vertex));
      } else {
        job->AddVertex(name, parallelism, Passing(vertex));
      }
    }
    for (const auto& [source, target] : edges) {
      job->AddEdge(
          source, target, random() % 2,
          random() % 4 == 0 ? internal::Partitioning::kCustom : internal::Partitioning::kKeyGroup);
    }
  }

  std::vector<std::uint32_t> Predecessors(std::uint32_t vertex) const {
    std::vector<std::uint32_t> found;
    for (const auto& [source, target] : edges) {
      if (target == vertex) found.push_back(source);
    }
    return found;
  }
  static Number NumberOf(std::uint64_t place, std::uint32_t vertex, std::uint32_t subtask) {
    return static_cast<Number>(place * 64 + vertex * 8 + subtask);
  }

  void Remember(ChainHooks& hooks, const std::shared_ptr<Total>& total, std::uint32_t vertex) {
    hooks.checkpoint.snapshot =
        [total](std::uint64_t) -> Result<std::vector<internal::ChainedOperatorState>> {
      return total->ToState();
    };
    hooks.close = [this, total, vertex](TestChain& chain) {
      finals.Set({vertex, chain.context.runtime().subtask_index(), 0}, *total);
      return Status::Ok();
    };
  }
  static void EmitToAll(TestChain& chain, Number number) {
    for (std::uint32_t output = 0; output < chain.context.output_count(); ++output) {
      chain.Emit(output, number);
    }
  }
  TestJob::Behaviour Source(std::uint32_t vertex) {
    return [this, vertex](ChainContext&) {
      auto total = std::make_shared<Total>();
      ChainHooks hooks;
      hooks.poll = [this, vertex, total](TestChain& chain) -> Result<PollStatus> {
        if (ended[vertex].load()) return PollStatus::kEndOfInput;
        for (int i = 0; i < 50; ++i) {
          const Number number =
              NumberOf(total->count, vertex, chain.context.runtime().subtask_index());
          EmitToAll(chain, number);
          total->Add(number);
        }
        return PollStatus::kProgress;
      };
      Remember(hooks, total, vertex);
      return hooks;
    };
  }
  TestJob::Behaviour Passing(std::uint32_t vertex) {
    return [this, vertex](ChainContext&) {
      auto total = std::make_shared<Total>();
      ChainHooks hooks;
      hooks.batch = [total](TestChain& chain, std::uint32_t, Numbers& batch) {
        for (std::uint32_t i = 0; i < batch.size(); ++i) {
          total->Add(batch[i]);
          EmitToAll(chain, batch[i]);
        }
        return Status::Ok();
      };
      Remember(hooks, total, vertex);
      return hooks;
    };
  }

  std::shared_ptr<TestJob> job;
  const std::uint32_t vertices;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  std::vector<std::atomic<bool>> ended;  // by vertex: its source is to end
  FinalTotals finals;
};

// The JobManager: triggers, waits, aborts, and compares what is complete.
class RandomRun {
 public:
  RandomRun(PassingGraph& graph, CheckpointCluster& checkpoints, std::mt19937& random,
            bool unaligned)
      : graph_(graph), checkpoints_(checkpoints), random_(random), unaligned_(unaligned) {}

  void Trigger() {
    Pending pending{.id = next_id_++};
    std::vector<TaskAttempt> starting;
    for (const TaskAttempt& task : AllTasks()) {
      if (Finished(task)) continue;
      pending.unfinished.insert(task);
      bool starts = true;
      for (const std::uint32_t predecessor : graph_.Predecessors(task.vertex)) {
        for (std::uint32_t i = 0; i < Parallelism(predecessor); ++i) {
          starts = starts && Finished({predecessor, i, 0});
        }
      }
      if (starts) starting.push_back(task);
    }
    const std::vector<TaskAttempt> all(pending.unfinished.begin(), pending.unfinished.end());
    const bool at_once = unaligned_ && random_() % 2 == 0;
    checkpoints_.Trigger(pending.id, starting, at_once ? all : std::vector<TaskAttempt>());
    if (unaligned_ && !at_once && random_() % 4 != 0) {
      for (unsigned i = random_() % 100; i > 0; --i) std::this_thread::yield();
      checkpoints_.Announce(pending.id, all);
    }
    pending_.push_back(std::move(pending));
  }
  // Waits for the oldest, or aborts it.
  void Settle() {
    const Pending pending = std::move(pending_.front());
    pending_.erase(pending_.begin());
    if (random_() % 4 == 0) {
      for (unsigned i = random_() % 300; i > 0; --i) std::this_thread::yield();
      return checkpoints_.Abort(pending.id);
    }
    ASSERT_TRUE(events().WaitUntilKnown([&](const RecordedEvents::View& view) {
      return Failed(view, pending) || Complete(view, pending);
    }));
    const bool complete = events().Look([&](const auto& view) { return Complete(view, pending); });
    if (!complete) return checkpoints_.Abort(pending.id);
    checkpoints_.Complete(pending.id);
    ++completed_;
    Check(pending);
  }
  std::size_t pending() const { return pending_.size(); }
  int completed() const { return completed_; }
  std::uint64_t on_their_way() const { return on_their_way_; }

 private:
  struct Pending {
    std::uint64_t id = 0;
    std::set<TaskAttempt> unfinished;  // when it was triggered
  };

  RecordedEvents& events() { return checkpoints_.cluster.events; }
  std::uint32_t Parallelism(std::uint32_t vertex) const {
    return graph_.job->graph().vertices[vertex].parallelism;
  }
  std::vector<TaskAttempt> AllTasks() const {
    std::vector<TaskAttempt> tasks;
    for (std::uint32_t vertex = 0; vertex < graph_.vertices; ++vertex) {
      for (std::uint32_t i = 0; i < Parallelism(vertex); ++i) tasks.push_back({vertex, i, 0});
    }
    return tasks;
  }
  bool Finished(const TaskAttempt& task) { return IsTerminal(events().Last(task).state); }
  static bool Complete(const RecordedEvents::View& view, const Pending& pending) {
    return std::all_of(
        pending.unfinished.begin(), pending.unfinished.end(),
        [&](const TaskAttempt& task) { return view.acknowledged.contains({pending.id, task}); });
  }
  static bool Failed(const RecordedEvents::View& view, const Pending& pending) {
    return std::any_of(pending.unfinished.begin(), pending.unfinished.end(),
                       [&](const TaskAttempt& task) {
                         if (view.declined.contains({pending.id, task})) return true;
                         return IsTerminal(view.last.at(task).state) &&
                                !view.acknowledged.contains({pending.id, task});
                       });
  }
  Total TotalOf(const Pending& pending, std::uint32_t vertex) {
    Total total;
    for (std::uint32_t i = 0; i < Parallelism(vertex); ++i) {
      const TaskAttempt task{vertex, i, 0};
      total.Add(pending.unfinished.contains(task) ? checkpoints_.TotalOf(pending.id, task)
                                                  : graph_.finals.Get(task));
    }
    return total;
  }
  Total ChannelTotalOf(const Pending& pending, std::uint32_t vertex) {
    Total total;
    for (std::uint32_t i = 0; i < Parallelism(vertex); ++i) {
      const TaskAttempt task{vertex, i, 0};
      if (pending.unfinished.contains(task)) {
        total.Add(checkpoints_.ChannelTotalOf(pending.id, task));
      }
    }
    return total;
  }
  void Check(const Pending& pending) {
    for (std::uint32_t vertex = 0; vertex < graph_.vertices; ++vertex) {
      const std::vector<std::uint32_t> predecessors = graph_.Predecessors(vertex);
      if (predecessors.empty()) continue;
      Total sent;
      for (const std::uint32_t predecessor : predecessors) sent.Add(TotalOf(pending, predecessor));
      Total received = TotalOf(pending, vertex);
      const Total on_their_way = ChannelTotalOf(pending, vertex);
      received.Add(on_their_way);
      on_their_way_ += on_their_way.count;
      EXPECT_EQ(received, sent) << "checkpoint " << pending.id << ", vertex " << vertex;
    }
  }

  PassingGraph& graph_;
  CheckpointCluster& checkpoints_;
  std::mt19937& random_;
  const bool unaligned_;
  std::uint64_t next_id_ = 1;
  std::vector<Pending> pending_;
  int completed_ = 0;
  std::uint64_t on_their_way_ = 0;  // in all that were completed
};

class CheckpointAlignmentTest : public testing::TestWithParam<bool> {};

TEST_P(CheckpointAlignmentTest, ACheckpointIsACutOfTheGraph) {
  const bool unaligned = GetParam();
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int completed = 0;
  std::uint64_t on_their_way = 0;
  for (int round = 0; round < (test::kInstrumented ? 3 : 6); ++round) {
    PassingGraph graph(random);
    TaskEngineOptions options = TestCluster::DefaultOptions();
    options.credits_per_channel = 1 + random() % 3;
    options.overdraft_batches = random() % 4;
    options.output_budget_records = 16 + random() % 200;
    options.inline_state_bytes = random() % 2 == 0 ? 0 : 20'000;
    CheckpointCluster checkpoints(graph.job, 2, options, random());
    std::map<std::pair<std::uint32_t, std::uint32_t>, TestCluster::Place> places;
    checkpoints.cluster.Run([&](std::uint32_t vertex, std::uint32_t subtask) {
      auto [place, is_new] = places.try_emplace({vertex, subtask});
      if (is_new) {
        place->second = {.worker = static_cast<std::uint32_t>(random() % 2),
                         .slot = static_cast<std::uint32_t>(random() % 3)};
      }
      return place->second;
    });
    ASSERT_TRUE(checkpoints.cluster.events.WaitUntilKnown([&](const auto& view) {
      return view.last.size() == checkpoints.cluster.TaskCount() &&
             std::all_of(view.last.begin(), view.last.end(),
                         [](const auto& task) { return task.second.state == TaskState::kRunning; });
    }));
    RandomRun run(graph, checkpoints, random, unaligned);
    for (int i = 0; i < 20; ++i) {
      run.Trigger();
      // An unaligned checkpoint is the only one under way.
      if (unaligned || run.pending() > 1 || random() % 2 == 0) run.Settle();
      // The sources of one vertex end before the others.
      if (i == 10) graph.ended[random() % graph.vertices] = true;
    }
    for (std::atomic<bool>& ended : graph.ended) ended = true;
    run.Trigger();
    while (run.pending() > 0) run.Settle();
    checkpoints.cluster.ExpectFinished();
    completed += run.completed();
    on_their_way += run.on_their_way();
  }
  EXPECT_GT(completed, test::kInstrumented ? 15 : 30);
  EXPECT_EQ(on_their_way > 0, unaligned);
}

INSTANTIATE_TEST_SUITE_P(Barriers, CheckpointAlignmentTest, testing::Values(false, true),
                         [](const auto& row) { return row.param ? "Unaligned" : "Aligned"; });

}  // namespace
}  // namespace weir::task
