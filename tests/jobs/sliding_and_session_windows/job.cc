// Sums of overlapping windows, and sessions with all their records.
#include <cstdint>
#include <string>

#include "tests/jobs/event.h"
#include "tests/jobs/golden_job.h"

namespace weir::golden::sliding_and_session_windows {
namespace {

void SlidingAndSessionWindows(GoldenJob& golden) {
  const auto events = golden.Records<Event>(ParseEvent, EventTimes());
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
