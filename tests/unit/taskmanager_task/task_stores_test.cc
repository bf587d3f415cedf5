// Keyed state in stores, through checkpoints of real tasks and back.
#include "taskmanager/task/task_stores.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weir/internal/state/heap_table.h>
#include <weir/internal/state/store_cache.h>

#include "tests/unit/taskmanager_task/checkpoint_fixture.h"
#include "tests/unit/taskmanager_task/counting_table.h"
#include "tests/unit/taskmanager_task/number_source.h"

namespace weir::task {
namespace {

using internal::ChainContext;
using internal::PollStatus;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr Number kDistinct = 1000;
constexpr std::uint32_t kCountOperator = 1;

// Counts by number, in memory or in a store, as the engine says.
class Counts {
 public:
  Counts(ChainContext& context, std::uint32_t parallelism)
      : range_(internal::KeyGroupRangeOf(context.runtime().subtask_index(), parallelism,
                                         kMaxParallelism)) {
    internal::KeyedStores* const stores = context.keyed_stores(kCountOperator);
    if (stores == nullptr) {
      table_ = std::make_unique<Heap>(range_);
    } else {
      const auto schema = Heap(range_).schema();
      const auto store = stores->OpenTable("counts", schema);
      if (!store.ok()) throw internal::StoreError(store.status());
      table_ = std::make_unique<Cache>(range_, **store, stores->limits());
    }
  }
  void Add(Number number) {
    std::visit([&](auto& table) { ++table->FindOrInsert({StableHash(number), number, {}, {}}); },
               table_);
    table().Evict();
  }
  std::map<Number, Number> Content() {
    std::map<Number, Number> content;
    for (std::uint32_t group = range_.first; group < range_.first + range_.count; ++group) {
      std::visit(
          [&](auto& table) {
            table->ForEachInGroup(
                group, [&](Number key, auto, auto, Number count) { content[key] = count; });
          },
          table_);
    }
    return content;
  }
  internal::KeyedTable& table() {
    return std::visit([](auto& table) -> internal::KeyedTable& { return *table; }, table_);
  }

 private:
  using Heap = CountingTable::Table;
  using Cache = internal::StoreCache<Number, internal::NoNamespace, internal::NoMapKey, Number>;

  const internal::KeyGroupRange range_;
  std::variant<std::unique_ptr<Heap>, std::unique_ptr<Cache>> table_;
};

// A source that goes up to `stop` and waits there, and behind it subtasks that count.
class CountingJob {
 public:
  CountingJob(Number stop, std::uint32_t parallelism)
      : job_(std::make_shared<TestJob>()),
        source_(stop, kDistinct, parallelism),
        parallelism_(parallelism) {
    job_->AddSource("Source", 1, [this](ChainContext&) { return source_.Hooks(); });
    job_->AddVertex("Count", parallelism, [this](ChainContext& context) {
      return CountHooks(std::make_shared<Counts>(context, parallelism_));
    });
    job_->AddEdge(0, 1);
  }
  const std::shared_ptr<TestJob>& job() const { return job_; }
  bool WaitForArrived(Number count) {
    return Eventually([&] { return arrived_ >= count; });
  }
  std::map<Number, Number> content() {
    const std::lock_guard lock(mutex_);
    return content_;
  }
  void GoOnTo(Number stop) { source_.GoOnTo(stop); }
  void End() { source_.End(); }

 private:
  ChainHooks CountHooks(const std::shared_ptr<Counts>& counts) {
    ChainHooks hooks;
    hooks.batch = [this, counts](TestChain&, std::uint32_t, Numbers& batch) {
      for (std::uint32_t i = 0; i < batch.size(); ++i) counts->Add(batch[i]);
      arrived_ += batch.size();
      return Status::Ok();
    };
    hooks.close = [this, counts](TestChain&) {
      const std::lock_guard lock(mutex_);
      content_.merge(counts->Content());
      return Status::Ok();
    };
    internal::KeyedTable& table = counts->table();
    hooks.checkpoint.tables = {{.operator_index = kCountOperator,
                                .name = "counts",
                                .table = &table,
                                .schema = table.schema(),
                                .in_store = table.in_store()}};
    return hooks;
  }

