#include "jobmanager/checkpoint/state_assignment.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/operator_state_snapshot.h>

#include "common/random.h"
#include "tests/unit/jobmanager_checkpoint/example_metadata.h"
#include "tests/unit/test_seed.h"

namespace weir::jobmanager {
namespace {

using internal::KeyGroupRange;
using internal::KeyGroupRangeOf;
using internal::OperatorStateMode;
using internal::OperatorStateSnapshot;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::uint32_t> OldSubtasks(const proto::TaskRestore& restore) {
  std::vector<std::uint32_t> subtasks;
  for (const proto::RestoreSource& source : restore.sources()) subtasks.push_back(source.subtask());
  return subtasks;
}

TEST(StateAssignmentTest, GivesEachItsOwnAtTheSameParallelism) {
  const Result<StateAssignment> assigned =
      AssignState(ExampleMetadata(7, 3), "/dir/job", ExampleGraph(3));
  ASSERT_TRUE(assigned.ok()) << assigned.status().ToString();
  for (std::uint32_t vertex = 0; vertex < 2; ++vertex) {
    for (std::uint32_t subtask = 0; subtask < 3; ++subtask) {
      const proto::TaskRestore& restore = *assigned->RestoreOf(vertex, subtask);
      EXPECT_EQ(restore.checkpoint_id(), 7U);
      EXPECT_EQ(restore.directory(), "/dir/job");
      EXPECT_THAT(OldSubtasks(restore), ElementsAre(subtask));
    }
  }
  const proto::RestoreSource& source = assigned->RestoreOf(1, 2)->sources(0);
  EXPECT_THAT(source.operator_ids(), ElementsAre("count"));
  EXPECT_EQ(source.parallelism(), 3U);
  EXPECT_EQ(source.max_parallelism(), 128U);
  EXPECT_EQ(source.handles(0).file().path(), "chk-7/part-2");
  EXPECT_EQ(assigned->CoordinatorRestoreOf(0, 0)->state(), "enumerator");
  EXPECT_EQ(assigned->CoordinatorRestoreOf(0, 0)->checkpoint_id(), 7U);
  EXPECT_EQ(assigned->CoordinatorRestoreOf(1, 0), nullptr);
  EXPECT_EQ(assigned->RestoreOf(2, 0), nullptr);
}

struct RescaleCase {
  std::uint32_t before;
  std::uint32_t after;
  bool has_operator_state;
  bool has_union_state;
  std::vector<std::vector<std::uint32_t>> expected;  // by new subtask
};

TEST(StateAssignmentTest, ReadsTheOldSubtasksThatItNeeds) {
  const std::vector<RescaleCase> cases = {
      {1, 1, false, false, {{0}}},
      {2, 1, false, false, {{0, 1}}},
      {1, 2, false, false, {{0}, {0}}},
      {2, 3, false, false, {{0}, {0, 1}, {1}}},
      {3, 2, false, false, {{0, 1}, {1, 2}}},
      // Operator state is divided anew among all.
      {2, 2, true, false, {{0}, {1}}},
      {2, 3, true, false, {{0, 1}, {0, 1}, {0, 1}}},
      {3, 1, true, false, {{0, 1, 2}}},
      // Union state goes to all at any parallelism.
      {2, 2, true, true, {{0, 1}, {0, 1}}},
      {2, 3, true, true, {{0, 1}, {0, 1}, {0, 1}}},
  };
  for (const RescaleCase& each : cases) {
    SCOPED_TRACE(Concat(each.before, " to ", each.after));
    proto::CheckpointMetadata metadata = ExampleMetadata(7, each.before);
    metadata.mutable_vertices(1)->mutable_subtasks(0)->set_has_operator_state(
        each.has_operator_state);
    metadata.mutable_vertices(1)->mutable_subtasks(0)->set_has_union_state(each.has_union_state);
    const auto assigned = AssignState(metadata, "/dir", ExampleGraph(each.after));
    ASSERT_TRUE(assigned.ok()) << assigned.status().ToString();
    for (std::uint32_t subtask = 0; subtask < each.after; ++subtask) {
      EXPECT_EQ(OldSubtasks(*assigned->RestoreOf(1, subtask)), each.expected[subtask]);
    }
  }
}

struct Refusal {
  const char* what;
  std::function<void(proto::CheckpointMetadata&, proto::JobGraph&)> change;
  std::vector<std::string> words;
};

TEST(StateAssignmentTest, RefusesWhatWouldLoseOrTearState) {
  const std::vector<Refusal> cases = {
      {"an operator is gone",
       [](auto& /*metadata*/, auto& graph) {
         graph.mutable_vertices(1)->mutable_operators(0)->set_id("other");
       },
       {"checkpoint 7", "'count'", "does not have"}},
      {"another max parallelism",
       [](auto& /*metadata*/, auto& graph) { graph.mutable_vertices(1)->set_max_parallelism(256); },
       {"checkpoint 7", "'count'", "256", "128"}},
      {"a coordinator is gone",
       [](auto& /*metadata*/, auto& graph) {
         graph.mutable_vertices(0)->mutable_operators(0)->set_has_coordinator(false);
       },
       {"coordinator", "'source'"}},
      {"a coordinator without state",
       [](auto& metadata, auto& /*graph*/) { metadata.clear_coordinators(); },
       {"no state of its coordinator", "'source'"}},
      {"union state of which a part is gone",
       [](auto& metadata, auto& graph) {
         metadata.mutable_vertices(1)->mutable_subtasks(0)->set_has_union_state(true);
         metadata.mutable_vertices(1)->mutable_subtasks(1)->set_finished(true);
         graph.mutable_vertices(1)->set_parallelism(5);
       },
       {"'count'", "union", "finished"}},
  };
  for (const Refusal& each : cases) {
    SCOPED_TRACE(each.what);
    proto::CheckpointMetadata metadata = ExampleMetadata(7);
    proto::JobGraph graph = ExampleGraph(2);
    each.change(metadata, graph);
    const Status status = AssignState(metadata, "/dir", graph).status();
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(status.retry(), RetryHint::kNoRetry);
    for (const std::string& word : each.words) EXPECT_THAT(status.message(), HasSubstr(word));
  }
}

TEST(StateAssignmentTest, WhatHasNoStateMayGoAndChange) {
  proto::CheckpointMetadata metadata = ExampleMetadata(7);
  for (auto& subtask : *metadata.mutable_vertices(1)->mutable_subtasks()) subtask.clear_handles();
  proto::JobGraph graph = ExampleGraph(2);
  graph.mutable_vertices(1)->set_max_parallelism(256);
  auto assigned = AssignState(metadata, "/dir", graph);
  ASSERT_TRUE(assigned.ok());
  EXPECT_TRUE(assigned->RestoreOf(1, 0)->sources().empty());
  graph.mutable_vertices()->DeleteSubrange(1, 1);
  EXPECT_TRUE(AssignState(metadata, "/dir", graph).ok());
}

TEST(StateAssignmentTest, NewOperatorsStartAfreshFinishedSubtasksGiveNothing) {
  proto::CheckpointMetadata metadata = ExampleMetadata(7);
  metadata.mutable_vertices(0)->mutable_subtasks(1)->set_finished(true);
  metadata.mutable_vertices(0)->mutable_subtasks(1)->clear_handles();
  proto::JobGraph graph = ExampleGraph(2);
  proto::JobVertex& added = *graph.add_vertices();
  added.set_parallelism(2);
  added.set_max_parallelism(128);
  added.add_operators()->set_id("sink");
  const auto assigned = AssignState(metadata, "/dir", graph);
  ASSERT_TRUE(assigned.ok());
  EXPECT_EQ(assigned->RestoreOf(2, 0), nullptr);
  EXPECT_THAT(OldSubtasks(*assigned->RestoreOf(0, 0)), ElementsAre(0U));
  EXPECT_THAT(OldSubtasks(*assigned->RestoreOf(0, 1)), ElementsAre());
}

// Operators that were two vertices and are chained now.
TEST(StateAssignmentTest, FollowsOperatorsIntoAnotherChain) {
  proto::JobGraph graph = ExampleGraph(2);
  *graph.mutable_vertices(0)->add_operators() = graph.vertices(1).operators(0);
  graph.mutable_vertices()->DeleteSubrange(1, 1);
  const auto assigned = AssignState(ExampleMetadata(7), "/dir", graph);
  ASSERT_TRUE(assigned.ok());
  const proto::TaskRestore& restore = *assigned->RestoreOf(0, 1);
  ASSERT_EQ(restore.sources_size(), 2);
  EXPECT_THAT(restore.sources(0).operator_ids(), ElementsAre("source"));
  EXPECT_THAT(restore.sources(1).operator_ids(), ElementsAre("count"));
}

// What a worker does with what it is given: its own key groups of each source.
std::map<std::uint32_t, std::uint32_t> ReadKeyGroups(const StateAssignment& assigned,
                                                     std::uint32_t parallelism,
                                                     std::uint32_t max_parallelism) {
  std::map<std::uint32_t, std::uint32_t> times_read;
  for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
    const KeyGroupRange own = KeyGroupRangeOf(subtask, parallelism, max_parallelism);
    for (const proto::RestoreSource& source : assigned.RestoreOf(1, subtask)->sources()) {
      const KeyGroupRange old =
          KeyGroupRangeOf(source.subtask(), source.parallelism(), source.max_parallelism());
      for (std::uint32_t group = old.first; group < old.first + old.count; ++group) {
        if (own.Contains(group)) ++times_read[group];
      }
    }
  }
  return times_read;
}

TEST(StateAssignmentTest, EveryKeyGroupGoesToOneSubtaskWhateverTheParallelism) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(Concat("WEIR_TEST_SEED=", seed));
  SeededRandom random(seed);
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t max_parallelism = std::uint32_t{1} << RandomBelow(random, 9);
    const auto before = static_cast<std::uint32_t>(1 + RandomBelow(random, max_parallelism));
    const auto after = static_cast<std::uint32_t>(1 + RandomBelow(random, max_parallelism));
    SCOPED_TRACE(Concat(before, " to ", after, " of ", max_parallelism));
    proto::CheckpointMetadata metadata = ExampleMetadata(7, before);
    const bool has_operator_state = RandomBelow(random, 4) == 0;
    metadata.mutable_vertices(1)->mutable_subtasks(0)->set_has_operator_state(has_operator_state);
    proto::JobGraph graph = ExampleGraph(after);
    for (int i = 0; i < 2; ++i) {
      metadata.mutable_vertices(i)->set_max_parallelism(max_parallelism);
      graph.mutable_vertices(i)->set_max_parallelism(max_parallelism);
    }
    const auto assigned = AssignState(metadata, "/dir", graph);
    ASSERT_TRUE(assigned.ok()) << assigned.status().ToString();
    const auto times_read = ReadKeyGroups(*assigned, after, max_parallelism);
    ASSERT_EQ(times_read.size(), max_parallelism);
    for (const auto& [group, times] : times_read) ASSERT_EQ(times, 1U) << "key group " << group;
    // Nobody reads a file of which nothing is its own.
    for (std::uint32_t subtask = 0; subtask < after && !has_operator_state; ++subtask) {
      const KeyGroupRange own = KeyGroupRangeOf(subtask, after, max_parallelism);
      for (const auto old_subtask : OldSubtasks(*assigned->RestoreOf(1, subtask))) {
        const KeyGroupRange old = KeyGroupRangeOf(old_subtask, before, max_parallelism);
        ASSERT_TRUE(own.Contains(old.first) || old.Contains(own.first)) << "nothing in common";
      }
    }
  }
}

