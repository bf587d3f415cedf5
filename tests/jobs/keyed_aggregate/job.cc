// Count, sum and maximum of each sensor, for each reading.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "tests/jobs/golden_job.h"

namespace weir::golden::keyed_aggregate {
namespace {

struct Reading {
  std::string sensor;
  std::int64_t value = 0;
};
WEIR_FIELDS(Reading, sensor, value)

struct Statistics {
  std::int64_t count = 0;
  std::int64_t sum = 0;
  std::int64_t maximum = 0;
};
WEIR_FIELDS(Statistics, count, sum, maximum)

struct Summarize {
  Statistics CreateAccumulator() { return {0, 0, std::numeric_limits<std::int64_t>::min()}; }
  void Add(const Reading& reading, Statistics& statistics) {
    ++statistics.count;
    statistics.sum += reading.value;
    statistics.maximum = std::max(statistics.maximum, reading.value);
  }
  std::string GetResult(const std::string& sensor, const Statistics& statistics) {
    return sensor + " " + std::to_string(statistics.count) + " " + std::to_string(statistics.sum) +
           " " + std::to_string(statistics.maximum);
  }
};

void KeyedAggregate(GoldenJob& golden) {
  const auto parse = [](const std::vector<std::string>& words) {
    return Reading{words.at(0), std::stoll(words.at(1))};
  };
  golden.Expect(golden.Records<Reading>(parse)
                    .KeyBy([](const Reading& reading) { return reading.sensor; })
                    .Aggregate(Summarize())
                    .Uid("summaries"),
                Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(KeyedAggregate)

}  // namespace weir::golden::keyed_aggregate
