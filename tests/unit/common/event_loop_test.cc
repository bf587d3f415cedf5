#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "common/event_queue.h"
#include "common/manual_event_loop.h"
#include "common/mutex.h"
#include "common/thread_event_loop.h"

namespace weir {
namespace {

class ManualEventLoopTest : public testing::Test {
 protected:
  std::function<void()> Note(std::string what) {
    return [this, what] { log_ += what; };
  }

  ManualClock clock_;
  ManualEventLoop loop_{clock_};
  std::string log_;
};

TEST_F(ManualEventLoopTest, RunsPostedFunctionsInOrderAndOnlyWhenTold) {
  loop_.Post(Note("a"));
  loop_.Post([this] {
    log_ += "b";
    loop_.Post(Note("d"));
  });
  loop_.Post(Note("c"));
  EXPECT_EQ(log_, "");
  EXPECT_FALSE(loop_.Idle());
  EXPECT_EQ(loop_.RunUntilIdle(), 4U);
  EXPECT_EQ(log_, "abcd");
  EXPECT_TRUE(loop_.Idle());
}

TEST_F(ManualEventLoopTest, RunsTimersByDueTimeThenByOrderOfScheduling) {
  loop_.Schedule(30, Note("3"));
  loop_.Schedule(10, Note("1"));
  loop_.Schedule(20, Note("2a"));
  loop_.Schedule(20, Note("2b"));
  EXPECT_EQ(loop_.RunUntilIdle(), 0U);
  EXPECT_EQ(loop_.NextDueNanos(), 10'000'000);
  EXPECT_EQ(loop_.AdvanceBy(20), 3U);
  EXPECT_EQ(log_, "12a2b");
  EXPECT_EQ(loop_.AdvanceBy(9), 0U);
  EXPECT_EQ(loop_.AdvanceBy(1), 1U);
  EXPECT_EQ(log_, "12a2b3");
  EXPECT_EQ(loop_.NextDueNanos(), std::nullopt);
}

TEST_F(ManualEventLoopTest, SeesTheDueTimeOnTheClockInsideATimer) {
  std::vector<std::int64_t> times;
  std::function<void()> tick = [&] {
    times.push_back(clock_.MonotonicMillis());
    if (times.size() < 4) loop_.Schedule(100, tick);
  };
  loop_.Schedule(100, tick);
  loop_.AdvanceBy(1000);
  EXPECT_EQ(times, (std::vector<std::int64_t>{100, 200, 300, 400}));
  EXPECT_EQ(clock_.MonotonicMillis(), 1000);
}

TEST_F(ManualEventLoopTest, CancelTakesBackWaitingTimersOnly) {
  const TimerId first = loop_.Schedule(10, Note("1"));
  const TimerId second = loop_.Schedule(10, Note("2"));
  EXPECT_NE(first, second);
  EXPECT_TRUE(loop_.Cancel(first));
  EXPECT_FALSE(loop_.Cancel(first));
  loop_.AdvanceBy(10);
  EXPECT_EQ(log_, "2");
  EXPECT_FALSE(loop_.Cancel(second));
  EXPECT_FALSE(loop_.Cancel(kNoTimer));
}

TEST_F(ManualEventLoopTest, DueTimersAndPostedFunctionsTakeTurns) {
  for (int i = 0; i < 3; ++i) {
    loop_.Schedule(0, Note("t"));
    loop_.Post(Note("p"));
  }
  loop_.RunUntilIdle();
  EXPECT_EQ(log_, "tptptp");
}

TEST_F(ManualEventLoopTest, NegativeAndHugeDelaysAreBounded) {
  loop_.Schedule(-5, Note("now"));
  loop_.Schedule(INT64_MAX, Note("never"));
  loop_.RunUntilIdle();
  EXPECT_EQ(log_, "now");
  EXPECT_GT(loop_.NextDueNanos(), 0);
}

TEST_F(ManualEventLoopTest, KnowsItsThread) {
  EXPECT_TRUE(loop_.InLoopThread());
  std::thread([&] {
    EXPECT_FALSE(loop_.InLoopThread());
    loop_.Post(Note("x"));
  }).join();
  loop_.RunUntilIdle();
  EXPECT_EQ(log_, "x");
}

// Lets a test wait for something that happens on a loop.
class Gate {
 public:
  void Open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.SignalAll();
  }
  bool Await() {
    const std::int64_t deadline_ns = SystemClock().MonotonicNanos() + 30'000'000'000;
    MutexLock lock(mutex_);
    while (!open_) {
      if (!changed_.WaitUntil(mutex_, deadline_ns)) return open_;
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ WEIR_GUARDED_BY(mutex_) = false;
};

TEST(ThreadEventLoopTest, RunsWhatManyThreadsPostInEachOnesOrder) {
  ThreadEventLoop loop("test");
  std::vector<std::vector<int>> seen(4);
  std::vector<std::thread> threads;
  loop.Start();
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i) {
        loop.Post([&, t, i] {
          EXPECT_TRUE(loop.InLoopThread());
          seen[t].push_back(i);
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Gate done;
  loop.Post([&] { done.Open(); });
  ASSERT_TRUE(done.Await());
  loop.Stop();
  for (const std::vector<int>& numbers : seen) {
    ASSERT_EQ(numbers.size(), 1000U);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(numbers[i], i);
  }
  EXPECT_FALSE(loop.InLoopThread());
}

TEST(ThreadEventLoopTest, RunsTimersOnTheRealClockNotBeforeTheirTime) {
  ThreadEventLoop loop("test");
  loop.Start();
  Gate done;
  std::string log;
  std::int64_t ran_ns = 0;
  const std::int64_t start_ns = SystemClock().MonotonicNanos();
  loop.Schedule(20, [&] {
    log += "b";
    ran_ns = SystemClock().MonotonicNanos();
    done.Open();
  });
  loop.Schedule(10, [&] { log += "a"; });
  const TimerId canceled = loop.Schedule(15, [&] { log += "canceled"; });
  EXPECT_TRUE(loop.Cancel(canceled));
  ASSERT_TRUE(done.Await());
  loop.Stop();
  EXPECT_EQ(log, "ab");
  EXPECT_GE(ran_ns - start_ns, 20'000'000);
}

TEST(ThreadEventLoopTest, LooksAtAManualClockAfterAPost) {
  ManualClock clock;
  ThreadEventLoop loop("test", clock);
  loop.Start();
  Gate done;
  loop.Schedule(1'000'000, [&] { done.Open(); });
  clock.AdvanceMillis(1'000'000);
  loop.Post([] {});
  EXPECT_TRUE(done.Await());
}

TEST(ThreadEventLoopTest, StopRunsNothingMoreAndDestroysWhatWaits) {
  auto alive = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = alive;
  ThreadEventLoop loop("test");
  Gate running;
  Gate let_go;
  bool ran = false;
  loop.Start();
  loop.Post([&] {
    running.Open();
    EXPECT_TRUE(let_go.Await());
  });
  ASSERT_TRUE(running.Await());
  loop.Post([&ran, alive] { ran = true; });
  loop.Schedule(0, [&ran, alive] { ran = true; });
  alive.reset();
  std::thread stopper([&] { loop.Stop(); });
  // Nothing can be scheduled once Stop has begun; then the running function may end.
  while (loop.Schedule(1'000'000, [] {}) != kNoTimer) std::this_thread::yield();
  let_go.Open();
  stopper.join();
  EXPECT_FALSE(ran);
  EXPECT_TRUE(watch.expired());
  loop.Post([&] { ran = true; });
  loop.Stop();
  EXPECT_FALSE(ran);
}

TEST(ThreadEventLoopTest, RunsWhatWasPostedBeforeStart) {
  ThreadEventLoop loop("test");
  Gate done;
  loop.Post([&] { done.Open(); });
  loop.Start();
  EXPECT_TRUE(done.Await());
}

TEST(ThreadEventLoopDeathTest, CannotBeStoppedFromItsOwnThread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        ThreadEventLoop loop("self");
        loop.Start();
        Gate never;
        loop.Post([&] { loop.Stop(); });
        never.Await();
      },
      "stopped from its own thread");
}

}  // namespace
}  // namespace weir
