#include "connectors/kafka/src/delivery_account.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

namespace weir::kafka {
namespace {

TEST(DeliveryAccount, RefusesAtTheLimitUntilHalfIsFree) {
  DeliveryAccount account({.records = 4, .bytes = 1000});
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(account.HasRoom());
    account.Accept(10);
  }
  EXPECT_FALSE(account.HasRoom());
  EXPECT_FALSE(account.Settle({1, 10}, Status::Ok()));
  EXPECT_FALSE(account.HasRoom());
  EXPECT_TRUE(account.Settle({1, 10}, Status::Ok()));  // half is free: wake, once
  EXPECT_FALSE(account.Settle({1, 10}, Status::Ok()));
  EXPECT_TRUE(account.HasRoom());
}

TEST(DeliveryAccount, CountsBytesToo) {
  DeliveryAccount account({.records = 100, .bytes = 100});
  account.Accept(250);  // a record may be larger than the limit
  EXPECT_FALSE(account.HasRoom());
  account.Accept(0);
  EXPECT_TRUE(account.Settle({1, 250}, Status::Ok()));
  EXPECT_TRUE(account.HasRoom());
}

TEST(DeliveryAccount, SettledBeforeTheTaskWaitsNeedsNoWake) {
  DeliveryAccount account({.records = 2, .bytes = 100});
  account.Accept(1);
  account.Accept(1);
  EXPECT_FALSE(account.Settle({2, 2}, Status::Ok()));
  EXPECT_TRUE(account.HasRoom());
  EXPECT_TRUE(account.AllSettled());
}

TEST(DeliveryAccount, WakesWhenEverythingIsSettled) {
  DeliveryAccount account({.records = 100, .bytes = 100});
  account.Accept(1);
  account.Accept(1);
  EXPECT_FALSE(account.AllSettled());
  EXPECT_FALSE(account.Settle({1, 1}, Status::Ok()));
  EXPECT_TRUE(account.Settle({1, 1}, Status::Ok()));
  EXPECT_TRUE(account.AllSettled());
}

TEST(DeliveryAccount, KeepsTheFirstFailureAndWakes) {
  DeliveryAccount account({.records = 100, .bytes = 100});
  account.Accept(1);
  account.Accept(1);
  EXPECT_FALSE(account.failed());
  EXPECT_TRUE(account.Settle({1, 1}, Status::Unavailable("first")));
  EXPECT_FALSE(account.Settle({1, 1}, Status::Unavailable("second")));
  EXPECT_TRUE(account.failed());
  EXPECT_EQ(account.failure().message(), "first");
}

TEST(DeliveryAccount, WaitsForOneWhereTheClientIsFull) {
  DeliveryAccount account({.records = 100, .bytes = 100});
  account.Accept(1);
  account.Accept(1);
  account.TakeBack(1);
  account.WaitForOne();
  EXPECT_FALSE(account.HasRoom());
  EXPECT_TRUE(account.Settle({1, 1}, Status::Ok()));
  EXPECT_TRUE(account.HasRoom());
  EXPECT_EQ(account.outstanding().records, 0u);
  EXPECT_EQ(account.outstanding().bytes, 0u);
}

// Two threads: every wait ends, so no wake-up is lost.
TEST(DeliveryAccount, LosesNoWakeUpBetweenTwoThreads) {
  constexpr int kRecords = 200'000;
  DeliveryAccount account({.records = 16, .bytes = 1 << 20});
  std::mutex mutex;
  std::condition_variable wake;
  int wakes = 0;
  std::atomic<int> accepted{0};
  std::thread settling([&] {
    for (int settled = 0; settled < kRecords;) {
      const int available = accepted.load(std::memory_order_acquire) - settled;
      if (available == 0) continue;
      settled += available;
      const auto count = static_cast<std::uint64_t>(available);
      if (!account.Settle({count, count}, Status::Ok())) continue;
      const std::lock_guard lock(mutex);
      ++wakes;
      wake.notify_one();
    }
  });
  for (int i = 0; i < kRecords; ++i) {
    while (true) {
      std::unique_lock lock(mutex);
      const int seen = wakes;
      lock.unlock();
      if (account.HasRoom()) break;
      lock.lock();
      ASSERT_TRUE(wake.wait_for(lock, std::chrono::seconds(30), [&] { return wakes != seen; }));
    }
    account.Accept(1);
    accepted.fetch_add(1, std::memory_order_release);
  }
  settling.join();
  EXPECT_TRUE(account.AllSettled());
}

}  // namespace
}  // namespace weir::kafka