// Items that say where they come from, through RedistributeOperatorState() as a worker calls it.
OperatorStateSnapshot ItemsOf(std::uint32_t subtask, std::uint64_t count) {
  OperatorStateSnapshot snapshot(1);
  snapshot[0].name = "weir.splits";
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string text = Concat(subtask, "/", i);
    const auto bytes = std::as_bytes(std::span(text));
    snapshot[0].items.emplace_back(bytes.begin(), bytes.end());
  }
  return snapshot;
}

TEST(StateAssignmentTest, EverySplitItemGoesToOneSubtaskWhateverTheParallelism) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(Concat("WEIR_TEST_SEED=", seed));
  SeededRandom random(seed);
  for (int round = 0; round < 200; ++round) {
    const auto before = static_cast<std::uint32_t>(1 + RandomBelow(random, 12));
    const auto after = static_cast<std::uint32_t>(1 + RandomBelow(random, 12));
    SCOPED_TRACE(Concat(before, " to ", after));
    proto::CheckpointMetadata metadata = ExampleMetadata(7, before);
    std::vector<OperatorStateSnapshot> old(before);
    std::size_t all = 0;
    for (std::uint32_t i = 0; i < before; ++i) {
      proto::SubtaskState& subtask =
          *metadata.mutable_vertices(0)->mutable_subtasks(static_cast<int>(i));
      const std::uint64_t count = RandomBelow(random, 5);
      // A finished subtask has none.
      if (count == 0) {
        subtask.set_finished(true);
        subtask.clear_handles();
        subtask.set_has_operator_state(false);
      } else {
        old[i] = ItemsOf(i, count);
        all += count;
      }
    }
    const auto assigned = AssignState(metadata, "/dir", ExampleGraph(after));
    ASSERT_TRUE(assigned.ok()) << assigned.status().ToString();
    std::vector<std::vector<std::byte>> seen;
    for (std::uint32_t subtask = 0; subtask < after; ++subtask) {
      std::vector<OperatorStateSnapshot> given(before);
      for (const std::uint32_t i : OldSubtasks(*assigned->RestoreOf(0, subtask))) given[i] = old[i];
      const auto divided = internal::RedistributeOperatorState(given, after);
      for (const auto& state : divided.value()[subtask]) {
        seen.insert(seen.end(), state.items.begin(), state.items.end());
      }
    }
    EXPECT_EQ(seen.size(), all);
    std::sort(seen.begin(), seen.end());
    EXPECT_TRUE(std::adjacent_find(seen.begin(), seen.end()) == seen.end()) << "an item twice";
  }
}

}  // namespace
}  // namespace weir::jobmanager
