// Event-time timers: once for a key and time, in the order of their times.
#include <cstdint>
#include <string>
#include <tuple>

#include "tests/jobs/event.h"
#include "tests/jobs/golden_job.h"

namespace weir::golden::timers {
namespace {

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
  golden.Expect(golden.Records<Event>(ParseEvent, EventTimes())
                    .KeyBy(kByKey)
                    .Process(CountSeconds())
                    .Uid("count-seconds"),
                Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(Timers)

}  // namespace weir::golden::timers
