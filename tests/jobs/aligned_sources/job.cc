// Two sources that wait for each other in event time: nobody waits for ever, and nothing is lost.
#include <cstdint>
#include <string>

#include "tests/jobs/event.h"
#include "tests/jobs/golden_job.h"

namespace weir::golden::aligned_sources {
namespace {

void AlignedSources(GoldenJob& golden) {
  const auto aligned = EventTimes().WithWatermarkAlignment("both", /*max_drift_ms=*/100,
                                                           /*update_interval_ms=*/1);
  const auto left = golden.Records<Event>(ParseEvent, aligned, "left.txt");
  const auto right = golden.Records<Event>(ParseEvent, aligned, "right.txt");
  golden.Expect(left.Union(right)
                    .KeyBy(kByKey)
                    .Window(TumblingEventTimeWindows::Of(1'000))
                    .Reduce([](Event& sum, const Event& event) { sum.value += event.value; },
                            [](const std::string& key, WindowContext<std::string>& context,
                               const WindowElements<Event>& sums, Collector<std::string>& out) {
                              out.Collect(key + " " + std::to_string(context.window().start_ms) +
                                          " " + std::to_string(sums[0].value));
                            })
                    .Uid("sums"),
                Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(AlignedSources)

}  // namespace weir::golden::aligned_sources
