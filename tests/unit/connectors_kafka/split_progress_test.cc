#include <gtest/gtest.h>

#include "connectors/kafka/src/fetched_block.h"

namespace weir::kafka {
namespace {

KafkaRecord At(std::int64_t offset) {
  KafkaRecord record;
  record.offset = offset;
  return record;
}

// Two splits: records 10, 11 of the first, 5 of the second, then the first is finished behind a
// gap.
void MakeBlock(FetchedBlock& block) {
  block.records = {At(10), At(11), At(5)};
  block.runs = {{0, 2, 12, false}, {1, 3, 6, false}, {0, 3, 14, true}};
}

TEST(SplitProgress, FollowsTheReaderWithinABlock) {
  struct Case {
    std::size_t read;
    std::vector<KafkaSplit> unfinished;
  };
  const std::vector<Case> cases = {
      {0, {{"t", 0, 10, 14}, {"t", 1, kEarliestOffset, 90}}},
      {1, {{"t", 0, 11, 14}, {"t", 1, kEarliestOffset, 90}}},
      {2, {{"t", 0, 12, 14}, {"t", 1, kEarliestOffset, 90}}},
      {3, {{"t", 1, 6, 90}}},
  };
  for (const Case& expected : cases) {
    FetchedBlock block;
    MakeBlock(block);
    SplitProgress progress;
    progress.Add({{"t", 0, 10, 14}, {"t", 1, kEarliestOffset, 90}});
    progress.Apply(block, expected.read);
    EXPECT_EQ(progress.Unfinished(), expected.unfinished) << expected.read;
    EXPECT_FALSE(progress.AllFinished());
  }
}

TEST(SplitProgress, IsFinishedWhenEverySplitIs) {
  SplitProgress progress;
  EXPECT_TRUE(progress.AllFinished());
  progress.Add({{"t", 0, 0, 1}});
  EXPECT_FALSE(progress.AllFinished());
  FetchedBlock block;
  block.runs = {{0, 0, 1, true}};
  progress.Apply(block, 0);
  EXPECT_TRUE(progress.AllFinished());
  progress.Apply(block, 0);  // said twice
  progress.Add({{"t", 1, 0, 1}});
  EXPECT_FALSE(progress.AllFinished());
}

}  // namespace
}  // namespace weir::kafka
