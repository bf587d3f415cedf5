#include "taskmanager/task/baton.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace weir::task {
namespace {

using enum Baton::Effect;
using State = Baton::State;

TEST(BatonTest, StartsOneThreadForWork) {
  Baton baton;
  EXPECT_EQ(baton.state(), State::kAbsent);
  EXPECT_EQ(baton.Start(), kStartThread);
  EXPECT_EQ(baton.Start(), kNone);
  EXPECT_EQ(baton.state(), State::kStarting);
  baton.Arrive();
  EXPECT_EQ(baton.state(), State::kHeld);
  EXPECT_EQ(baton.Start(), kNone);
  EXPECT_EQ(baton.Leave(), kNone);
  EXPECT_EQ(baton.state(), State::kAbsent);
  EXPECT_EQ(baton.Start(), kStartThread);
}

TEST(BatonTest, AParkedCallIsFollowedByAThreadThatBecomesTheSpare) {
  Baton baton;
  baton.Start();
  baton.Arrive();
  EXPECT_EQ(baton.Park(), kStartThread);
  EXPECT_EQ(baton.parked_frames(), 1U);
  baton.Arrive();
  EXPECT_EQ(baton.Grant(), kWaitAsSpare);
  EXPECT_TRUE(baton.has_spare());
  EXPECT_EQ(baton.parked_frames(), 0U);
  // The same call parks again: no new thread.
  EXPECT_EQ(baton.Park(), kWakeSpare);
  EXPECT_FALSE(baton.has_spare());
  EXPECT_EQ(baton.Grant(), kWaitAsSpare);
  EXPECT_EQ(baton.Leave(), kDismissSpare);
  EXPECT_EQ(baton.state(), State::kAbsent);
}

TEST(BatonTest, TwoParkedCallsKeepOneSpareOnly) {
  Baton baton;
  baton.Start();
  baton.Arrive();
  EXPECT_EQ(baton.Park(), kStartThread);
  baton.Arrive();
  EXPECT_EQ(baton.Park(), kStartThread);
  baton.Arrive();
  EXPECT_EQ(baton.Grant(), kWaitAsSpare);
  EXPECT_EQ(baton.Grant(), kLeave) << "the first call's thread gave the baton to the second's";
  EXPECT_EQ(baton.Leave(), kDismissSpare);
}

TEST(BatonTest, WithoutAThreadThingsStayAsTheyWere) {
  Baton baton;
  EXPECT_EQ(baton.Start(), kStartThread);
  baton.StartFailed();
  EXPECT_EQ(baton.state(), State::kAbsent);
  EXPECT_EQ(baton.Start(), kStartThread);
  baton.Arrive();
  EXPECT_EQ(baton.Park(), kStartThread);
  baton.StartFailed();
  EXPECT_EQ(baton.state(), State::kHeld);
  EXPECT_EQ(baton.parked_frames(), 0U);
  EXPECT_EQ(baton.Leave(), kNone);
}

// Counts threads as the slot would: whatever happens there is one holder, at most one spare, and
// every thread is accounted for.
TEST(BatonTest, RandomHistoriesNeitherLoseNorInventThreads) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Baton baton;
  int threads = 0;
  for (int i = 0; i < 20000; ++i) {
    switch (baton.state()) {
      case State::kAbsent:
        ASSERT_EQ(threads, 0);
        ASSERT_EQ(baton.Start(), kStartThread);
        break;
      case State::kStarting:
        if (random() % 10 == 0) {
          baton.StartFailed();
        } else {
          ++threads;
          baton.Arrive();
        }
        break;
      case State::kHeld: {
        const auto choice = random() % 3;
        if (choice == 0 && baton.parked_frames() < 5) {
          const auto effect = baton.Park();
          ASSERT_TRUE(effect == kStartThread || effect == kWakeSpare);
        } else if (choice == 1 && baton.parked_frames() > 0) {
          const auto effect = baton.Grant();
          ASSERT_TRUE(effect == kWaitAsSpare || effect == kLeave);
          if (effect == kLeave) --threads;
        } else if (baton.parked_frames() == 0) {
          threads -= baton.Leave() == kDismissSpare ? 2 : 1;
        }
        break;
      }
    }
    const int expected = static_cast<int>(baton.parked_frames()) + (baton.has_spare() ? 1 : 0) +
                         (baton.state() == State::kHeld ? 1 : 0);
    ASSERT_EQ(threads, expected);
  }
}

}  // namespace
}  // namespace weir::task
