// Slot sharing, placement and restart strategies.
#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "jobmanager/job/deployment_plan.h"
#include "jobmanager/scheduler/slot_manager.h"
#include "jobmanager/scheduler/slot_sharing.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

TEST(SlotSharingPlanTest, NeedsTheHighestParallelismOfEachGroup) {
  proto::JobGraph graph = ChainGraph({2, 4, 3});
  EXPECT_EQ(SlotSharingPlan(graph).slot_count(), 4u);
  graph.mutable_vertices(2)->set_slot_sharing_group("sinks");
  const SlotSharingPlan plan(graph);
  EXPECT_EQ(plan.slot_count(), 7u);
  ASSERT_EQ(plan.groups().size(), 2u);
  EXPECT_EQ(plan.groups()[1].name, "sinks");
  EXPECT_EQ(plan.groups()[1].first_slot, 4u);
  EXPECT_EQ(plan.SlotOf(2, 0), 4u);
}

TEST(SlotSharingPlanTest, SpreadsFewSubtasksOverTheGroup) {
  const SlotSharingPlan plan(ChainGraph({2, 4, 1}));
  EXPECT_EQ(plan.SlotOf(0, 0), 0u);
  EXPECT_EQ(plan.SlotOf(0, 1), 2u);
  EXPECT_EQ(plan.SlotOf(1, 3), 3u);
  EXPECT_EQ(plan.SlotOf(2, 0), 0u);
}

TEST(SlotSharingPlanTest, NeverPutsTwoSubtasksOfAVertexIntoASlot) {
  for (std::uint32_t most = 1; most <= 12; ++most) {
    for (std::uint32_t parallelism = 1; parallelism <= most; ++parallelism) {
      const SlotSharingPlan plan(ChainGraph({most, parallelism}));
      std::set<std::uint32_t> slots;
      for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
        EXPECT_TRUE(slots.insert(plan.SlotOf(1, subtask)).second);
      }
      EXPECT_LT(*slots.rbegin(), most);
    }
  }
}

std::vector<std::string> TaskManagersOf(const std::vector<SlotId>& slots) {
  std::vector<std::string> ids;
  for (const SlotId& slot : slots) ids.push_back(slot.task_manager_id);
  return ids;
}

TEST(SlotManagerTest, SpreadsEvenlyAndDeterministically) {
  SlotManager manager;
  manager.AddTaskManager("b", 2);
  manager.AddTaskManager("a", 2);
  const auto slots = manager.Allocate("job", 2);
  ASSERT_TRUE(slots);
  EXPECT_EQ(TaskManagersOf(*slots), (std::vector<std::string>{"a", "b"}));
  const auto more = manager.Allocate("other", 2);
  ASSERT_TRUE(more);
  EXPECT_EQ(TaskManagersOf(*more), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(manager.free(), 0u);
}

TEST(SlotManagerTest, PrefersTheLeastUsed) {
  SlotManager manager;
  manager.AddTaskManager("small", 1);
  manager.AddTaskManager("large", 4);
  const auto slots = manager.Allocate("job", 3);
  ASSERT_TRUE(slots);
  EXPECT_EQ(TaskManagersOf(*slots), (std::vector<std::string>{"large", "large", "small"}));
}

TEST(SlotManagerTest, GivesAllOrNothing) {
  SlotManager manager;
  manager.AddTaskManager("a", 2);
  EXPECT_FALSE(manager.Allocate("job", 3));
  EXPECT_EQ(manager.free(), 2u);
  EXPECT_TRUE(manager.Allocate("job", 2));
  EXPECT_FALSE(manager.Allocate("other", 1));
  manager.ReleaseAll("job");
  EXPECT_EQ(manager.free(), 2u);
}

TEST(SlotManagerTest, ForgetsWhatALostTaskManagerHeld) {
  SlotManager manager;
  manager.AddTaskManager("a", 2);
  manager.AddTaskManager("b", 2);
  const auto slots = manager.Allocate("job", 4);
  ASSERT_TRUE(slots);
  manager.RemoveTaskManager("a");
  EXPECT_EQ(manager.total(), 2u);
  EXPECT_EQ(manager.free(), 0u);
  EXPECT_FALSE(manager.Holds("job", {"a", 0}));
  EXPECT_TRUE(manager.Holds("job", {"b", 0}));
  manager.Release("job", {"a", 0});  // gone: ignored
  manager.AddTaskManager("a", 2);
  EXPECT_FALSE(manager.Holds("job", {"a", 0}));
  EXPECT_EQ(manager.free(), 2u);
}

// Whatever the order of events: no slot has two holders, the numbers add up, and the TaskManagers a
// fresh allocation is spread over differ by at most one slot when they were equal before.
TEST(SlotManagerTest, KeepsItsBooksUnderRandomUse) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  SlotManager manager;
  std::set<std::string> registered;
  for (int step = 0; step < 3000; ++step) {
    const std::string task_manager = "tm-" + std::to_string(random() % 6);
    const std::string job = "job-" + std::to_string(random() % 5);
    switch (random() % 4) {
      case 0:
        if (registered.insert(task_manager).second) {
          manager.AddTaskManager(task_manager, 1 + random() % 4);
        }
        break;
      case 1:
        registered.erase(task_manager);
        manager.RemoveTaskManager(task_manager);
        break;
      case 2: {
        const std::uint32_t count = random() % 6;
        const std::uint32_t free = manager.free();
        const auto slots = manager.Allocate(job, count);
        ASSERT_EQ(slots.has_value(), count <= free);
        if (slots) {
          ASSERT_EQ(slots->size(), count);
          ASSERT_TRUE(std::ranges::is_sorted(*slots));
          for (const SlotId& slot : *slots) ASSERT_TRUE(manager.Holds(job, slot));
        }
        break;
      }
      default:
        manager.ReleaseAll(job);
    }
    std::uint32_t total = 0;
    std::uint32_t free = 0;
    for (const auto& [id, slots] : manager.slots()) {
      const auto free_here = static_cast<std::uint32_t>(std::ranges::count(slots, std::string()));
      ASSERT_EQ(manager.FreeOf(id), free_here);
      total += static_cast<std::uint32_t>(slots.size());
      free += free_here;
    }
    ASSERT_EQ(manager.total(), total);
    ASSERT_EQ(manager.free(), free);
  }
}

TEST(SlotManagerTest, BalancesEqualTaskManagers) {
  for (std::uint32_t count = 1; count <= 12; ++count) {
    SlotManager manager;
    for (const char* id : {"a", "b", "c"}) manager.AddTaskManager(id, 4);
    ASSERT_TRUE(manager.Allocate("job", count));
    std::vector<std::uint32_t> used;
    for (const char* id : {"a", "b", "c"}) used.push_back(4 - manager.FreeOf(id));
    EXPECT_LE(*std::ranges::max_element(used) - *std::ranges::min_element(used), 1u);
  }
}

TEST(SlotLayoutTest, KeepsTheNumbersThatTaskManagersGaveTheirSlots) {
  const SlotLayout layout({{"a", 3}, {"b", 0}, {"a", 1}});
  EXPECT_EQ(layout.task_managers(), (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(layout.task_manager_of(2), "a");
  EXPECT_EQ(layout.worker_slot_of(0), 3u);
  EXPECT_EQ(layout.worker_slot_of(1), 0u);
  EXPECT_EQ(layout.worker_slot_of(2), 1u);
}

}  // namespace
}  // namespace weir::jobmanager
