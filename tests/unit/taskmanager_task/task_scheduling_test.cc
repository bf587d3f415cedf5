// When tasks are stepped, flushed and woken, and what is said about it.
#include <chrono>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/manual_clock.h"
#include "taskmanager/task/task_outputs.h"
#include "tests/unit/taskmanager_task/test_cluster.h"

namespace weir::task {
namespace {

using internal::ChainContext;
using internal::PollStatus;
using testing::ElementsAre;

// Low load means low latency: a record that is emitted alone arrives although its batch is not
// full.
TEST(TaskSchedulingTest, AnIdleTaskShipsItsPartlyFilledBatches) {
  Sum sum;
  std::atomic<Number> ready{0};
  std::shared_ptr<internal::Availability> availability;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [&](ChainContext& context) {
    availability = context.availability();
    return ChainHooks{
        .poll = [&, emitted = std::make_shared<Number>(0)](TestChain& chain) -> Result<PollStatus> {
          if (*emitted == ready) return PollStatus::kIdle;
          chain.Emit(0, ++*emitted);
          return PollStatus::kProgress;
        }};
  });
  const auto sink = job->AddVertex("Sink", 1, SummingSink(sum));
  job->AddEdge(source, sink);
  TaskEngineOptions options = TestCluster::DefaultOptions();
  options.buffer_timeout_ms = 1'000'000;
  TestCluster cluster(job, 1, options);
  cluster.Run(
      [](std::uint32_t vertex, std::uint32_t) { return TestCluster::Place{.slot = vertex}; });
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 0}, TaskState::kRunning));
  for (Number n = 1; n <= 20; ++n) {
    ready = n;
    availability->NotifyAvailable();
    ASSERT_TRUE(Eventually([&] { return sum.count == n; }));
  }
}

// Trap 2 of the hot path: flushing while blocked would fill the overdraft with tiny batches.
TEST(TaskSchedulingTest, ABlockedTaskFlushesOnlyAfterTheTimeout) {
  std::atomic<int> flushes{0};
  std::atomic<int> drains{0};
  std::shared_ptr<internal::Availability> availability;
  ManualClock clock(1'000'000'000, 0);
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [&](ChainContext& context) {
    availability = context.availability();
    return ChainHooks{.poll = [](TestChain& chain) -> Result<PollStatus> {
                        chain.Emit(0, 1);
                        return PollStatus::kProgress;
                      },
                      .drain = [&](TestChain&) -> Result<bool> { return ++drains <= 2; },
                      .flush = [&](TestChain&) { ++flushes; }};
  });
  const auto sink = job->AddVertex("Sink", 1, [](ChainContext&) { return ChainHooks{}; });
  job->AddEdge(source, sink);
  TaskEngineOptions options = TestCluster::DefaultOptions();
  options.buffer_timeout_ms = 50;
  TestCluster cluster(job, 1, options, clock);
  cluster.Run(
      [](std::uint32_t vertex, std::uint32_t) { return TestCluster::Place{.slot = vertex}; });
  for (int i = 4; i < 30; ++i) {
    ASSERT_TRUE(Eventually([&] { return drains >= i; }));
    availability->NotifyAvailable();
  }
  EXPECT_EQ(flushes, 0) << "blocked, and no time has passed";
  clock.AdvanceMillis(49);
  const int drained = drains;
  availability->NotifyAvailable();
  ASSERT_TRUE(Eventually([&] { return drains > drained + 1; }));
  EXPECT_EQ(flushes, 0);
  clock.AdvanceMillis(2);
  EXPECT_TRUE(Eventually([&] { return flushes > 0; })) << "without anybody waking it";
}

TEST(TaskSchedulingTest, ABusyTaskFlushesAfterTheTimeoutToo) {
  Sum sum;
  auto job = std::make_shared<TestJob>();
  // Never idle, but its one record goes to a channel that stays nearly empty.
  const auto source = job->AddSource("Source", 1, [&](ChainContext&) {
    return ChainHooks{.poll = [&, first = true](TestChain& chain) mutable -> Result<PollStatus> {
      if (first) chain.Emit(0, 1);
      first = false;
      return sum.count == 1 ? PollStatus::kEndOfInput : PollStatus::kProgress;
    }};
  });
  const auto sink = job->AddVertex("Sink", 1, SummingSink(sum));
  job->AddEdge(source, sink);
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  cluster.ExpectFinished();
}

