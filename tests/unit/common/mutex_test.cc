#include "common/mutex.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "common/clock.h"

namespace weir {
namespace {

TEST(MutexTest, LetsOneThreadInAtATime) {
  Mutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j) {
        MutexLock lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 40'000);
}

TEST(MutexTest, TryLockFailsWhileHeld) {
  Mutex mutex;
  mutex.Lock();
  std::thread([&] { EXPECT_FALSE(mutex.TryLock()); }).join();
  mutex.Unlock();
  std::thread([&] {
    const bool locked = mutex.TryLock();
    EXPECT_TRUE(locked);
    if (locked) mutex.Unlock();
  }).join();
}

TEST(CondVarTest, WakesAndTimesOut) {
  Mutex mutex;
  CondVar changed;
  bool ready = false;
  std::thread thread([&] {
    MutexLock lock(mutex);
    ready = true;
    changed.SignalAll();
  });
  {
    MutexLock lock(mutex);
    while (!ready) changed.Wait(mutex);
    EXPECT_TRUE(ready);
  }
  thread.join();

  MutexLock lock(mutex);
  const std::int64_t start_ns = SystemClock().MonotonicNanos();
  while (changed.WaitUntil(mutex, start_ns + 5'000'000)) {
  }
  EXPECT_GE(SystemClock().MonotonicNanos(), start_ns + 5'000'000);
  EXPECT_FALSE(changed.WaitUntil(mutex, 0)) << "a deadline in the past does not wait";
  while (changed.WaitFor(mutex, 1)) {
  }
}

}  // namespace
}  // namespace weir
