// The record of all cluster test jobs: a number that says where it came from and when.
#pragma once

#include <chrono>
#include <cstdint>

#include <weir/fields.h>

namespace weir::cluster_test {

struct TaggedRecord {
  std::int64_t value = 0;
  std::uint32_t source_subtask = 0;
  std::uint32_t input = 0;  // 1 for what came through the second input of a Connect
  std::int64_t created_ms = 0;
};
WEIR_FIELDS(TaggedRecord, value, source_subtask, input, created_ms)

// One clock for all processes of the machine.
inline std::int64_t SteadyMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace weir::cluster_test
