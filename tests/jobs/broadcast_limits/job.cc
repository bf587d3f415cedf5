// A stream that all subtasks get beside a keyed one, with list state and timers.
#include <cstdint>
#include <string>
#include <tuple>

#include "tests/jobs/event.h"
#include "tests/jobs/golden_job.h"

namespace weir::golden::broadcast_limits {
namespace {

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
  const auto limits =
      golden.Records<Event>(ParseEvent, EventTimes(), "limits.txt").Broadcast(kLimits);
  golden.Expect(golden.Records<Event>(ParseEvent, EventTimes())
                    .KeyBy(kByKey)
                    .Connect(limits)
                    .Process(ApplyLimits())
                    .Uid("limits"),
                Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(BroadcastLimits)

}  // namespace weir::golden::broadcast_limits
