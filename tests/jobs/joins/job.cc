// Interval join, window join and coGroup of two streams.
#include <cstdint>
#include <string>

#include "tests/jobs/event.h"
#include "tests/jobs/golden_job.h"

namespace weir::golden::joins {
namespace {

// Names its group by a record of either side.
struct DescribeGroup {
  void operator()(const WindowElements<Event>& left, const WindowElements<Event>& right,
                  Collector<std::string>& out) const {
    out.Collect((left.empty() ? right[0] : left[0]).key + " group " + std::to_string(left.size()) +
                " " + std::to_string(right.size()));
  }
};

void Joins(GoldenJob& golden) {
  const auto left = golden.Records<Event>(ParseEvent, EventTimes(), "left.txt");
  const auto right = golden.Records<Event>(ParseEvent, EventTimes(), "right.txt");
  const auto within = left.KeyBy(&Event::key)
                          .IntervalJoin(right.KeyBy(&Event::key))
                          .Between(-200, 400)
                          .Process([](const Event& first, const Event& second,
                                      ProcessJoinContext& context, Collector<std::string>& out) {
                            out.Collect(first.key + " within " + std::to_string(first.value) + " " +
                                        std::to_string(second.value) + " " +
                                        std::to_string(context.timestamp_ms()));
                          })
                          .Uid("within");
  const auto windows = left.Join(right)
                           .Where(&Event::key)
                           .EqualTo(&Event::key)
                           .Window(TumblingEventTimeWindows::Of(1'000))
                           .Apply([](const Event& first, const Event& second) {
                             return first.key + " window " + std::to_string(first.value) + " " +
                                    std::to_string(second.value);
                           })
                           .Uid("windows");
  const auto groups = left.CoGroup(right)
                          .Where(&Event::key)
                          .EqualTo(&Event::key)
                          .Window(TumblingEventTimeWindows::Of(1'000))
                          .Apply(DescribeGroup())
                          .Uid("groups");
  golden.Expect(within.Union(windows, groups));
}

}  // namespace

GOLDEN_JOB(Joins)

}  // namespace weir::golden::joins
