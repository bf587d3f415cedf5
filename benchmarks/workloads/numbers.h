// Records that are numbers.
#pragma once

#include <cstdint>

#include "benchmarks/workloads/digest.h"

namespace benchmarks {

inline std::uint64_t HashOf(std::int64_t value) {
  return Mix(static_cast<std::uint64_t>(value) + 0x9E3779B97F4A7C15);
}

}  // namespace benchmarks
