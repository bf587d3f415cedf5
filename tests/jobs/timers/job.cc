// Event-time timers: once for a key and time, in the order of their times.
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "tests/jobs/golden_job.h"

namespace weir::golden::timers {
namespace {

struct Event {
  std::string key;
  std::int64_t value = 0;
  std::int64_t time_ms = 0;
};
WEIR_FIELDS(Event, key, value, time_ms)

Event Parse(const std::vector<std::string>& words) {
  return {words.at(0), std::stoll(words.at(1)), std::stoll(words.at(2))};
}

// No record is more than 200 ms older than one before it.
WatermarkStrategy<Event> Strategy() {
  return WatermarkStrategy<Event>::ForBoundedOutOfOrderness(200).WithTimestampAssigner(
      [](const Event& event) { return event.time_ms; });
}
constexpr auto kByKey = [](const Event& event) { return event.key; };

// Windows by hand: a count for each second, given out and forgotten when the second has passed.
struct CountSeconds {
  MapState<std::int64_t, std::int64_t> counts{"counts"};
  auto States() { return std::tie(counts); }

  void ProcessElement(const Event& event, KeyedProcessContext<std::string>& context,
                      Collector<std::string>&) {
    const std::int64_t end_ms = (event.time_ms / 1'000 + 1) * 1'000;
    ++counts.Mutable(context, end_ms);
    context.TimerService().RegisterEventTimeTimer(end_ms);
    // Deleted again, so it never fires.
    context.TimerService().RegisterEventTimeTimer(end_ms - 1);
    context.TimerService().DeleteEventTimeTimer(end_ms - 1);
  }
  void OnTimer(std::int64_t time_ms, OnTimerContext<std::string>& context,
               Collector<std::string>& out) {
    out.Collect(context.key() + " " + std::to_string(time_ms) + " " +
                std::to_string(*counts.Find(context, time_ms)));
    counts.Remove(context, time_ms);
  }
};

void Timers(GoldenJob& golden) {
  golden.Expect(golden.Records<Event>(Parse, Strategy())
                    .KeyBy(kByKey)
                    .Process(CountSeconds())
                    .Uid("count-seconds"),
                Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(Timers)

}  // namespace weir::golden::timers