TEST(TaskSchedulingTest, ABlockingVertexHoldsNobodyUp) {
  std::atomic<bool> released{false};
  std::atomic<bool> blocked{false};
  Sum sum;
  auto job = std::make_shared<TestJob>();
  const auto blocking = job->AddSource("Blocking", 1, [&](ChainContext&) {
    return ChainHooks{.poll = [&](TestChain&) -> Result<PollStatus> {
      blocked = true;
      EXPECT_TRUE(Eventually([&] { return released.load(); }));
      return PollStatus::kEndOfInput;
    }};
  });
  job->SetBlocking(blocking);
  const auto source = job->AddSource("Source", 1, [&](ChainContext& context) {
    ChainHooks hooks = CountingSource(10'000)(context);
    hooks.open = [&](TestChain&) {
      EXPECT_TRUE(Eventually([&] { return blocked.load(); }));
      return Status::Ok();
    };
    return hooks;
  });
  const auto sink = job->AddVertex("Sink", 1, SummingSink(sum));
  job->AddEdge(source, sink);
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  ASSERT_TRUE(cluster.events.WaitFor({sink, 0, 0}, TaskState::kFinished));
  EXPECT_EQ(sum.count, 10'000);
  released = true;
  cluster.ExpectFinished();
}

TEST(TaskSchedulingTest, ThePageNamesTheOperatorThatRuns) {
  std::atomic<bool> inside{false};
  std::atomic<bool> seen{false};
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, CountingSource(1));
  const auto map = job->AddVertex("Map", 2, [&](ChainContext&) {
    return ChainHooks{.batch = [&](TestChain& chain, std::uint32_t, Numbers&) {
      chain.context.EnterOperator(1);
      inside = true;
      EXPECT_TRUE(Eventually([&] { return seen.load(); }));
      return Status::Ok();
    }};
  });
  job->AddEdge(source, map);
  TestCluster cluster(job);
  cluster.Run(
      [](std::uint32_t vertex, std::uint32_t) { return TestCluster::Place{.slot = 2 * vertex}; });
  ASSERT_TRUE(Eventually([&] { return inside.load(); }));
  bool named = false;
  ASSERT_TRUE(Eventually([&] {
    const auto running = ReadSlotPage(cluster.page(), TestCluster::kPageSize);
    EXPECT_TRUE(running.ok());
    for (const RunningStep& step : *running) {
      named |= step.slot == 2 && step.operator_index == 1 &&
               step.task == TaskAttempt{.vertex = map, .subtask = 0} && step.since_ms > 0 &&
               step.phase == RunningPhase::kStep;
    }
    return named;
  }));
  seen = true;
  cluster.ExpectFinished();
  EXPECT_TRUE(Eventually([&] {
    return ReadSlotPage(cluster.page(), TestCluster::kPageSize)->empty();
  })) << "nothing runs any more";
}

TEST(TaskSchedulingTest, CoordinatorEventsArriveInOrderAndAreAnswered) {
  std::vector<std::string> heard;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 2, [&](ChainContext& context) {
    if (context.runtime().subtask_index() == 0) return ChainHooks{};
    return ChainHooks{.poll = [&](TestChain&) -> Result<PollStatus> {
                        return heard.size() == 3 ? PollStatus::kEndOfInput : PollStatus::kIdle;
                      },
                      .event =
                          [&](TestChain& chain, std::uint32_t index, std::string_view payload) {
                            heard.emplace_back(payload);
                            chain.context.SendToCoordinator(index, "heard " + heard.back());
                            return Status::Ok();
                          }};
  });
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  for (const char* payload : {"a", "b", "c"}) {
    EXPECT_TRUE(cluster.engine().OnCoordinatorEvent(
        {.task = {source, 1, 0}, .operator_index = 1, .payload = payload}));
  }
  EXPECT_FALSE(cluster.engine().OnCoordinatorEvent({.task = {source, 1, 7}})) << "fenced";
  cluster.ExpectFinished();
  EXPECT_THAT(heard, ElementsAre("a", "b", "c"));
  const auto answers = cluster.events.CoordinatorEvents();
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[2].payload, "heard c");
  EXPECT_EQ(answers[2].operator_index, 1U);
  EXPECT_EQ(answers[2].task, (TaskAttempt{source, 1, 0}));
}

// A coordinator drops what comes from an attempt that it was not told of.
TEST(TaskSchedulingTest, CoordinatorHearsOfARunningTaskBeforeWhatItSentWhileItOpened) {
  auto job = std::make_shared<TestJob>();
  job->AddSource("Source", 1, [&](ChainContext&) {
    return ChainHooks{.open = [](TestChain& chain) {
      chain.context.SendToCoordinator(0, "first");
      chain.context.SendToCoordinator(0, "second");
      return Status::Ok();
    }};
  });
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  cluster.ExpectFinished();
  const auto sent = cluster.events.CoordinatorEvents();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].payload, "first");
  EXPECT_EQ(sent[1].payload, "second");
  EXPECT_THAT(cluster.events.StatesAtCoordinatorEvents(),
              ElementsAre(TaskState::kRunning, TaskState::kRunning));
}

