// Counts by key in windows of a minute, that follow each other or begin every second: shared by
// the limit and the jobs.
#pragma once

#include <cstdint>

#include "benchmarks/workloads/digest.h"
#include "benchmarks/workloads/nexmark/records.h"
#include "benchmarks/workloads/numbers.h"

namespace benchmarks {

inline constexpr std::int64_t kMinuteMs = 60'000;
inline constexpr std::int64_t kSecondMs = 1'000;
inline constexpr std::int64_t kRecordsPerMillisecond = 1'000;
inline constexpr std::int64_t kWindowedKeys = 10'000;

// Keys are spread evenly over 1 to kWindowedKeys.
struct TimedKey {
  std::int64_t key = 0;
  std::int64_t date_time_ms = 0;
};
inline void Fill(std::int64_t index, TimedKey& record) {
  KeyCount key;
  Fill(index, kWindowedKeys, key);
  record.key = key.key;
  record.date_time_ms = 1'700'000'000'000 + index / kRecordsPerMillisecond;
}

struct WindowedCount {
  std::int64_t window_end_ms = 0;
  std::int64_t key = 0;
  std::int64_t count = 0;
};
inline std::uint64_t HashOf(const WindowedCount& result) {
  return nexmark::HashPair(result.key, result.count) +
         nexmark::HashPair(result.window_end_ms, result.key);
}

}  // namespace benchmarks
