#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/sinks/committable_log.h>

namespace weir::internal {
namespace {

using Room = CommittableLog::Room;

std::vector<std::vector<std::byte>> Outputs(int count) {
  return std::vector<std::vector<std::byte>>(static_cast<std::size_t>(count));
}

// "5 5 | 7": the checkpoints of the batches' entries.
std::string IdsOf(const std::vector<CommittableBatch>& batches) {
  std::string ids;
  for (const CommittableBatch& batch : batches) {
    if (!ids.empty()) ids += " | ";
    for (std::size_t i = 0; i < batch.size(); ++i) {
      ids += (i > 0 ? " " : "") + std::to_string(batch[i]->checkpoint_id);
    }
  }
  return ids;
}

TEST(CommittableLog, ACompletedCheckpointGivesOutAllUpToItOnceAndInOrder) {
  CommittableLog log({});
  log.Add(1, 0, Outputs(2));
  log.Add(2, 0, Outputs(1));
  log.Add(4, 0, Outputs(1));
  EXPECT_EQ(IdsOf(log.Complete(2)), "1 1 | 2");
  EXPECT_EQ(IdsOf(log.Complete(1)), "");
  EXPECT_EQ(IdsOf(log.Complete(3)), "");
  EXPECT_EQ(log.size(), 4u) << "given out is not committed";
  EXPECT_EQ(IdsOf(log.Complete(9)), "4");
}

TEST(CommittableLog, WhatADeclinedCheckpointHeldGoesWithTheNextCompletedOne) {
  CommittableLog log({});
  log.Add(1, 0, Outputs(1));
  log.Abort(1);
  log.Add(2, 0, Outputs(1));
  EXPECT_EQ(IdsOf(log.Complete(2)), "1 | 2");
}

TEST(CommittableLog, ACheckpointIsDoneWithItsLastEntry) {
  CommittableLog log({});
  log.Add(1, 0, Outputs(2));
  log.Add(2, 0, Outputs(1));
  log.Complete(2);
  EXPECT_EQ(log.Committed(1), 0u);
  EXPECT_EQ(log.Committed(1), 1u);
  EXPECT_EQ(log.size(), 1u);
  EXPECT_EQ(log.Committed(1), 2u);
  EXPECT_TRUE(log.empty());
}

TEST(CommittableLog, RestoredEntriesAreGivenOutAtOnceByCheckpointAndComeFirst) {
  CommittableLog log({});
  const auto batches = log.Restore({{1, 8, false, {}}, {0, 7, false, {}}, {0, 8, false, {}}});
  EXPECT_EQ(IdsOf(batches), "7 | 8 8");
  EXPECT_EQ(batches[1][0]->subtask, 1u) << "within a checkpoint as they came";
  EXPECT_TRUE(batches[0][0]->restored);
  // Ids may begin anew in another job.
  log.Add(1, 0, Outputs(1));
  EXPECT_EQ(log.Committed(3), 8u);
  EXPECT_EQ(IdsOf(log.Complete(1)), "1");
}

// What has happened to checkpoints 1, 2, …, in order: 'p' prepared, 'e' prepared without output,
// 'a' given up, 'c' complete, 'd' and committed. A later letter for all up to it.
struct RoomCase {
  std::string checkpoints;
  Room soft;
  Room hard;
};

TEST(CommittableLog, AnEarlierCheckpointThatIsUnderWayIsNotGivenUpWithALaterOne) {
  CommittableLog log({.maximum_outstanding_checkpoints = 2, .aborted_checkpoints_count = true});
  log.Add(1, 0, Outputs(1));
  log.Add(2, 0, Outputs(1));
  log.Abort(2);
  EXPECT_EQ(log.room(), Room::kWait) << "checkpoint 1 may still complete";
  log.Abort(1);
  EXPECT_EQ(log.room(), Room::kFull);
  log.Complete(2);
  log.Committed(2);
  EXPECT_EQ(log.room(), Room::kRoom);
}

TEST(CommittableLog, RoomForOneMore) {
  const std::vector<RoomCase> cases = {
      {"", Room::kRoom, Room::kRoom},     {"p", Room::kRoom, Room::kRoom},
      {"pp", Room::kWait, Room::kWait},   {"pe", Room::kRoom, Room::kRoom},
      {"aa", Room::kRoom, Room::kFull},   {"ap", Room::kRoom, Room::kWait},
      {"aap", Room::kRoom, Room::kWait},  {"aapp", Room::kWait, Room::kWait},
      {"cp", Room::kWait, Room::kWait},   {"cc", Room::kWait, Room::kWait},
      {"dp", Room::kRoom, Room::kRoom},   {"dpp", Room::kWait, Room::kWait},
      {"aac", Room::kWait, Room::kWait},  {"aaad", Room::kRoom, Room::kRoom},
      {"aaca", Room::kWait, Room::kWait}, {"daa", Room::kRoom, Room::kFull},
  };
  for (const RoomCase& each : cases) {
    for (const bool hard : {false, true}) {
      CommittableLog log({.maximum_outstanding_checkpoints = 2, .aborted_checkpoints_count = hard});
      for (std::size_t i = 0; i < each.checkpoints.size(); ++i) {
        const char what = each.checkpoints[i];
        const std::uint64_t id = i + 1;
        log.Add(id, 0, Outputs(what == 'e' ? 0 : 2));
        if (what == 'a') log.Abort(id);
        if (what == 'c' || what == 'd') log.Complete(id);
        if (what == 'd') log.Committed(log.size());
      }
      EXPECT_EQ(log.room(), hard ? each.hard : each.soft)
          << each.checkpoints << (hard ? " hard" : " soft");
    }
  }
}

}  // namespace
}  // namespace weir::internal
