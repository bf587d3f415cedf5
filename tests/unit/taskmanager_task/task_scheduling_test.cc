// When tasks are stepped, flushed and woken, and what is said about it.
#include <memory>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/manual_clock.h"
#include "taskmanager/task/task_outputs.h"
#include "taskmanager/task/time_accounting.h"
#include "tests/unit/taskmanager_task/test_cluster.h"

namespace weir::task {
namespace {

using internal::ChainContext;
using internal::PollStatus;
using testing::ElementsAre;

TEST(TimeAccountingTest, TheThreeAddUpToTheTimeSinceTheBeginning) {
  TimeAccounting time;
  constexpr std::int64_t kMilli = 1'000'000;
  time.Switch(50 * kMilli, TimeUse::kBusy);  // not begun: counts nothing
  time.Begin(100 * kMilli);
  time.Switch(110 * kMilli, TimeUse::kBusy);
  time.Account(115 * kMilli, TimeUse::kBusy, TimeUse::kBackPressured);
  time.Switch(145 * kMilli, TimeUse::kBusy);
  const auto now = time.Read(147 * kMilli);
  EXPECT_EQ(now.idle_ms, 10);
  EXPECT_EQ(now.busy_ms, 7) << "a step under way counts";
  EXPECT_EQ(now.back_pressured_ms, 30);
  time.End(150 * kMilli);
  const auto ended = time.Read(1000 * kMilli);
  EXPECT_EQ(ended.busy_ms + ended.idle_ms + ended.back_pressured_ms, 50);
}

// Says how often it was read.
class CountedClock final : public Clock {
 public:
  std::int64_t MonotonicNanos() const override {
    ++readings;
    return now_ns;
  }
  std::int64_t WallMillis() const override { return 0; }
  mutable std::atomic<std::int64_t> readings{0};
  std::atomic<std::int64_t> now_ns{1'000'000'000};
};

// Steps of a source that polls `polls` times, by readings of the clock: one for each step.
std::int64_t StepsOfASource(std::int64_t polls, std::int64_t poll_ns, bool emits) {
  CountedClock clock;
  Sum sum;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [&](ChainContext&) {
    return ChainHooks{.poll = [&, polled = std::make_shared<std::int64_t>(0)](
                                  TestChain& chain) -> Result<PollStatus> {
      clock.now_ns += poll_ns;
      for (int i = 0; emits && i < 1024; ++i) chain.Emit(0, i);
      return ++*polled == polls ? PollStatus::kEndOfInput : PollStatus::kProgress;
    }};
  });
  const auto sink = job->AddVertex("Sink", 1, SummingSink(sum));
  job->AddEdge(source, sink);
  TestCluster cluster(job, 1, TestCluster::DefaultOptions(), clock);
  cluster.RunInOneSlot();
  cluster.ExpectFinished();
  return clock.readings;
}

TEST(TaskSchedulingTest, ASourceTakesSeveralBlocksInATurnWhileTheyAreShort) {
  constexpr std::int64_t kPolls = 4000;
  // Two tasks take turns.
  EXPECT_LT(StepsOfASource(kPolls, 100, false), kPolls / 2);
  EXPECT_GT(StepsOfASource(kPolls, 50'000, false), kPolls) << "long ones are turns of their own";
  EXPECT_GT(StepsOfASource(kPolls, 100, true), kPolls) << "a batch is consumed while it is cached";
}

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

// Nothing arrives and nobody notifies: the timer alone has the task stepped, on its own clock.
TEST(TaskSchedulingTest, ATimerWakesATaskThatWaitsForInput) {
  ManualClock clock(1'000'000'000, 5'000);
  std::atomic<int> polls{0};
  std::vector<std::int64_t> fired;
  std::atomic<bool> done{false};
  auto job = std::make_shared<TestJob>();
  job->AddSource("Source", 1, [&](ChainContext&) {
    return ChainHooks{.open =
                          [](TestChain& chain) {
                            chain.context.SetTimer(internal::kNoTimer - 1);  // far, and replaced
                            chain.context.SetTimer(5'003);
                            return Status::Ok();
                          },
                      .poll = [&](TestChain&) -> Result<PollStatus> {
                        ++polls;
                        return done ? PollStatus::kEndOfInput : PollStatus::kIdle;
                      },
                      .processing_time =
                          [&](TestChain& chain, std::int64_t now_ms) {
                            fired.push_back(now_ms);
                            if (fired.size() == 1) chain.context.SetTimer(4'000);  // has passed
                            if (fired.size() == 2) done = true;
                            return Status::Ok();
                          }};
  });
  TestCluster cluster(job, 1, TestCluster::DefaultOptions(), clock);
  cluster.RunInOneSlot();
  ASSERT_TRUE(Eventually([&] { return polls > 0; }));
  clock.AdvanceMillis(2);
  const int polled = polls;
  ASSERT_TRUE(Eventually([&] { return polls > polled; })) << "looks at the clock again";
  EXPECT_TRUE(fired.empty()) << "a millisecond early";
  clock.AdvanceMillis(1);
  cluster.ExpectFinished();
  EXPECT_THAT(fired, ElementsAre(5'003, 5'003));
}

// What idleness is measured on: waiting for input counts, being held up does not.
TEST(TaskSchedulingTest, UnhinderedTimeStandsStillWhileATaskIsBlocked) {
  ManualClock clock(1'000'000'000, 0);
  std::atomic<int> polls{0};
  std::atomic<int> drains{0};
  std::atomic<bool> drained{true};
  std::atomic<int> timers{0};
  std::atomic<std::int64_t> unhindered_ns{0};
  std::shared_ptr<internal::Availability> availability;
  std::shared_ptr<internal::Availability> clock_availability;
  std::atomic<std::int64_t> advance_ms{0};
  auto job = std::make_shared<TestJob>();
  std::atomic<bool> clock_runs{false};
  // Moves the clock as a task of the same slot: never while the other one is in a step, whose time
  // would count as busy.
  job->AddSource("Clock", 1, [&](ChainContext& context) {
    clock_availability = context.availability();
    return ChainHooks{.poll = [&](TestChain&) -> Result<PollStatus> {
      clock_runs = true;
      clock.AdvanceMillis(advance_ms.exchange(0));
      return timers > 0 ? PollStatus::kEndOfInput : PollStatus::kIdle;
    }};
  });
  job->AddSource("Source", 1, [&](ChainContext& context) {
    availability = context.availability();
    return ChainHooks{.poll = [&](TestChain& chain) -> Result<PollStatus> {
                        unhindered_ns = chain.context.unhindered_time_ns();
                        ++polls;
                        return timers > 0 ? PollStatus::kEndOfInput : PollStatus::kIdle;
                      },
                      .processing_time =
                          [&](TestChain&, std::int64_t) {
                            ++timers;
                            return Status::Ok();
                          },
                      .drain = [&](TestChain& chain) -> Result<bool> {
                        ++drains;
                        if (!drained) chain.context.SetTimer(0);
                        return drained.load();
                      }};
  });
  TestCluster cluster(job, 1, TestCluster::DefaultOptions(), clock);
  cluster.RunInOneSlot();
  const auto step = [&](const std::atomic<int>& count) {
    const int before = count;
    availability->NotifyAvailable();
    return Eventually(
        [&] { return count > before + 1 || (availability->NotifyAvailable(), false); });
  };
  const auto advance = [&](std::int64_t millis) {
    advance_ms = millis;
    return Eventually(
        [&] { return advance_ms == 0 || (clock_availability->NotifyAvailable(), false); });
  };
  ASSERT_TRUE(Eventually([&] { return polls > 0 && clock_runs; }));
  const std::int64_t began_ns = unhindered_ns;
  ASSERT_TRUE(advance(70));
  ASSERT_TRUE(step(polls));
  EXPECT_EQ(unhindered_ns - began_ns, 70'000'000) << "it waited for input";
  drained = false;
  ASSERT_TRUE(step(drains));
  ASSERT_TRUE(advance(500));
  ASSERT_TRUE(step(drains));
  EXPECT_EQ(timers, 0) << "a blocked task's timers wait";
  drained = true;
  availability->NotifyAvailable();
  ASSERT_TRUE(Eventually([&] { return timers > 0; }));
  clock_availability->NotifyAvailable();
  cluster.ExpectFinished();
  EXPECT_EQ(timers, 1);
  EXPECT_EQ(unhindered_ns - began_ns, 70'000'000);
}

// Async I/O at its capacity: no input, but what ends the wait gets its steps.
TEST(TaskSchedulingTest, AChainThatHoldsInputGetsTimersAndNotifications) {
  ManualClock clock(1'000'000'000, 1'000);
  std::atomic<int> batches{0};
  std::atomic<int> drains{0};
  std::atomic<int> timers{0};
  std::atomic<bool> held{false};
  std::shared_ptr<internal::Availability> availability;
  auto job = std::make_shared<TestJob>();
  const std::uint32_t source = job->AddSource("Source", 1, [&](ChainContext&) {
    return ChainHooks{.poll = [emitted = 0](TestChain& chain) mutable -> Result<PollStatus> {
      if (emitted == 3) return PollStatus::kEndOfInput;
      chain.Emit(0, ++emitted);
      chain.Flush();
      return PollStatus::kProgress;
    }};
  });
  const std::uint32_t holder = job->AddVertex("Holder", 1, [&](ChainContext& context) {
    availability = context.availability();
    return ChainHooks{.batch =
                          [&](TestChain& chain, std::uint32_t, Numbers&) {
                            if (++batches > 1) return Status::Ok();
                            held = true;
                            chain.context.SetTimer(1'005);
                            return Status::Ok();
                          },
                      .processing_time =
                          [&](TestChain&, std::int64_t) {
                            ++timers;
                            return Status::Ok();
                          },
                      .drain = [&](TestChain&) -> Result<bool> {
                        ++drains;
                        return true;
                      },
                      .holds_input = [&] { return held.load(); }};
  });
  job->AddEdge(source, holder);
  TestCluster cluster(job, 1, TestCluster::DefaultOptions(), clock);
  cluster.RunInOneSlot();
  const auto steps = [&] {
    const int before = drains;
    return Eventually(
        [&] { return drains > before + 20 || (availability->NotifyAvailable(), false); });
  };
  ASSERT_TRUE(Eventually([&] { return batches == 1; }));
  ASSERT_TRUE(steps());
  EXPECT_EQ(timers, 0);
  clock.AdvanceMillis(5);
  ASSERT_TRUE(Eventually([&] { return timers == 1; }));
  ASSERT_TRUE(steps());
  EXPECT_EQ(batches, 1);
  held = false;
  availability->NotifyAvailable();
  cluster.ExpectFinished();
  EXPECT_EQ(batches, 3);
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
  for (int round = 0; round < (kSanitized ? 30 : 60); ++round) {
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
    for (int spin = 0; spin < round * 50; ++spin) std::this_thread::yield();
    cluster.engine(0).CancelAll();
    cluster.engine(1).CancelAll();
    ASSERT_TRUE(cluster.events.WaitForEnds(6)) << "round " << round;
    EXPECT_EQ(opens, closes) << "round " << round;
  }
}

}  // namespace
}  // namespace weir::task
