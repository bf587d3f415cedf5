#include "benchmarks/workloads/latency_histogram.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "benchmarks/workloads/digest.h"
#include "benchmarks/workloads/open_loop.h"

namespace benchmarks {
namespace {

TEST(LatencyHistogramTest, SmallValuesAreExact) {
  LatencyHistogram histogram;
  for (std::int64_t value = 0; value < 256; ++value) histogram.Record(value);
  for (std::int64_t value = 1; value <= 256; ++value) {
    EXPECT_EQ(histogram.Quantile(static_cast<double>(value) / 256), value - 1);
  }
}

TEST(LatencyHistogramTest, QuantilesAreWithinOneIn128) {
  LatencyHistogram histogram;
  std::vector<std::int64_t> values;
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    const auto value = static_cast<std::int64_t>(Mix(i) >> (24 + i % 30));
    values.push_back(value);
    histogram.Record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    const auto exact = static_cast<double>(
        values[static_cast<std::size_t>(share * static_cast<double>(values.size())) - 1]);
    EXPECT_GE(static_cast<double>(histogram.Quantile(share)), exact) << share;
    EXPECT_LE(static_cast<double>(histogram.Quantile(share)), exact * (1 + 1.0 / 128) + 1) << share;
  }
  EXPECT_EQ(histogram.Quantile(1), values.back());
  EXPECT_EQ(histogram.count(), values.size());
}

TEST(LatencyHistogramTest, KeepsWhatIsOutOfRange) {
  LatencyHistogram histogram;
  histogram.Record(-5);
  histogram.Record(LatencyHistogram::kHighest + 1000);
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.Quantile(0.5), 0);
  EXPECT_EQ(histogram.Quantile(1), LatencyHistogram::kHighest);
}

TEST(LatencyHistogramTest, AddsUp) {
  LatencyHistogram one;
  LatencyHistogram other;
  one.Record(10);
  other.Record(1'000'000);
  one.Add(other);
  EXPECT_EQ(one.count(), 2u);
  EXPECT_EQ(one.Quantile(0.5), 10);
  EXPECT_EQ(one.Quantile(1), 1'000'000);
  EXPECT_EQ(LatencyHistogram().Quantile(0.5), 0);
}

TEST(LatencyHistogramTest, PrintsWhatTheRunnerReads) {
  LatencyHistogram histogram;
  histogram.Record(3);
  histogram.Record(3);
  histogram.Record(100'000);
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const file = ::open_memstream(&text, &size);
  histogram.Print(file);
  std::fclose(file);
  EXPECT_EQ(std::string(text, size), "[[3, 2], [100000, 1]]");
  std::free(text);
}

TEST(OpenLoopScheduleTest, SendersShareTheRecordsAndKeepToTheRate) {
  const nexmark::Generator generator;
  std::int64_t next_number[2] = {0, 1};
  std::int64_t sent = 0;
  for (std::int64_t sender = 0; sender < 2; ++sender) {
    OpenLoopSchedule schedule(5'000, 100'000, 50'000, sender, 2);
    TimedBid record;
    while (!schedule.done()) {
      const std::int64_t due_ns = schedule.NextNs();
      schedule.Fill(generator, record);
      EXPECT_EQ(record.number, next_number[sender]);
      next_number[sender] += 2;
      EXPECT_EQ(record.sender, sender);
      EXPECT_EQ(record.intended_ns, due_ns);
      EXPECT_EQ(record.intended_ns, 5'000 + record.number / 50 * 1'000'000);
      ++sent;
    }
  }
  EXPECT_EQ(sent, 100'000);
}

}  // namespace
}  // namespace benchmarks