  const std::shared_ptr<TestJob> job_;
  NumberSource source_;
  const std::uint32_t parallelism_;
  std::atomic<Number> arrived_{0};
  std::mutex mutex_;
  std::map<Number, Number> content_;
};

TestCluster::Place Spread(std::uint32_t vertex, std::uint32_t subtask) {
  return {.slot = (vertex + subtask) % 4};
}

TaskEngineOptions Options(bool in_stores) {
  TaskEngineOptions options = TestCluster::DefaultOptions();
  options.inline_state_bytes = 0;
  options.keyed_state_in_stores = in_stores;
  // Far fewer than there are: entries come and go.
  options.store_backend.rocksdb.cache = {.entries = 64, .overdraft_entries = 100'000};
  return options;
}

struct Move {
  const char* name;
  bool from_stores;
  bool to_stores;
  std::uint32_t before;
  std::uint32_t after;
};

class StoredStateTest : public testing::TestWithParam<Move> {
 protected:
  static constexpr Number kFirst = 20'000;
  static constexpr Number kSecond = 30'000;
  static constexpr Number kAll = 50'000;

  std::vector<std::string> SharedFiles() {
    return LocalFileSystem().List(first_->directory() + "/shared").value();
  }
  CheckpointAcknowledgement Checkpoint(std::uint64_t id, std::uint32_t parallelism) {
    first_->Trigger(id, {{0, 0, 0}});
    EXPECT_TRUE(first_->cluster.events.WaitForAnswers(id, 1 + parallelism));
    acknowledged_ = first_->cluster.events.Acknowledged();
    return acknowledged_[{id, {1, 0, 0}}];
  }
  // Takes checkpoints 3 and 4 of the first numbers.
  void Start(CountingJob& job, bool in_stores, std::uint32_t parallelism) {
    first_.emplace(job.job(), 1, Options(in_stores));
    ASSERT_TRUE(LocalFileSystem().CreateDirectories(first_->directory() + "/shared").ok());
    first_->cluster.Run(Spread);
    ASSERT_TRUE(job.WaitForArrived(kFirst));
    Checkpoint(3, parallelism);
    first_->Complete(3);
    job.GoOnTo(kSecond);
    first_->cluster.engine().OnCoordinatorEvent({.task = {0, 0, 0}});  // wakes it
    ASSERT_TRUE(job.WaitForArrived(kSecond));
    Checkpoint(4, parallelism);
  }
  void Stop(std::uint32_t parallelism) {
    first_->cluster.engine().CancelAll();
    ASSERT_TRUE(first_->cluster.events.WaitForEnds(1 + parallelism));
    first_->cluster.DestroyEngines();
  }
  std::map<TaskAttempt, TaskRestore> RestoreAt(const TestJob& job, std::uint32_t old) const {
    std::map<TaskAttempt, TaskRestore> restores;
    for (std::uint32_t vertex = 0; vertex < 2; ++vertex) {
      TaskRestore restore{.checkpoint_id = 4, .directory = first_->directory(), .sources = {}};
      const std::uint32_t parallelism = vertex == 0 ? 1 : old;
      for (std::uint32_t i = 0; i < parallelism; ++i) {
        const SubtaskState& state = acknowledged_.at({4, {vertex, i, 0}}).state;
        RestoreSource source{.subtask = i,
                             .parallelism = parallelism,
                             .max_parallelism = kMaxParallelism,
                             .handles = state.handles,
                             .stores = state.stores};
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

  std::optional<CheckpointCluster> first_;
  std::map<RecordedEvents::OfCheckpoint, CheckpointAcknowledgement> acknowledged_;
};

TEST_P(StoredStateTest, EveryNumberCountsOnceBehindARestore) {
  const Move& move = GetParam();
  CountingJob job(kFirst, move.before);
  Start(job, move.from_stores, move.before);
  Stop(move.before);
  EXPECT_EQ(SharedFiles().empty(), !move.from_stores);

  CountingJob again(kAll, move.after);
  TestCluster second(again.job(), 1, Options(move.to_stores));
  second.restores = RestoreAt(*again.job(), move.before);
  again.End();
  second.Run(Spread);
  second.ExpectFinished();
  std::map<Number, Number> expected;
  for (Number place = 0; place < kAll; ++place) ++expected[place % kDistinct];
  EXPECT_EQ(again.content(), expected);
}

INSTANTIATE_TEST_SUITE_P(Backends, StoredStateTest,
                         testing::Values(Move{"Same", true, true, 2, 2},
                                         Move{"Up", true, true, 2, 3},
                                         Move{"Down", true, true, 3, 1},
                                         Move{"IntoStores", false, true, 2, 3},
                                         Move{"IntoMemory", true, false, 2, 3}),
                         [](const auto& row) { return std::string(row.param.name); });

class StoreCheckpointsTest : public StoredStateTest {};

TEST_F(StoreCheckpointsTest, AMissingFileFailsTheRestoreAndIsNamed) {
  CountingJob job(kFirst, 1);
  Start(job, true, 1);
  Stop(1);
  const std::string name = SharedFiles().front();
  ASSERT_TRUE(LocalFileSystem().RemoveRecursively(first_->directory() + "/shared/" + name).ok());
  CountingJob again(kAll, 1);
  TestCluster second(again.job(), 1, Options(true));
  second.restores = RestoreAt(*again.job(), 1);
  second.Run(Spread);
  const TaskAttempt task{1, 0, 0};
  ASSERT_TRUE(second.events.WaitFor(task, TaskState::kFailed));
  const TaskFailure failure = second.events.Last(task).failure.value();
  EXPECT_TRUE(failure.restore_failed);
  EXPECT_THAT(failure.cause.message(), HasSubstr("shared/"));
  EXPECT_THAT(failure.cause.message(), HasSubstr("checkpoint 4"));
}

TEST_F(StoreCheckpointsTest, WhatIsThereIsNotWrittenAgainUnlessAsked) {
  CountingJob job(kFirst, 1);
  Start(job, true, 1);
  first_->Complete(4);
  // Nothing has changed since.
  const CheckpointMetrics metrics = Checkpoint(5, 1).metrics;
  EXPECT_GT(metrics.state_bytes, 0U);
  EXPECT_EQ(metrics.written_bytes, 0U);
  Stop(1);
}

// A table that says when it is thawed, above a store with something in it.
class SpyTable final : public internal::KeyedTable {
 public:
  SpyTable(ChainContext& context, Log& log) : KeyedTable("bytes"), log_(log) {
    internal::KeyedStore& store = **context.keyed_stores(kCountOperator)->OpenTable("spy", "bytes");
    const internal::StoreChange change{internal::StoreChange::Kind::kPut, {0, "key"}, "value"};
    EXPECT_TRUE(store.Write({&change, 1}).ok());
  }
  std::uint64_t size() const override { return 1; }
  void PrefetchBlock(const std::uint64_t*, std::uint32_t) const override {}
  void Freeze() override { log_.Add("freeze"); }
  Result<bool> SaveNext(internal::StateWriter&) override { return false; }
  void Thaw() override { log_.Add("thaw"); }
  bool in_store() const override { return true; }
  Status Restore(std::uint32_t, std::span<const std::byte>) override { return Status::Ok(); }

 private:
  Log& log_;
};

const RecordedEvents::OfCheckpoint kFirstOfSink{1, kSink};

class StoreUploadTest : public TaskCheckpointTest {
 protected:
  void RunWithSpy() {
    Run(
        [this](ChainContext& context) {
          auto table = std::make_shared<SpyTable>(context, log_);
          ChainHooks hooks;
          hooks.close = [table](TestChain&) { return Status::Ok(); };
          hooks.checkpoint.end = [this](std::uint64_t, bool complete) {
            log_.Add(complete ? "complete" : "aborted");
            return Status::Ok();
          };
          hooks.checkpoint.tables = {{.operator_index = kCountOperator,
                                      .name = "spy",
                                      .table = table.get(),
                                      .schema = table->schema(),
                                      .in_store = true}};
          return hooks;
        },
        Options(true));
    ASSERT_TRUE(LocalFileSystem().CreateDirectories(Shared()).ok());
  }
  std::string Shared() const { return checkpoints_->directory() + "/shared"; }
  // Whoever writes to "shared" waits at the barricade.
  void HoldUploads(Barricade& barricade) {
    checkpoints_->files.SetHook([&barricade](const FileOperation& operation) {
      if (operation.action == FileAction::kAppend &&
          operation.path.find("/shared/") != std::string::npos) {
        barricade.Pass();
      }
      return Status::Ok();
    });
  }
};

TEST_F(StoreUploadTest, TablesAreThawedBeforeFilesAreCopied) {
  RunWithSpy();
  Barricade barricade;
  HoldUploads(barricade);
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(barricade.WaitUntilReached());
  EXPECT_TRUE(log_.WaitFor("thaw"));
  EXPECT_EQ(events().Acknowledged().count(kFirstOfSink), 0U);
  barricade.Open();
  EXPECT_TRUE(events().WaitForAnswers(1, 2));
  EXPECT_THAT(events().Acknowledged()[kFirstOfSink].state.stores, Not(IsEmpty()));
  EXPECT_THAT(LocalFileSystem().List(Shared()).value(), Not(IsEmpty()));
  checkpoints_->files.SetHook(nullptr);
  Finish();
}

TEST_F(StoreUploadTest, AnAbortedUploadLeavesNothing) {
  RunWithSpy();
  Barricade barricade;
  HoldUploads(barricade);
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(barricade.WaitUntilReached());
  ASSERT_TRUE(log_.WaitFor("thaw"));
  checkpoints_->Abort(1);
  ASSERT_TRUE(log_.WaitFor("aborted"));
  EXPECT_THAT(LocalFileSystem().List(Shared()).value(), Not(IsEmpty())) << "is being written";
  barricade.Open();
  EXPECT_TRUE(Eventually([&] { return LocalFileSystem().List(Shared()).value().empty(); }));
  EXPECT_EQ(events().Acknowledged().count(kFirstOfSink), 0U);
  checkpoints_->files.SetHook(nullptr);
  Finish();
}

TEST_F(StoreUploadTest, AFailedUploadIsDeclinedAndLeavesNothing) {
  RunWithSpy();
  checkpoints_->files.SetHook([](const FileOperation& operation) {
    const bool fails = operation.action == FileAction::kSync &&
                       operation.path.find("/shared/") != std::string::npos;
    return fails ? Status::IoError("injected at " + operation.path) : Status::Ok();
  });
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(events().WaitForAnswers(1, 2));
  ASSERT_EQ(events().Declined().count(kFirstOfSink), 1U);
  EXPECT_THAT(events().Declined()[kFirstOfSink].message(), HasSubstr("/shared/1-"));
  EXPECT_THAT(LocalFileSystem().List(Shared()).value(), IsEmpty());
  checkpoints_->files.SetHook(nullptr);
  Finish();
}

}  // namespace
}  // namespace weir::task
