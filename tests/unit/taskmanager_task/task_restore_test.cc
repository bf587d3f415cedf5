#include "taskmanager/task/task_restore.h"

#include <atomic>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/taskmanager_task/checkpoint_cluster.h"
#include "tests/unit/taskmanager_task/counting_table.h"
#include "tests/unit/taskmanager_task/number_source.h"

namespace weir::task {
namespace {

using internal::ChainContext;
using internal::PollStatus;
using testing::HasSubstr;

constexpr Number kDistinct = 1000;

// A source with its place in the input, and behind it subtasks that count numbers by key.
class CountingJob {
 public:
  CountingJob(Number first_stop, std::uint32_t parallelism,
              Number hold_at = std::numeric_limits<Number>::max(),
              internal::Partitioning partitioning = internal::Partitioning::kKeyGroup)
      : job_(std::make_shared<TestJob>()),
        source_(first_stop, kDistinct, parallelism),
        parallelism_(parallelism),
        hold_at_(hold_at) {
    job_->AddSource("Source", 1, [this](ChainContext&) { return source_.Hooks(); });
    job_->AddVertex("Count", parallelism, [this](ChainContext& context) {
      return CountHooks(context.runtime().subtask_index());
    });
    job_->AddEdge(0, 1, 0, partitioning);
  }

  const std::shared_ptr<TestJob>& job() const { return job_; }
  bool WaitForArrived(Number count) {
    return Eventually([&] { return arrived_ >= count; });
  }
  Number arrived() const { return arrived_; }
  // Of all subtasks that were closed.
  std::map<Number, Number> content() {
    const std::lock_guard lock(mutex_);
    return content_;
  }
  void End() { source_.End(); }
  std::string schema;  // if not that of the table

 private:
  ChainHooks CountHooks(std::uint32_t subtask) {
    auto table = std::make_shared<CountingTable>(subtask, parallelism_);
    auto total = std::make_shared<Total>();
    ChainHooks hooks;
    hooks.batch = [this, table, total](TestChain&, std::uint32_t, Numbers& batch) {
      for (std::uint32_t i = 0; i < batch.size(); ++i) {
        table->Count(batch[i]);
        total->Add(batch[i]);
      }
      arrived_ += batch.size();
      return Status::Ok();
    };
    hooks.holds_input = [this] { return arrived_ >= hold_at_; };
    hooks.close = [this, table, total](TestChain&) {
      const std::lock_guard lock(mutex_);
      content_.merge(table->Content());
      totals.Add(*total);
      return Status::Ok();
    };
    hooks.checkpoint.snapshot =
        [total](std::uint64_t) -> Result<std::vector<internal::ChainedOperatorState>> {
      return total->ToState();
    };
    hooks.checkpoint.restore = [total](const std::vector<internal::ChainedOperatorState>& states) {
      for (const auto& state : states) total->Add(Total::Of(state.states));
    };
    hooks.checkpoint.tables = {table->Chained()};
    if (!schema.empty()) hooks.checkpoint.tables[0].schema = schema;
    return hooks;
  }

  const std::shared_ptr<TestJob> job_;
  NumberSource source_;
  const std::uint32_t parallelism_;
  const Number hold_at_;  // no subtask takes input after so many numbers
  std::atomic<Number> arrived_{0};
  std::mutex mutex_;
  std::map<Number, Number> content_;

 public:
  Total totals;  // of all subtasks that were closed
};

TestCluster::Place Spread(std::uint32_t vertex, std::uint32_t subtask) {
  return {.slot = (vertex + subtask) % 4};
}

class TaskRestoreTest : public testing::Test {
 protected:
  static constexpr Number kFirst = 20'000;
  static constexpr Number kAll = 50'000;

