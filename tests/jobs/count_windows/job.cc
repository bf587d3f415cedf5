// Every five records of a key; what is left over at the end gives nothing.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/jobs/golden_job.h"

namespace weir::golden::count_windows {
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

void CountWindows(GoldenJob& golden) {
  golden.Expect(golden.Records<Event>(Parse)
                    .KeyBy([](const Event& event) { return event.key; })
                    .Window(GlobalWindows::Create())
                    .Trigger(PurgingTrigger(CountTrigger::Of(5)))
                    .Process([](const std::string& key, WindowContext<std::string, GlobalWindow>&,
                                const WindowElements<Event>& events, Collector<std::string>& out) {
                      std::int64_t sum = 0;
                      std::int64_t largest = 0;
                      for (const Event& event : events) {
                        sum += event.value;
                        largest = std::max(largest, event.value);
                      }
                      out.Collect(key + " " + std::to_string(sum) + " " + std::to_string(largest));
                    })
                    .Uid("fives"),
                Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(CountWindows)

}  // namespace weir::golden::count_windows
