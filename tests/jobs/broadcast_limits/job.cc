// A stream that all subtasks get beside a keyed one, with list state and timers.
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "tests/jobs/golden_job.h"

namespace weir::golden::broadcast_limits {
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

const MapStateDescriptor<std::string, std::int64_t> kLimits{"limits"};

// Keeps events until all limits have come: the timers wait for the end of their stream.
struct ApplyLimits {
  ListState<Event> waiting{"waiting"};
  auto States() { return std::tie(waiting); }

  void ProcessElement(const Event& event, KeyedReadOnlyBroadcastContext<std::string>& context,
                      Collector<std::string>&) {
    waiting.Add(context, event);
    context.TimerService().RegisterEventTimeTimer(1'000'000);
  }
  void ProcessBroadcastElement(const Event& limit, KeyedBroadcastContext<std::string>& context,
                               Collector<std::string>&) {
    context.GetBroadcastState(kLimits).Put(limit.key, limit.value);
  }
  void OnTimer(std::int64_t, KeyedBroadcastOnTimerContext<std::string>& context,
               Collector<std::string>& out) {
    const std::int64_t* const limit = context.GetBroadcastState(kLimits).Find(context.key());
    waiting.ForEach(context, [&](const Event& event) {
      const std::string value = event.key + " " + std::to_string(event.value);
      if (limit == nullptr) {
        out.Collect(value + " has no limit");
      } else if (event.value > *limit) {
        out.Collect(value + " above " + std::to_string(*limit));
      }
    });
    waiting.Clear(context);
  }
};

void BroadcastLimits(GoldenJob& golden) {
  const auto timed = WatermarkStrategy<Event>::ForBoundedOutOfOrderness(200).WithTimestampAssigner(
      [](const Event& event) { return event.time_ms; });
  const auto limits = golden.Records<Event>(Parse, timed, "limits.txt").Broadcast(kLimits);
  golden.Expect(golden.Records<Event>(Parse, timed)
                    .KeyBy([](const Event& event) { return event.key; })
                    .Connect(limits)
                    .Process(ApplyLimits())
                    .Uid("limits"),
                Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(BroadcastLimits)

}  // namespace weir::golden::broadcast_limits