  // Counts the first numbers and takes checkpoint 3 of them.
  void TakeCheckpoint(std::uint32_t parallelism, std::size_t inline_bytes) {
    parallelism_ = parallelism;
    CountingJob job(kFirst, parallelism);
    TaskEngineOptions options = TestCluster::DefaultOptions();
    options.inline_state_bytes = inline_bytes;
    first_.emplace(job.job(), 1, options);
    first_->cluster.Run(Spread);
    ASSERT_TRUE(job.WaitForArrived(kFirst));
    first_->Trigger(3, {{0, 0, 0}});
    ASSERT_TRUE(first_->cluster.events.WaitForAnswers(3, 1 + parallelism));
    first_->cluster.engine().CancelAll();
    ASSERT_TRUE(first_->cluster.events.WaitForEnds(1 + parallelism));
    acknowledged_ = first_->cluster.events.Acknowledged();
    first_->cluster.DestroyEngines();
  }
  // Takes checkpoint 3 while no counting subtask takes any input.
  void TakeUnalignedCheckpoint(
      std::uint32_t parallelism, std::size_t inline_bytes,
      internal::Partitioning partitioning = internal::Partitioning::kKeyGroup) {
    constexpr Number kHoldAt = kFirst / 4;
    parallelism_ = parallelism;
    CountingJob job(kFirst, parallelism, kHoldAt, partitioning);
    TaskEngineOptions options = TestCluster::DefaultOptions();
    options.inline_state_bytes = inline_bytes;
    first_.emplace(job.job(), 1, options);
    first_->cluster.Run(Spread);
    ASSERT_TRUE(Eventually([&] {
      return job.arrived() >= kHoldAt && SentBySource() > static_cast<std::uint64_t>(job.arrived());
    }));
    std::vector<TaskAttempt> counting;
    for (std::uint32_t i = 0; i < parallelism; ++i) counting.push_back({1, i, 0});
    first_->Trigger(3, {{0, 0, 0}}, counting);
    ASSERT_TRUE(first_->cluster.events.WaitForAnswers(3, 1 + parallelism));
    Total on_their_way;
    for (const TaskAttempt& task : counting) on_their_way.Add(first_->ChannelTotalOf(3, task));
    EXPECT_GT(on_their_way.count, 0u);
    first_->cluster.engine().CancelAll();
    ASSERT_TRUE(first_->cluster.events.WaitForEnds(1 + parallelism));
    acknowledged_ = first_->cluster.events.Acknowledged();
    first_->cluster.DestroyEngines();
  }
  std::uint64_t SentBySource() {
    for (const TaskStatistics& task : first_->cluster.engine().Statistics()) {
      if (task.task.vertex == 0) return task.records_out;
    }
    return 0;
  }
  // What every subtask of the job at `parallelism` starts from: everything that every old subtask
  // of the vertex had.
  std::map<TaskAttempt, TaskRestore> RestoreAt(const TestJob& job) const {
    std::map<TaskAttempt, TaskRestore> restores;
    for (std::uint32_t vertex = 0; vertex < 2; ++vertex) {
      TaskRestore restore{.checkpoint_id = 3, .directory = first_->directory(), .sources = {}};
      const std::uint32_t old_parallelism = vertex == 0 ? 1 : parallelism_;
      for (std::uint32_t old = 0; old < old_parallelism; ++old) {
        RestoreSource source{.operator_ids = {},
                             .subtask = old,
                             .parallelism = old_parallelism,
                             .max_parallelism = kMaxParallelism,
                             .handles = acknowledged_.at({3, {vertex, old, 0}}).state.handles};
        for (const auto& each : job.graph().vertices[vertex].operators) {
          source.operator_ids.push_back(each.id);
        }
        restore.sources.push_back(std::move(source));
      }
      for (std::uint32_t i = 0; i < job.graph().vertices[vertex].parallelism; ++i) {
        restores[{vertex, i, 0}] = restore;
      }
    }
    return restores;
  }
  // Starts from the checkpoint, fails, and gives the failure of subtask 0 of the counting vertex.
  TaskFailure FailureOf(CountingJob& job, std::map<TaskAttempt, TaskRestore> restores) {
    TestCluster second(job.job());
    second.restores = std::move(restores);
    second.Run(Spread);
    const TaskAttempt task{1, 0, 0};
    EXPECT_TRUE(second.events.WaitFor(task, TaskState::kFailed));
    return second.events.Last(task).failure.value();
  }

