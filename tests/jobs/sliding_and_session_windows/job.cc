// Sums of overlapping windows, and sessions with all their records.
#include <cstdint>
#include <string>
#include <vector>

#include "tests/jobs/golden_job.h"

namespace weir::golden::sliding_and_session_windows {
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

void SlidingAndSessionWindows(GoldenJob& golden) {
  const auto events = golden.Records<Event>(Parse, Strategy());
  const auto sliding =
      events.KeyBy(kByKey)
          .Window(SlidingEventTimeWindows::Of(2'000, 500))
          .Reduce([](Event& sum, const Event& event) { sum.value += event.value; },
                  [](const std::string& key, WindowContext<std::string>& context,
                     const WindowElements<Event>& sums, Collector<std::string>& out) {
                    out.Collect(key + " sliding " + std::to_string(context.window().start_ms) +
                                " " + std::to_string(sums[0].value));
                  })
          .Uid("sliding");
  const auto sessions =
      events.KeyBy(kByKey)
          .Window(EventTimeSessionWindows::WithGap(900))
          .Process([](const std::string& key, WindowContext<std::string>& context,
                      const WindowElements<Event>& events_of_session, Collector<std::string>& out) {
            std::int64_t sum = 0;
            for (const Event& event : events_of_session) sum += event.value;
            out.Collect(key + " session " + std::to_string(context.window().start_ms) + " " +
                        std::to_string(context.window().end_ms) + " " + std::to_string(sum) + " " +
                        std::to_string(events_of_session.size()));
          })
          .Uid("sessions");
  golden.Expect(sliding.Union(sessions));
}

}  // namespace

GOLDEN_JOB(SlidingAndSessionWindows)

}  // namespace weir::golden::sliding_and_session_windows
