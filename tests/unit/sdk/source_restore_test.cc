// What a checkpoint keeps of a source: its splits in readers and enumerator, each once.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/data_sources.h>

#include "tests/unit/sdk/source_simulation.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using internal::OperatorStateItems;
using internal::OperatorStateMode;
using internal::OperatorStateSnapshot;
using internal::PollStatus;
using testing::KeepingInput;
using testing::OperatorHarness;
using Numbers = std::vector<std::int64_t>;
using Operator = internal::SourceOperator<SequenceSource>;

Numbers Range(std::int64_t first, std::int64_t last) {
  Numbers numbers(static_cast<std::size_t>(last - first + 1));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

OperatorStateItems Splits(const std::vector<RangeSplit>& splits) {
  return internal::SaveSplits(splits);
}

Status Restore(const OperatorStateSnapshot& restored) {
  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  Operator op(harness.context(), SequenceSource(0, 9), out);
  return op.InitializeState(&restored);
}

TEST(SourceOperatorState, RestoredSplitsAreReadFirst) {
  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  Operator op(harness.context(), SequenceSource(0, 99), out);
  const OperatorStateSnapshot restored = {Splits({{7, 10}, {90, 92}})};
  ASSERT_TRUE(op.InitializeState(&restored).ok());
  ASSERT_TRUE(op.Open().ok());
  EXPECT_EQ(*op.Poll(), PollStatus::kProgress);
  std::sort(out.records.begin(), out.records.end());
  EXPECT_EQ(out.records, (Numbers{7, 8, 9, 90, 91}));
  OperatorStateSnapshot now;
  ASSERT_TRUE(op.SnapshotState(1, now).ok());
  EXPECT_EQ(now, (OperatorStateSnapshot{Splits({})})) << "all read";
}

TEST(SourceOperatorState, HasAnItemForEachSplitWithItsProgress) {
  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  Operator op(harness.context(), SequenceSource(0, 1'000'000), out);
  const OperatorStateSnapshot restored = {Splits({{0, 10}, {100, 1'000'000}})};
  ASSERT_TRUE(op.InitializeState(&restored).ok());
  ASSERT_TRUE(op.Open().ok());
  EXPECT_EQ(*op.Poll(), PollStatus::kProgress);
  const auto read = static_cast<std::int64_t>(out.records.size());
  OperatorStateSnapshot now;
  ASSERT_TRUE(op.SnapshotState(1, now).ok());
  EXPECT_EQ(now, (OperatorStateSnapshot{Splits({{0, 10}, {100 + read, 1'000'000}})}));
  EXPECT_EQ(now.front().items.size(), 2u);
  EXPECT_EQ(now.front().mode, OperatorStateMode::kSplit);
}

TEST(SequenceSource, ReadsASplitToItsEndBeforeOneThatComesLater) {
  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  Operator op(harness.context(), SequenceSource(0, 9'999), out);
  ASSERT_TRUE(op.Open().ok());
  const auto add = [&op](const std::vector<RangeSplit>& splits) {
    std::vector<std::byte> content;
    SerializeTo(splits, content);
    return op.OnCoordinatorEvent(
        internal::EncodeSourceMessage(internal::SourceMessage::kAddSplits, content));
  };
  ASSERT_TRUE(add({{0, 2'000}}).ok());
  EXPECT_EQ(*op.Poll(), PollStatus::kProgress);
  ASSERT_LT(out.records.size(), 2'000u);
  ASSERT_TRUE(add({{2'000, 2'500}}).ok());
  while (*op.Poll() == PollStatus::kProgress) {
  }
  EXPECT_EQ(out.records, Range(0, 2'499));
}

TEST(SourceOperatorState, RefusesWhatItCannotRead) {
  EXPECT_TRUE(Restore({Splits({{1, 2}})}).ok());
  OperatorStateItems newer = Splits({{1, 2}});
  newer.items.front().front() = std::byte{9};
  EXPECT_EQ(Restore({newer}).code(), StatusCode::kUnsupported);
  OperatorStateItems cut_off = Splits({{1, 2}});
  cut_off.items.front().pop_back();
  EXPECT_EQ(Restore({cut_off}).code(), StatusCode::kCorruption);
  OperatorStateItems empty = Splits({{1, 2}});
  empty.items.front().clear();
  EXPECT_EQ(Restore({empty}).code(), StatusCode::kCorruption);
  OperatorStateItems of_another = Splits({{1, 2}});
  of_another.name = "offsets";
  EXPECT_EQ(Restore({of_another}).code(), StatusCode::kFailedPrecondition);
}

template <class Source>
void ExpectEachOnce(const Source& source, const Numbers& expected) {
  const std::uint64_t first_seed = TestSeed();
  for (std::uint64_t seed = first_seed; seed < first_seed + 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    testing::SourceSimulation<Source> simulation(source, seed);
    Result<Numbers> records = simulation.Run(/*failures=*/8);
    ASSERT_TRUE(records.ok()) << records.status().ToString();
    std::sort(records->begin(), records->end());
    ASSERT_EQ(*records, expected);
  }
}

TEST(SourcesThatFail, SequenceGivesEachNumberOnce) {
  ExpectEachOnce(SequenceSource(-500, 39'999), Range(-500, 39'999));
}

TEST(SourcesThatFail, CollectionGivesEachRecordOnce) {
  ExpectEachOnce(DataSource<std::int64_t>(Range(0, 19'999)), Range(0, 19'999));
}

}  // namespace
}  // namespace weir
