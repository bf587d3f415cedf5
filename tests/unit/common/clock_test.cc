#include "common/clock.h"

#include <ctime>

#include <gtest/gtest.h>

#include "common/manual_clock.h"

namespace weir {
namespace {

TEST(SystemClockTest, NeverGoesBackAndKnowsTheDate) {
  Clock& clock = SystemClock();
  std::int64_t last = clock.MonotonicNanos();
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t now = clock.MonotonicNanos();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_NEAR(static_cast<double>(clock.WallMillis()) / 1000,
              static_cast<double>(std::time(nullptr)), 5);
  EXPECT_EQ(&SystemClock(), &clock);
}

TEST(ManualClockTest, MovesOnlyWhenTold) {
  ManualClock clock(5'000'000'000, 1'000'000);
  EXPECT_EQ(clock.MonotonicNanos(), 5'000'000'000);
  EXPECT_EQ(clock.MonotonicMillis(), 5'000);
  EXPECT_EQ(clock.WallMillis(), 1'000'000);
  clock.AdvanceMillis(250);
  EXPECT_EQ(clock.MonotonicMillis(), 5'250);
  EXPECT_EQ(clock.WallMillis(), 1'000'250);
  clock.SetWallMillis(7);
  EXPECT_EQ(clock.WallMillis(), 7);
  EXPECT_EQ(clock.MonotonicMillis(), 5'250);
}

}  // namespace
}  // namespace weir
