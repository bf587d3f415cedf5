// What the test sinks write and the tests read: one fixed-size entry per record, in the order of
// arrival.
#pragma once

#include <cstdint>

namespace weir::cluster_test {

struct ArrivedRecord {
  std::int64_t value = 0;
  std::uint32_t source_subtask = 0;
  std::uint32_t sink_subtask = 0;
  std::uint32_t sink_attempt = 0;
  // Between the moment the source had the record and the sink got it.
  std::uint32_t latency_ms = 0;
};
static_assert(sizeof(ArrivedRecord) == 24);

// What a counting sink keeps up to date in its file instead of the records themselves.
struct ArrivalSummary {
  std::uint64_t records = 0;
  std::uint64_t from_second_input = 0;
  // The longest that a record of the second input was under way.
  std::uint64_t worst_latency_ms = 0;
};

}  // namespace weir::cluster_test
