// Windows: what an assigner puts a record into. A window is the namespace of the state that is kept
// in it, so its type is a key (weir/stable_hash.h) and can be serialized; it has
// std::int64_t MaxTimestamp() const, the last millisecond that belongs to it: the timestamp of its
// results, and the time at which event-time and processing-time triggers fire.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include <weir/fields.h>
#include <weir/internal/byte_reader.h>
#include <weir/internal/byte_writer.h>
#include <weir/serializer.h>
#include <weir/stable_hash.h>

namespace weir {

// From start_ms to before end_ms, milliseconds since the epoch.
struct TimeWindow {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;

  std::int64_t MaxTimestamp() const { return end_ms - 1; }
  // As in Flink windows that only touch intersect: a session goes on with a record that comes
  // exactly a gap after the one before it.
  bool Intersects(const TimeWindow& other) const {
    return start_ms <= other.end_ms && end_ms >= other.start_ms;
  }
  // The smallest window that holds both.
  TimeWindow Cover(const TimeWindow& other) const {
    return {std::min(start_ms, other.start_ms), std::max(end_ms, other.end_ms)};
  }
  bool operator==(const TimeWindow&) const = default;
};
WEIR_FIELDS(TimeWindow, start_ms, end_ms)

// The one window that holds everything (GlobalWindows). It ends with time itself.
struct GlobalWindow {
  std::int64_t MaxTimestamp() const { return std::numeric_limits<std::int64_t>::max(); }
  bool operator==(const GlobalWindow&) const = default;
};
template <>
struct StableHasher<GlobalWindow> {
  static std::uint64_t Hash(const GlobalWindow&) { return 0; }
};
template <>
struct Serializer<GlobalWindow> {
  static std::string Schema() { return "{}"; }
  static void Write(ByteWriter&, const GlobalWindow&) {}
  [[nodiscard]] static bool Read(ByteReader&, GlobalWindow&) { return true; }
};

inline std::string ToString(const TimeWindow& window) {
  return "[" + std::to_string(window.start_ms) + ", " + std::to_string(window.end_ms) + ")";
}
inline std::string ToString(const GlobalWindow&) {
  return "the global window";
}

}  // namespace weir
