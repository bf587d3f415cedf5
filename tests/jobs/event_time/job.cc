// Timestamps go with their records; none is older than the watermark that goes before it, also
// behind a rate limit.
#include <cstdint>
#include <string>

#include "tests/jobs/golden_job.h"

namespace weir::golden::event_time {
namespace {

struct Event {
  std::string key;
  std::int64_t time_ms = 0;
};
WEIR_FIELDS(Event, key, time_ms)

struct Judge {
  void ProcessElement(const Event& event, KeyedProcessContext<std::string>& context,
                      Collector<std::string>& out) {
    std::string line = event.key + " " + std::to_string(context.timestamp_ms());
    line += context.timestamp_ms() > context.current_watermark_ms() ? " on time" : " late";
    out.Collect(std::move(line));
  }
};

void EventTime(GoldenJob& golden) {
  const auto parse = [](const std::vector<std::string>& words) {
    return Event{words.at(0), std::stoll(words.at(1))};
  };
  // No record is more than 60 ms older than one before it.
  const auto strategy =
      WatermarkStrategy<Event>::ForBoundedOutOfOrderness(60).WithTimestampAssigner(
          [](const Event& event) { return event.time_ms; });
  golden.Expect(golden.Records<Event>(parse, strategy)
                    .RateLimit(1'000'000)  // watermarks wait with the records before them
                    .SetParallelism(1)     // the order of each key is kept
                    .Uid("limit")
                    .KeyBy([](const Event& event) { return event.key; })
                    .Process(Judge())
                    .Uid("judge"),
                Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(EventTime)

}  // namespace weir::golden::event_time
