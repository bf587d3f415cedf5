#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/connectors/generator.h>
#include <weir/serializer.h>

#include "tests/unit/connectors_generator/pull_source_driver.h"

namespace weir::generator {
namespace {

using std::chrono::seconds;
using test::PullSourceDriver;

std::int64_t Same(std::int64_t index) {
  return index;
}

std::multiset<std::int64_t> Indices(std::int64_t from, std::int64_t to) {
  std::multiset<std::int64_t> indices;
  for (std::int64_t i = from; i < to; ++i) indices.insert(i);
  return indices;
}

TEST(DivideIndices, DealsOutEachIndexOnce) {
  const std::vector<IndexRange> ranges = DivideIndices(10, 4);
  ASSERT_EQ(ranges.size(), 4u);
  EXPECT_EQ(ranges[0], (IndexRange{0, 4, 3}));
  EXPECT_EQ(ranges[1], (IndexRange{1, 4, 3}));
  EXPECT_EQ(ranges[2], (IndexRange{2, 4, 2}));
  EXPECT_EQ(ranges[3], (IndexRange{3, 4, 2}));
  EXPECT_EQ(DivideIndices(1, 4).size(), 1u);
  EXPECT_TRUE(DivideIndices(0, 4).empty());
  EXPECT_EQ(DivideIndices(kUnbounded, 2)[1], (IndexRange{1, 2, kUnbounded}));
}

TEST(DataGeneratorSource, MakesEveryIndexOnceOverAllReaders) {
  for (const std::uint32_t readers : {1u, 3u, 7u}) {
    DataGeneratorSource source(Same, 10'001);
    EXPECT_TRUE(source.bounded());
    PullSourceDriver driver(source, readers);
    ASSERT_TRUE(driver.Start().ok());
    std::multiset<std::int64_t> made;
    std::set<std::uint32_t> used;
    const Status status = driver.Read(seconds(30), [&](std::uint32_t reader, std::int64_t index) {
      made.insert(index);
      used.insert(reader);
    });
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(made, Indices(0, 10'001));
    EXPECT_EQ(used.size(), readers);
  }
}

TEST(DataGeneratorSource, APausedRangeIsNotReadUntilItIsResumed) {
  PullSourceDriver driver(DataGeneratorSource(Same, 0), 1);
  ASSERT_TRUE(driver.Start().ok());
  ASSERT_TRUE(driver.reader(0).AddSplits({{0, 1, 3000}, {5000, 1, 3000}}).ok());
  std::multiset<std::int64_t> made;
  const auto on_record = [&](std::uint32_t, std::int64_t index) { made.insert(index); };
  ASSERT_TRUE(driver.reader(0).PauseOrResumeSplits({1}, {}));
  ASSERT_TRUE(driver.Read(seconds(30), on_record, [&] { return made.size() == 3000; }).ok());
  EXPECT_EQ(made, Indices(5000, 8000));
  EXPECT_EQ(*driver.ReadBlock(0, on_record), ReadStatus::kNothingAvailable);
  ASSERT_TRUE(driver.reader(0).PauseOrResumeSplits({}, {1}));
  ASSERT_TRUE(driver.Read(seconds(30), on_record).ok());
  EXPECT_EQ(made.size(), 6000u);
  EXPECT_EQ(made.count(2999), 1u);
}

TEST(DataGeneratorSource, EndsWithoutRecordsWhenTheCountIsNone) {
  PullSourceDriver driver(DataGeneratorSource(Same, 0), 2);
  ASSERT_TRUE(driver.Start().ok());
  EXPECT_TRUE(driver.Read(seconds(30), [](std::uint32_t, std::int64_t) { ADD_FAILURE(); }).ok());
  EXPECT_TRUE(driver.AllEnded());
}

TEST(DataGeneratorSource, RefusesANegativeCountAndARateThatIsNone) {
  PullSourceDriver negative(DataGeneratorSource(Same, -1), 1);
  EXPECT_EQ(negative.Start().code(), StatusCode::kInvalidArgument);
  for (const double rate : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(),
                            std::numeric_limits<double>::infinity()}) {
    PullSourceDriver driver(DataGeneratorSource(Same, 1, RateLimit::PerSecond(rate)), 1);
    const Status status = driver.Start();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find("rate"), std::string::npos) << status.message();
  }
}

TEST(DataGeneratorSource, AnUnboundedOneGoesOnAndIsSpreadEvenly) {
  DataGeneratorSource source(Same, kUnbounded);
  EXPECT_FALSE(source.bounded());
  PullSourceDriver driver(source, 2);
  ASSERT_TRUE(driver.Start().ok());
  std::map<std::uint32_t, std::vector<std::int64_t>> made;
  const Status status = driver.Read(
      seconds(30), [&](std::uint32_t reader, std::int64_t index) { made[reader].push_back(index); },
      [&] { return made[0].size() > 5000 && made[1].size() > 5000; });
  ASSERT_TRUE(status.ok());
  // One split counts the even numbers, the other the odd ones.
  for (const auto& [reader, indices] : made) {
    for (std::size_t i = 0; i < indices.size(); ++i) {
      ASSERT_EQ(indices[i], indices[0] + 2 * static_cast<std::int64_t>(i));
    }
  }
  EXPECT_EQ(made[0][0] + made[1][0], 1);
}

// What a checkpoint would keep: the readers' splits and the enumerator's state.
TEST(DataGeneratorSource, GoesOnWhereASnapshotWasTakenWithFewerReaders) {
  DataGeneratorSource source(Same, 20'000);
  std::multiset<std::int64_t> made;
  std::vector<IndexRange> kept;
  SplitList<IndexRange> state;
  {
    PullSourceDriver driver(source, 4);
    ASSERT_TRUE(driver.Start().ok());
    for (int block = 0; block < 2; ++block) {
      for (const std::uint32_t reader : {0u, 1u, 2u}) {  // the last one has not begun
        ASSERT_TRUE(
            driver.ReadBlock(reader, [&](std::uint32_t, std::int64_t index) { made.insert(index); })
                .ok());
      }
    }
    for (const std::uint32_t reader : {0u, 1u, 2u}) {
      std::vector<std::byte> bytes;
      SerializeTo(driver.reader(reader).Snapshot(1), bytes);
      const auto splits = *Deserialize<std::vector<IndexRange>>(bytes);
      kept.insert(kept.end(), splits.begin(), splits.end());
    }
    state = *driver.enumerator().Snapshot(1);
  }
  ASSERT_EQ(made.size(), 6u * 1024);
  ASSERT_EQ(kept.size(), 3u);
  PullSourceDriver driver(source, 1);
  ASSERT_TRUE(driver.Start(state).ok());
  ASSERT_TRUE(driver.reader(0).AddSplits(kept).ok());
  const Status status =
      driver.Read(seconds(30), [&](std::uint32_t, std::int64_t index) { made.insert(index); });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(made, Indices(0, 20'000));
}

TEST(DataGeneratorSource, FillsRecycledRecordsInPlace) {
  auto source = GenerateInto<std::string>(
      [](std::int64_t index, std::string& text) { text.assign(100, static_cast<char>(index)); },
      3000);
  PullSourceDriver driver(source, 1);
  ASSERT_TRUE(driver.Start().ok());
  std::int64_t next = 0;
  std::set<const char*> buffers;
  ASSERT_TRUE(driver
                  .Read(seconds(30),
                        [&](std::uint32_t, std::string& text) {
                          EXPECT_EQ(text, std::string(100, static_cast<char>(next++)));
                          buffers.insert(text.data());
                        })
                  .ok());
  EXPECT_EQ(next, 3000);
  EXPECT_EQ(buffers.size(), weir::internal::BlockCapacity<std::string>());
}

struct Opened {
  Status Open(RuntimeContext& context) {
    offset = context.subtask_index() == 0 ? 1000 : 2000;
    return Status::Ok();
  }
  std::int64_t operator()(std::int64_t index) const {
    if (offset < 0) throw std::logic_error("not opened");
    return offset + index;
  }
  std::int64_t offset = -1;
};

TEST(DataGeneratorSource, OpensRichFunctionsOncePerReader) {
  PullSourceDriver driver(DataGeneratorSource(Opened(), 1), 1);
  ASSERT_TRUE(driver.Start().ok());
  std::vector<std::int64_t> made;
  ASSERT_TRUE(
      driver.Read(seconds(30), [&](std::uint32_t, std::int64_t value) { made.push_back(value); })
          .ok());
  EXPECT_EQ(made, std::vector<std::int64_t>{1000});
}

TEST(DataGeneratorSource, SequenceIncludesBothEnds) {
  PullSourceDriver driver(Sequence(-3, 3), 2);
  ASSERT_TRUE(driver.Start().ok());
  std::multiset<std::int64_t> made;
  ASSERT_TRUE(
      driver.Read(seconds(30), [&](std::uint32_t, std::int64_t value) { made.insert(value); })
          .ok());
  EXPECT_EQ(made, Indices(-3, 4));
}

TEST(DataGeneratorSource, KeepsToItsRateAndIsWokenForTheRest) {
  // 300 records at 1000/s over two readers: the last is due after 298/1000 s, and never before.
  PullSourceDriver driver(DataGeneratorSource(Same, 300, RateLimit::PerSecond(1000)), 2);
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(driver.Start().ok());
  std::multiset<std::int64_t> made;
  std::uint64_t early = 0;
  const Status status = driver.Read(seconds(60), [&](std::uint32_t, std::int64_t index) {
    made.insert(index);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (static_cast<double>(made.size()) > elapsed.count() * 1000 + 2) ++early;
  });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(made, Indices(0, 300));
  EXPECT_EQ(early, 0u);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(297));
  // It was the timer that went on, not a loop that asked all the time.
  EXPECT_GT(driver.availability().notifications(), 10u);
}

TEST(RandomFields, AreTheSameForTheSameSeedAndIndexOnly) {
  EXPECT_EQ(RandomFields(7, 1).Bits(), RandomFields(7, 1).Bits());
  std::set<std::uint64_t> values;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::int64_t index = 0; index < 1000; ++index) {
      values.insert(RandomFields(seed, index).Bits());
    }
  }
  EXPECT_EQ(values.size(), 10'000u);
}

TEST(RandomFields, StayInTheirRangesAndReachTheEnds) {
  std::set<std::int64_t> integers;
  std::set<std::size_t> lengths;
  std::set<char> letters;
  const std::vector<std::string> colors = {"red", "green", "blue"};
  std::set<std::string> chosen;
  int chances = 0;
  std::string text;
  for (std::int64_t index = 0; index < 10'000; ++index) {
    RandomFields random(1, index);
    integers.insert(random.Integer(-2, 2));
    const double fraction = random.Fraction();
    ASSERT_GE(fraction, 0);
    ASSERT_LT(fraction, 1);
    random.Letters(3, 12, text);
    lengths.insert(text.size());
    letters.insert(text.begin(), text.end());
    chosen.insert(random.OneOf(std::span<const std::string>(colors)));
    chances += random.Chance(0.25) ? 1 : 0;
  }
  EXPECT_EQ(integers, (std::set<std::int64_t>{-2, -1, 0, 1, 2}));
  EXPECT_EQ(*lengths.begin(), 3u);
  EXPECT_EQ(*lengths.rbegin(), 12u);
  EXPECT_EQ(letters.size(), 26u);
  EXPECT_EQ(*letters.begin(), 'a');
  EXPECT_EQ(*letters.rbegin(), 'z');
  EXPECT_EQ(chosen.size(), 3u);
  EXPECT_NEAR(chances, 2500, 250);
  RandomFields whole(1, 0);
  whole.Integer(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace weir::generator
