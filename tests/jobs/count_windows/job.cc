// Every five records of a key; what is left over at the end gives nothing.
#include <algorithm>
#include <cstdint>
#include <string>

#include "tests/jobs/event.h"
#include "tests/jobs/golden_job.h"

namespace weir::golden::count_windows {
namespace {

void CountWindows(GoldenJob& golden) {
  golden.Expect(golden.Records<Event>(ParseEvent)
                    .KeyBy(kByKey)
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