  std::uint32_t parallelism_ = 0;
  std::optional<CheckpointCluster> first_;
  std::map<RecordedEvents::OfCheckpoint, CheckpointAcknowledgement> acknowledged_;
};

struct Rescaling {
  const char* name;
  std::uint32_t before;
  std::uint32_t after;
  std::size_t inline_bytes;
  bool unaligned = false;
};

class RescalingTest : public TaskRestoreTest, public testing::WithParamInterface<Rescaling> {};

TEST_P(RescalingTest, EveryNumberCountsOnce) {
  if (GetParam().unaligned) {
    TakeUnalignedCheckpoint(GetParam().before, GetParam().inline_bytes);
  } else {
    TakeCheckpoint(GetParam().before, GetParam().inline_bytes);
  }
  CountingJob job(kAll, GetParam().after);
  TestCluster second(job.job());
  second.restores = RestoreAt(*job.job());
  job.End();
  second.Run(Spread);
  second.ExpectFinished();
  std::map<Number, Number> expected;
  Total total;
  for (Number place = 0; place < kAll; ++place) {
    ++expected[place % kDistinct];
    total.Add(place % kDistinct);
  }
  EXPECT_EQ(job.content(), expected);
  EXPECT_EQ(job.totals, total) << "operator state, each part to one subtask";
}

INSTANTIATE_TEST_SUITE_P(Parallelism, RescalingTest,
                         testing::Values(Rescaling{"Same", 2, 2, 0}, Rescaling{"Up", 2, 3, 0},
                                         Rescaling{"Down", 3, 1, 0},
                                         Rescaling{"Inline", 2, 3, 1 << 20},
                                         Rescaling{"UnalignedSame", 2, 2, 0, true},
                                         Rescaling{"UnalignedUp", 2, 3, 0, true},
                                         Rescaling{"UnalignedDown", 3, 1, 0, true},
                                         Rescaling{"UnalignedInline", 1, 2, 1 << 20, true}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_F(TaskRestoreTest, StateOfAnotherTypeIsRefused) {
  TakeCheckpoint(1, 0);
  CountingJob job(kAll, 1);
  job.schema = "a set of names";
  const TaskFailure failure = FailureOf(job, RestoreAt(*job.job()));
  EXPECT_TRUE(failure.restore_failed);
  EXPECT_EQ(failure.cause.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(failure.operator_name, "") << "the message names it; none has run";
  for (const char* part : {"checkpoint 3", "operator 'Count tail'", "state 'counts'",
                           "a set of names", "key=i64 value=i64", "state file '"}) {
    EXPECT_THAT(failure.cause.message(), HasSubstr(part));
  }
}

TEST_F(TaskRestoreTest, RecordsThatOnlyTheOldSubtasksMayGetAreRefusedByOthers) {
  constexpr auto kCustom = internal::Partitioning::kCustom;
  TakeUnalignedCheckpoint(1, 0, kCustom);
  CountingJob same(kAll, 1, std::numeric_limits<Number>::max(), kCustom);
  {
    TestCluster second(same.job());
    second.restores = RestoreAt(*same.job());
    same.End();
    second.Run(Spread);
    second.ExpectFinished();
  }
  EXPECT_EQ(same.totals.count, static_cast<std::uint64_t>(kAll));
  CountingJob job(kAll, 2, std::numeric_limits<Number>::max(), kCustom);
  const TaskFailure failure = FailureOf(job, RestoreAt(*job.job()));
  EXPECT_EQ(failure.cause.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(failure.cause.message(), HasSubstr("start it with parallelism 1"));
}

TEST_F(TaskRestoreTest, RecordsOnTheirWayAlongAnotherEdgeAreRefused) {
  TakeUnalignedCheckpoint(1, 0);
  // The same vertices, but what the counting one reads comes from a source of its own.
  auto job = std::make_shared<TestJob>();
  job->AddSource("Source", 1, [](ChainContext&) { return ChainHooks{}; });
  job->AddVertex("Count", 1, [](ChainContext&) {
    auto table = std::make_shared<CountingTable>(0, 1);
    ChainHooks hooks;
    hooks.close = [table](TestChain&) { return Status::Ok(); };
    hooks.checkpoint.tables = {table->Chained()};
    return hooks;
  });
  job->AddSource("Another source", 1, [](ChainContext&) { return ChainHooks{}; });
  job->AddEdge(2, 1);
  TestCluster second(job);
  second.restores = RestoreAt(*job);
  second.Run(Spread);
  ASSERT_TRUE(second.events.WaitFor({1, 0, 0}, TaskState::kFailed));
  const TaskFailure failure = *second.events.Last({1, 0, 0}).failure;
  EXPECT_TRUE(failure.restore_failed);
  EXPECT_EQ(failure.cause.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(failure.cause.message(), HasSubstr("which the program does not have"));
  EXPECT_THAT(failure.cause.message(), HasSubstr("operator 'Count head', input '000"));
}

TEST_F(TaskRestoreTest, StateThatTheProgramHasNotIsRefused) {
  TakeCheckpoint(1, 0);
  CountingJob job(kAll, 1);
  std::map<TaskAttempt, TaskRestore> restores = RestoreAt(*job.job());
  // The source's operator gets state of the counting one.
  restores[{0, 0, 0}].sources = restores[{1, 0, 0}].sources;
  TestCluster second(job.job());
  second.restores = restores;
  second.Run(Spread);
  ASSERT_TRUE(second.events.WaitFor({0, 0, 0}, TaskState::kFailed));
  const TaskFailure failure = *second.events.Last({0, 0, 0}).failure;
  EXPECT_TRUE(failure.restore_failed);
  EXPECT_THAT(failure.cause.message(), HasSubstr("the program has not"));
  EXPECT_THAT(failure.cause.message(), HasSubstr("state 'counts'"));
}

TEST_F(TaskRestoreTest, AFileThatIsGoneIsNamed) {
  TakeCheckpoint(1, 0);
  CountingJob job(kAll, 1);
  const auto& handle = acknowledged_.at({3, {1, 0, 0}}).state.handles.at(0);
  const std::string path = std::get<checkpoint::StateFileLocation>(handle.location).path;
  ASSERT_TRUE(LocalFileSystem().RemoveRecursively(first_->directory() + "/" + path).ok());
  const TaskFailure failure = FailureOf(job, RestoreAt(*job.job()));
  EXPECT_TRUE(failure.restore_failed);
  EXPECT_THAT(failure.cause.message(), HasSubstr(path));
  EXPECT_THAT(failure.cause.message(), HasSubstr("subtask 0 (attempt 0) of 'Count'"));
}

TEST_F(TaskRestoreTest, AFileThatIsDamagedIsNamed) {
  TakeCheckpoint(1, 0);
  CountingJob job(kAll, 1);
  const auto& handle = acknowledged_.at({3, {1, 0, 0}}).state.handles.at(0);
  const std::string path = std::get<checkpoint::StateFileLocation>(handle.location).path;
  ASSERT_TRUE(FlipBit(LocalFileSystem(), first_->directory() + "/" + path, 8 * 100 + 3).ok());
  const TaskFailure failure = FailureOf(job, RestoreAt(*job.job()));
  EXPECT_TRUE(failure.restore_failed);
  EXPECT_EQ(failure.cause.code(), StatusCode::kCorruption);
  EXPECT_THAT(failure.cause.message(), HasSubstr(path));
}

}  // namespace
}  // namespace weir::task
