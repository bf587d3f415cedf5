#include "tests/unit/sdk/window_oracle.h"

#include <algorithm>
#include <cmath>

namespace weir::testing {

std::int64_t WindowOracle::Window::last_ms() const {
  return end_ms == INT64_MAX ? INT64_MAX : end_ms - 1;
}

std::string OraclePlan::ToString() const {
  static const char* const kAssigners[] = {"aligned", "session", "global"};
  static const char* const kTriggers[] = {"event time",
                                          "processing time",
                                          "count",
                                          "continuous event time",
                                          "continuous processing time",
                                          "delta",
                                          "never",
                                          "end of stream"};
  static const char* const kEvictors[] = {"none", "count", "time", "delta"};
  return std::string(event_time ? "event time " : "processing time ") +
         kAssigners[static_cast<int>(assigner)] + " size " + std::to_string(size_ms) + " slide " +
         std::to_string(slide_ms) + " offset " + std::to_string(offset_ms) + " gap " +
         std::to_string(gap_ms) + (dynamic_gap ? " dynamic" : "") + ", trigger " +
         kTriggers[static_cast<int>(trigger)] + " " + std::to_string(trigger_argument) +
         (purging ? " purging" : "") + ", evictor " + kEvictors[static_cast<int>(evictor)] + " " +
         std::to_string(evictor_argument) + (evict_after ? " after" : " before") + ", lateness " +
         std::to_string(lateness_ms);
}

// Tries every possible start.
std::vector<std::pair<std::int64_t, std::int64_t>> WindowOracle::WindowsOf(
    const OracleRecord& record) const {
  const std::int64_t time_ms = plan_.event_time ? record.timestamp_ms : now_ms_;
  if (plan_.assigner == OracleAssigner::kGlobal) return {{0, INT64_MAX}};
  if (plan_.assigner == OracleAssigner::kSession) {
    return {{time_ms, time_ms + (plan_.dynamic_gap ? record.gap_ms : plan_.gap_ms)}};
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> found;
  for (std::int64_t start = time_ms; start > time_ms - plan_.size_ms; --start) {
    if ((start - plan_.offset_ms) % plan_.slide_ms == 0) {
      found.emplace_back(start, start + plan_.size_ms);
    }
  }
  return found;
}

std::int64_t WindowOracle::CleanupTime(const Window& window) const {
  if (!plan_.event_time || window.last_ms() == INT64_MAX) return window.last_ms();
  return window.last_ms() + plan_.lateness_ms;
}
bool WindowOracle::IsLate(const Window& window) const {
  return plan_.event_time && plan_.assigner != OracleAssigner::kGlobal &&
         CleanupTime(window) <= watermark_ms_;
}

WindowOracle::Window& WindowOracle::WindowFor(std::int64_t key, std::int64_t start_ms,
                                              std::int64_t end_ms) {
  for (Window& window : windows_) {
    if (window.key == key && window.start_ms == start_ms && window.end_ms == end_ms) return window;
  }
  Window& added = windows_.emplace_back();
  added.key = key;
  added.start_ms = start_ms;
  added.end_ms = end_ms;
  return added;
}
void WindowOracle::Remove(const Window& window) {
  std::erase_if(windows_, [key = window.key, start = window.start_ms,
                           end = window.end_ms](const Window& each) {
    return each.key == key && each.start_ms == start && each.end_ms == end;
  });
}

WindowOracle::Window& WindowOracle::Merged(std::int64_t key, std::int64_t start_ms,
                                           std::int64_t end_ms) {
  std::vector<Window> merged;
  for (const Window& each : windows_) {
    if (each.key == key && each.start_ms <= end_ms && each.end_ms >= start_ms) {
      merged.push_back(each);
    }
  }
  std::sort(merged.begin(), merged.end(),
            [](const Window& a, const Window& b) { return a.start_ms < b.start_ms; });
  std::int64_t start = start_ms;
  std::int64_t end = end_ms;
  for (const Window& each : merged) {
    start = std::min(start, each.start_ms);
    end = std::max(end, each.end_ms);
  }
  if (merged.size() == 1 && merged[0].start_ms == start && merged[0].end_ms == end) {
    return WindowFor(key, start, end);
  }
  for (const Window& each : merged) Remove(each);
  Window& into = WindowFor(key, start, end);
  for (const Window& each : merged) OnMerge(into, each);
  if (merged.empty()) return into;
  if (plan_.trigger == OracleTrigger::kEventTime && into.last_ms() > watermark_ms_) {
    into.event_timers.insert(into.last_ms());
  }
  if (plan_.trigger == OracleTrigger::kProcessingTime && into.last_ms() > now_ms_) {
    into.processing_timers.insert(into.last_ms());
  }
  if (plan_.trigger == OracleTrigger::kEndOfStream) into.event_timers.insert(INT64_MAX);
  if (into.next_firing) {
    (plan_.trigger == OracleTrigger::kContinuousEventTime ? into.event_timers
                                                          : into.processing_timers)
        .insert(*into.next_firing);
  }
  return into;
}
void WindowOracle::OnMerge(Window& into, const Window& from) {
  into.records.insert(into.records.end(), from.records.begin(), from.records.end());
  into.count += from.count;
  if (from.next_firing) {
    into.next_firing = std::min(into.next_firing.value_or(INT64_MAX), *from.next_firing);
  }
}

void WindowOracle::Add(const OracleRecord& record) {
  bool in_a_window = false;
  for (const auto& [start, end] : WindowsOf(record)) {
    Window& window = plan_.assigner == OracleAssigner::kSession ? Merged(record.key, start, end)
                                                                : WindowFor(record.key, start, end);
    if (IsLate(window)) {
      Remove(window);
      continue;
    }
    in_a_window = true;
    window.records.push_back(record);
    Fire(window, OnElement(window, record));
    const std::int64_t cleanup_ms = CleanupTime(window);
    if (cleanup_ms == INT64_MAX) continue;
    (plan_.event_time ? window.event_timers : window.processing_timers).insert(cleanup_ms);
  }
  if (!in_a_window && plan_.event_time &&
      record.timestamp_ms + plan_.lateness_ms <= watermark_ms_) {
    late.push_back(record);
  }
}

WindowOracle::Result WindowOracle::OnElement(Window& window, const OracleRecord& record) {
  const std::int64_t argument = plan_.trigger_argument;
  switch (plan_.trigger) {
    case OracleTrigger::kEventTime:
      if (window.last_ms() <= watermark_ms_) return Result::kFire;
      window.event_timers.insert(window.last_ms());
      return Result::kContinue;
    case OracleTrigger::kProcessingTime:
      window.processing_timers.insert(window.last_ms());
      return Result::kContinue;
    case OracleTrigger::kCount:
      if (++window.count < argument) return Result::kContinue;
      window.count = 0;
      return Result::kFire;
    case OracleTrigger::kContinuousEventTime:
      if (window.last_ms() <= watermark_ms_) return Result::kFire;
      window.event_timers.insert(window.last_ms());
      if (!window.next_firing) {
        const std::int64_t before = record.timestamp_ms - record.timestamp_ms % argument;
        window.next_firing = std::min(before + argument, window.last_ms());
        window.event_timers.insert(*window.next_firing);
      }
      return Result::kContinue;
    case OracleTrigger::kContinuousProcessingTime:
      if (!window.next_firing) {
        const std::int64_t before = now_ms_ - now_ms_ % argument;
        window.next_firing = std::min(before + argument, window.last_ms());
        window.processing_timers.insert(*window.next_firing);
      }
      return Result::kContinue;
    case OracleTrigger::kDelta:
      if (!window.fired) {
        window.fired = record;
        return Result::kContinue;
      }
      if (std::abs(record.value - window.fired->value) <= argument) return Result::kContinue;
      window.fired = record;
      return Result::kFire;
    case OracleTrigger::kNever:
      return Result::kContinue;
    case OracleTrigger::kEndOfStream:
      window.event_timers.insert(INT64_MAX);
      return Result::kContinue;
  }
  return Result::kContinue;
}

WindowOracle::Result WindowOracle::OnEventTime(Window& window, std::int64_t time_ms) {
  if (plan_.trigger == OracleTrigger::kEventTime) {
    return time_ms == window.last_ms() ? Result::kFire : Result::kContinue;
  }
  if (plan_.trigger == OracleTrigger::kEndOfStream) {
    return time_ms == INT64_MAX ? Result::kFire : Result::kContinue;
  }
  if (plan_.trigger != OracleTrigger::kContinuousEventTime) return Result::kContinue;
  if (time_ms == window.last_ms()) return Result::kFire;
  if (window.next_firing != time_ms) return Result::kContinue;
  window.next_firing = watermark_ms_ == window.last_ms()
                           ? window.last_ms()
                           : std::min(time_ms + plan_.trigger_argument, window.last_ms());
  window.event_timers.insert(*window.next_firing);
  return Result::kFire;
}
WindowOracle::Result WindowOracle::OnProcessingTime(Window& window, std::int64_t time_ms) {
  if (plan_.trigger == OracleTrigger::kProcessingTime) return Result::kFire;
  if (plan_.trigger != OracleTrigger::kContinuousProcessingTime) return Result::kContinue;
  if (window.next_firing != time_ms) return Result::kContinue;
  window.next_firing.reset();
  if (time_ms < window.last_ms()) {
    window.next_firing = std::min(time_ms + plan_.trigger_argument, window.last_ms());
    window.processing_timers.insert(*window.next_firing);
  }
  return Result::kFire;
}

void WindowOracle::Fire(Window& window, Result result) {
  if (result != Result::kFire) return;
  if (!window.records.empty()) {
    std::vector<OracleRecord> seen = window.records;
    if (!plan_.evict_after) Evict(seen);
    OracleResult& fired = results.emplace_back();
    fired.key = window.key;
    fired.start_ms = window.start_ms;
    fired.end_ms = window.end_ms;
    for (const OracleRecord& each : seen) fired.values.push_back(each.value);
    if (plan_.evict_after) Evict(seen);
    window.records = seen;
  }
  if (plan_.purging) window.records.clear();
}
void WindowOracle::Evict(std::vector<OracleRecord>& records) const {
  if (records.empty()) return;
  const std::int64_t argument = plan_.evictor_argument;
  if (plan_.evictor == OracleEvictor::kCount) {
    while (static_cast<std::int64_t>(records.size()) > argument) records.erase(records.begin());
  } else if (plan_.evictor == OracleEvictor::kTime) {
    std::int64_t latest = INT64_MIN;
    for (const OracleRecord& each : records) latest = std::max(latest, each.timestamp_ms);
    std::erase_if(records,
                  [&](const OracleRecord& each) { return each.timestamp_ms <= latest - argument; });
  } else if (plan_.evictor == OracleEvictor::kDelta) {
    const std::int64_t last = records.back().value;
    std::erase_if(
        records, [&](const OracleRecord& each) { return std::abs(each.value - last) >= argument; });
  }
}

bool WindowOracle::FireFirstTimer(bool event_time, std::int64_t until_ms) {
  Window* first = nullptr;
  std::int64_t first_ms = 0;
  for (Window& window : windows_) {
    const auto& timers = event_time ? window.event_timers : window.processing_timers;
    if (timers.empty() || *timers.begin() > until_ms) continue;
    if (first != nullptr && first_ms <= *timers.begin()) continue;
    first = &window;
    first_ms = *timers.begin();
  }
  if (first == nullptr) return false;
  auto& timers = event_time ? first->event_timers : first->processing_timers;
  timers.erase(timers.begin());
  if (!event_time) now_ms_ = std::max(now_ms_, first_ms + 1);
  Fire(*first, event_time ? OnEventTime(*first, first_ms) : OnProcessingTime(*first, first_ms));
  if (event_time == plan_.event_time && first_ms == CleanupTime(*first)) Remove(*first);
  return true;
}
void WindowOracle::AdvanceWatermark(std::int64_t watermark_ms) {
  watermark_ms_ = watermark_ms;
  while (FireFirstTimer(true, watermark_ms)) {
  }
}
void WindowOracle::AdvanceProcessingTime(std::int64_t now_ms) {
  while (FireFirstTimer(false, now_ms - 1)) {  // whose millisecond has passed
  }
  now_ms_ = now_ms;
}

}  // namespace weir::testing
