// Sum, Min and MaxBy so far, for each record; each key comes from one split.
#include <cstdint>
#include <string>

#include "tests/jobs/event.h"
#include "tests/jobs/golden_job.h"

namespace weir::golden::rolling_aggregates {
namespace {

void RollingAggregates(GoldenJob& golden) {
  const auto by_key = golden.Records<Event>(ParseEvent).KeyBy(&Event::key);
  const auto sums = by_key.Sum(&Event::value).Uid("sum").Map([](const Event& event) {
    return "sum-" + event.key + " " + std::to_string(event.value);
  });
  const auto minima = by_key.Min(&Event::value).Uid("min").Map([](const Event& event) {
    return "min-" + event.key + " " + std::to_string(event.value);
  });
  const auto largest = by_key.MaxBy(&Event::value).Uid("max-by").Map([](const Event& event) {
    return "max-by-" + event.key + " " + std::to_string(event.value) + " " +
           std::to_string(event.time_ms);
  });
  golden.Expect(sums.Union(minima, largest), Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(RollingAggregates)

}  // namespace weir::golden::rolling_aggregates
