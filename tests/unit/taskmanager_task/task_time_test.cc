// Tasks and time: what the clock is read for, timers, how long a task was held up.
#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/manual_clock.h"
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

// A burst of timers, fired in parts: events of the coordinator come between them, input behind.
TEST(TaskSchedulingTest, ABurstOfTimersHoldsUpInputAndNothingElse) {
  int due = 0;
  std::atomic<int> fired{0};
  int fired_before_event = -1;
  bool began = false;
  int finishes = 0;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [&](ChainContext&) {
    return ChainHooks{.poll = [&](TestChain&) -> Result<PollStatus> {
                        EXPECT_EQ(due, 0) << "polled while timers are due";
                        if (began) return PollStatus::kEndOfInput;
                        began = true;
                        due = 1'000;
                        return PollStatus::kProgress;
                      },
                      .event =
                          [&](TestChain&, std::uint32_t, std::string_view) {
                            fired_before_event = fired;
                            return Status::Ok();
                          },
                      .timers_due = [&] { return due > 0; },
                      .fire_timers =
                          [&](TestChain&) {
                            if (fired == 10 && fired_before_event < 0) return Status::Ok();
                            --due;
                            ++fired;
                            return Status::Ok();
                          },
                      .finish = [&](TestChain&) -> Result<bool> {
                        EXPECT_EQ(due, 0) << "finished while timers are due";
                        if (++finishes == 1) due = 100;  // what the end of the input makes due
                        return due == 0;
                      }};
  });
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  ASSERT_TRUE(Eventually([&] { return fired == 10; }));
  EXPECT_TRUE(cluster.engine().OnCoordinatorEvent({.task = {source, 0, 0}, .payload = "now"}));
  cluster.ExpectFinished();  // nobody notifies the task
  EXPECT_EQ(fired, 1'100);
  EXPECT_EQ(fired_before_event, 10);
  EXPECT_EQ(finishes, 2);
}

// Moves a clock as a task of the slot: never while another one is in a step, whose time would count
// as busy.
class SlotClock {
 public:
  // Adds the task to `job`; it ends when notified while `done`. Both outlive the job.
  SlotClock(TestJob& job, ManualClock& clock, std::function<bool()> done) {
    job.AddSource("Clock", 1, [this, &clock, done](ChainContext& context) {
      availability_ = context.availability();
      return ChainHooks{.poll = [this, &clock, done](TestChain&) -> Result<PollStatus> {
        runs_ = true;
        clock.AdvanceMillis(advance_ms_.exchange(0));
        return done() ? PollStatus::kEndOfInput : PollStatus::kIdle;
      }};
    });
  }

  bool runs() const { return runs_; }
  // Once it runs.
  void Notify() { availability_->NotifyAvailable(); }
  bool AdvanceMillis(std::int64_t millis) {
    advance_ms_ = millis;
    return Eventually([this] { return advance_ms_ == 0 || (Notify(), false); });
  }

 private:
  std::shared_ptr<internal::Availability> availability_;
  std::atomic<std::int64_t> advance_ms_{0};
  std::atomic<bool> runs_{false};
};

// What idleness is measured on: waiting for input counts, being held up does not.
TEST(TaskSchedulingTest, UnhinderedTimeStandsStillWhileATaskIsBlocked) {
  ManualClock clock(1'000'000'000, 0);
  std::atomic<int> polls{0};
  std::atomic<int> drains{0};
  std::atomic<bool> drained{true};
  std::atomic<int> timers{0};
  std::atomic<std::int64_t> unhindered_ns{0};
  std::shared_ptr<internal::Availability> availability;
  auto job = std::make_shared<TestJob>();
  SlotClock slot_clock(*job, clock, [&] { return timers > 0; });
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
  ASSERT_TRUE(Eventually([&] { return polls > 0 && slot_clock.runs(); }));
  const std::int64_t began_ns = unhindered_ns;
  ASSERT_TRUE(slot_clock.AdvanceMillis(70));
  ASSERT_TRUE(step(polls));
  EXPECT_EQ(unhindered_ns - began_ns, 70'000'000) << "it waited for input";
  drained = false;
  ASSERT_TRUE(step(drains));
  ASSERT_TRUE(slot_clock.AdvanceMillis(500));
  ASSERT_TRUE(step(drains));
  EXPECT_EQ(timers, 0) << "a blocked task's timers wait";
  drained = true;
  availability->NotifyAvailable();
  ASSERT_TRUE(Eventually([&] { return timers > 0; }));
  slot_clock.Notify();
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

}  // namespace
}  // namespace weir::task
