// When a new leader may start what an earlier one ran.
#include "jobmanager/ha/leader_takeover.h"

#include <gtest/gtest.h>

namespace weir::jobmanager {
namespace {

TEST(LeaderTakeoverTest, WaitsForTaskManagersAndTheirOldWorkers) {
  ha::LeaderTakeover takeover({"tm-1", "tm-2"});
  EXPECT_FALSE(takeover.complete());
  EXPECT_EQ(takeover.Describe(),
            "waits for TaskManagers tm-1, tm-2 to register again, or for the leases of the workers "
            "there to end");
  takeover.OnRegistered("tm-1", {"w1", "w2"});
  takeover.OnRegistered("tm-3", {});
  takeover.OnRegistered("tm-2", {});
  EXPECT_EQ(takeover.Describe(),
            "waits for 2 workers of an earlier JobManager to end on TaskManager tm-1");
  takeover.OnWorkerExited("w1");
  takeover.OnWorkerExited("unknown");
  EXPECT_FALSE(takeover.complete());
  takeover.OnWorkerExited("w2");
  EXPECT_TRUE(takeover.complete());
  EXPECT_EQ(takeover.Describe(), "");
}

TEST(LeaderTakeoverTest, ANewInventoryTakesTheOldOnesPlace) {
  ha::LeaderTakeover takeover({"tm-1"});
  takeover.OnRegistered("tm-1", {"w1"});
  takeover.OnRegistered("tm-1", {});  // its session broke before it could report the end
  EXPECT_TRUE(takeover.complete());
}

TEST(LeaderTakeoverTest, ATaskManagerThatHasLeftHasNoWorkers) {
  ha::LeaderTakeover takeover({"tm-1", "tm-2"});
  takeover.OnRegistered("tm-1", {"w1", "w2"});
  takeover.OnRegistered("tm-2", {"w3"});
  takeover.OnLeft("tm-1");
  EXPECT_EQ(takeover.Describe(),
            "waits for 1 worker of an earlier JobManager to end on TaskManager tm-2");
  takeover.OnLeft("tm-2");
  EXPECT_TRUE(takeover.complete());
}

TEST(LeaderTakeoverTest, ALeaseEndsEverything) {
  ha::LeaderTakeover takeover({"tm-1", "tm-2"});
  takeover.AwaitLease();
  takeover.OnRegistered("tm-1", {"w1"});
  takeover.OnRegistered("tm-2", {});
  takeover.OnWorkerExited("w1");
  EXPECT_FALSE(takeover.complete());
  takeover.OnLeaseEnded();
  EXPECT_TRUE(takeover.complete());
  EXPECT_TRUE(ha::LeaderTakeover({}).complete());
}

}  // namespace
}  // namespace weir::jobmanager
