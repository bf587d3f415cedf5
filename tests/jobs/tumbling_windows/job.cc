// Count and sum of each key and second; what comes too late goes to the side.
#include <cstdint>
#include <string>

#include "tests/jobs/event.h"
#include "tests/jobs/golden_job.h"

namespace weir::golden::tumbling_windows {
namespace {

// A watermark behind each block. It may travel behind the records that are in a batch with those
// before it, but not further: so what the end of the input brings, more than a batch of its key's
// records later, is late for certain.
struct HighestSoFar {
  void OnEvent(const Event&, std::int64_t timestamp_ms, WatermarkOutput& output) {
    output.EmitWatermark(timestamp_ms - 200 - 1);
  }
};

struct Sum {
  std::int64_t count = 0;
  std::int64_t sum = 0;
};
WEIR_FIELDS(Sum, count, sum)

struct Summing {
  Sum CreateAccumulator() { return {}; }
  void Add(const Event& event, Sum& sum) {
    ++sum.count;
    sum.sum += event.value;
  }
  Sum GetResult(const Sum& sum) { return sum; }
};

void TumblingWindows(GoldenJob& golden) {
  const OutputTag<Event> late{"late"};
  const auto strategy = WatermarkStrategy<Event>::ForGenerator(HighestSoFar())
                            .WithTimestampAssigner([](const Event& each) { return each.time_ms; });
  const auto sums =
      golden.Records<Event>(ParseEvent, strategy)
          .KeyBy(kByKey)
          .Window(TumblingEventTimeWindows::Of(1'000))
          .SideOutputLateData(late)
          .Aggregate(Summing(),
                     [](const std::string& key, WindowContext<std::string>& context,
                        const WindowElements<Sum>& sums, Collector<std::string>& out) {
                       out.Collect(key + " " + std::to_string(context.window().start_ms) + " " +
                                   std::to_string(sums[0].count) + " " +
                                   std::to_string(sums[0].sum));
                     })
          .Uid("sums");
  const auto lost = sums.GetSideOutput(late).Map(
      [](const Event& event) { return "late " + event.key + " " + std::to_string(event.value); });
  golden.Expect(sums.Union(lost));
}

}  // namespace

GOLDEN_JOB(TumblingWindows)

}  // namespace weir::golden::tumbling_windows
