// The record that most golden jobs are about: lines of "key value time_ms".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/jobs/golden_job.h"

namespace weir::golden {

struct Event {
  std::string key;
  std::int64_t value = 0;
  std::int64_t time_ms = 0;
};
WEIR_FIELDS(Event, key, value, time_ms)

// For GoldenJob::Records.
inline Event ParseEvent(const std::vector<std::string>& words) {
  return {words.at(0), std::stoll(words.at(1)), std::stoll(words.at(2))};
}

// No event is more than 200 ms older than one before it.
inline WatermarkStrategy<Event> EventTimes() {
  return WatermarkStrategy<Event>::ForBoundedOutOfOrderness(200).WithTimestampAssigner(
      [](const Event& event) { return event.time_ms; });
}

// For KeyBy.
inline constexpr auto kByKey = [](const Event& event) { return event.key; };

}  // namespace weir::golden