TEST(TaskSchedulingTest, StatisticsShowMetricsAccumulatorsAndTime) {
  std::atomic<bool> done{false};
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [&](ChainContext&) {
    return ChainHooks{.open =
                          [](TestChain& chain) {
                            RuntimeContext& runtime = chain.context.runtime();
                            runtime.metrics().counter("seen").Increment(3);
                            runtime.metrics().gauge("lag").Set(1.5);
                            runtime.accumulator("sum", Accumulator::Kind::kSum).Add(2);
                            runtime.accumulator("sum", Accumulator::Kind::kSum).Add(2);
                            runtime.accumulator("untouched", Accumulator::Kind::kMinimum);
                            EXPECT_EQ(runtime.task().task_name, "Source");
                            EXPECT_EQ(runtime.task().job_name, "test");
                            return Status::Ok();
                          },
                      .poll = [&](TestChain&) -> Result<PollStatus> {
                        return done ? PollStatus::kEndOfInput : PollStatus::kProgress;
                      }};
  });
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  ASSERT_TRUE(Eventually([&] {
    const auto now = cluster.engine().Statistics();
    return now.size() == 1 && now[0].busy_ms >= 5;
  }));
  done = true;
  cluster.ExpectFinished();
  const TaskStatistics last = *cluster.events.Last({source, 0, 0}).final_statistics;
  EXPECT_EQ(last.counters.at("seen"), 3U);
  EXPECT_EQ(last.gauges.at("lag"), 1.5);
  ASSERT_EQ(last.accumulators.size(), 1U);
  EXPECT_EQ(last.accumulators[0].name, "sum");
  EXPECT_EQ(last.accumulators[0].value, 4);
  EXPECT_GE(last.busy_ms, 5);
}

TEST(TaskSchedulingTest, ALargeFanOutShrinksTheBatches) {
  EXPECT_EQ(BatchCapacity(1, 32 * 1024), 1024U);
  EXPECT_EQ(BatchCapacity(32, 32 * 1024), 1024U);
  EXPECT_EQ(BatchCapacity(256, 32 * 1024), 128U);
  EXPECT_EQ(BatchCapacity(100'000, 32 * 1024), 16U);
}

TEST(LocalCreditsTest, ShrinkWithTheFanOut) {
  EXPECT_EQ(LocalCredits(1, 8), 8U);
  EXPECT_EQ(LocalCredits(4, 8), 8U);
  EXPECT_EQ(LocalCredits(8, 8), 4U);
  EXPECT_EQ(LocalCredits(256, 8), 2U);
  EXPECT_EQ(LocalCredits(256, 1), 1U);
}

// The most that 256 to 256 subtasks of one process keep in batches of 128-byte records: partly
// filled, under way, being read, and waiting to be filled again.
TEST(LocalCreditsTest, TheChannelsOfAnAllToAllEdgeFitIntoMemory) {
  struct Record {
    std::byte bytes[128];
  };
  constexpr std::uint64_t kChannels = 256 * 256;
  const TaskEngineOptions options;
  const std::uint64_t records =
      internal::BatchCapacity<Record>(BatchCapacity(256, options.output_budget_records));
  const std::uint64_t batches = 2 + LocalCredits(256, options.credits_per_channel);
  EXPECT_EQ(records, internal::kMinimumBatchCapacity);
  EXPECT_LE(kChannels * batches * records * (sizeof(Record) + 16), std::uint64_t{640} << 20);
}

// Cancels at every moment of short lives, over and over: each attempt ends exactly once.
TEST(TaskSchedulingTest, CancelsAtRandomMomentsAlwaysEnd) {
  for (int round = 0; round < (test::kInstrumented ? 30 : 60); ++round) {
    std::atomic<int> opens{0};
    std::atomic<int> closes{0};
    auto job = std::make_shared<TestJob>();
    const auto counted = [&](ChainHooks hooks) {
      hooks.open = [&](TestChain&) {
        ++opens;
        return Status::Ok();
      };
      hooks.close = [&](TestChain&) {
        ++closes;
        return Status::Ok();
      };
      return hooks;
    };
    const auto source = job->AddSource("Source", 2, [&](ChainContext& context) {
      return counted(CountingSource(20'000)(context));
    });
    const auto map = job->AddVertex("Map", 2, [&](ChainContext&) {
      return counted({.batch = [](TestChain& chain, std::uint32_t, Numbers& batch) {
        for (std::uint32_t i = 0; i < batch.size(); ++i) {
          for (int n = 0; n < 20; ++n) chain.Emit(0, batch[i]);
        }
        return Status::Ok();
      }});
    });
    const auto sink = job->AddVertex("Sink", 2, [&](ChainContext&) { return counted({}); });
    job->AddEdge(source, map);
    job->AddEdge(map, sink);
    TestCluster cluster(job, 2);
    cluster.Run([](std::uint32_t vertex, std::uint32_t subtask) {
      return TestCluster::Place{.worker = subtask, .slot = vertex % 2};
    });
    // Beside other load a yield may take milliseconds.
    const auto moment = std::chrono::steady_clock::now() + std::chrono::microseconds(round * 20);
    while (std::chrono::steady_clock::now() < moment) {
    }
    cluster.engine(0).CancelAll();
    cluster.engine(1).CancelAll();
    ASSERT_TRUE(cluster.events.WaitForEnds(6)) << "round " << round;
    EXPECT_EQ(opens, closes) << "round " << round;
  }
}

}  // namespace
}  // namespace weir::task
