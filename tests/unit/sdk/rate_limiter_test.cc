#include <cmath>
#include <cstdint>
#include <random>

#include <gtest/gtest.h>

#include <weir/rate_limiter.h>

namespace weir {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMs;
constexpr std::int64_t kStart = 123 * kSecond;

TEST(RateLimiter, GivesOneRecordAtOnceAndTheNextWhenItIsDue) {
  RateLimiter limiter(10, kStart, kMs);
  EXPECT_EQ(limiter.Available(kStart), 1);
  limiter.Take(1);
  EXPECT_EQ(limiter.Available(kStart), 0);
  EXPECT_EQ(limiter.Available(kStart + 99 * kMs), 0);
  EXPECT_EQ(limiter.Available(kStart + 100 * kMs + 1), 1);
}

TEST(RateLimiter, WhatIsNotTakenStaysAvailable) {
  RateLimiter limiter(100'000, kStart, kMs);
  EXPECT_EQ(limiter.Available(kStart + 10 * kMs), 1001);
  limiter.Take(600);
  EXPECT_EQ(limiter.Available(kStart + 10 * kMs), 401);
  EXPECT_EQ(limiter.left(), 401);
  limiter.Take(401);
  EXPECT_EQ(limiter.Available(kStart + 10 * kMs), 0);
}

TEST(RateLimiter, GivesAtMostOnePortionPerPortionTime) {
  RateLimiter limiter(1'000'000, kStart, kMs);
  limiter.Take(limiter.Available(kStart));
  EXPECT_EQ(limiter.Available(kStart + kMs / 2), 0);
  EXPECT_EQ(limiter.next_portion_ns(), kStart + kMs);
  EXPECT_EQ(limiter.Available(kStart + kMs), 1000);
}

TEST(RateLimiter, CatchesUpOnAtMostASecond) {
  RateLimiter limiter(1000, kStart, kMs);
  EXPECT_EQ(limiter.Available(kStart + 60 * kSecond), 1000);
  limiter.Take(1000);
  // What was missed before is not given later.
  EXPECT_EQ(limiter.Available(kStart + 61 * kSecond), 1000);
}

TEST(RateLimiter, SlowerThanOncePerSecondStillGivesARecord) {
  RateLimiter limiter(0.25, kStart, kMs);
  limiter.Take(limiter.Available(kStart));
  EXPECT_EQ(limiter.Available(kStart + 3 * kSecond), 0);
  EXPECT_EQ(limiter.Available(kStart + 4 * kSecond + 1), 1);
}

TEST(RateLimiter, ThereIsSomethingWheneverItSaidThereWouldBe) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200; ++i) {
    const double rate = std::exp(std::uniform_real_distribution<double>(-3, 17)(random));
    RateLimiter limiter(rate, kStart, kMs);
    std::int64_t now = kStart;
    std::int64_t taken = 0;
    for (int portion = 0; portion < 200; ++portion) {
      const std::int64_t available = limiter.Available(now);
      ASSERT_GT(available, 0) << "rate " << rate << ", portion " << portion;
      limiter.Take(available);
      taken += available;
      ASSERT_EQ(limiter.Available(now), 0);
      // Whoever asks on time is neither too fast nor loses records.
      const double due = static_cast<double>(now - kStart) * rate / 1e9 + 1;
      ASSERT_LE(taken, due + 1e-3);
      ASSERT_GT(taken, due - 1 - 1e-3);
      now = limiter.next_portion_ns();
    }
  }
}

}  // namespace
}  // namespace weir
