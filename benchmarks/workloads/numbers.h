// Records that are numbers.
#pragma once

#include <cstdint>

#include "benchmarks/workloads/digest.h"
#include "benchmarks/workloads/nexmark/records.h"

namespace benchmarks {

inline std::uint64_t HashOf(std::int64_t value) {
  return Mix(static_cast<std::uint64_t>(value) + 0x9E3779B97F4A7C15);
}

// What a running count takes (count 1) and gives.
struct KeyCount {
  std::int64_t key = 0;  // from 1 on
  std::int64_t count = 0;
};

inline std::uint64_t HashOf(const KeyCount& record) {
  return nexmark::HashPair(record.key, record.count);
}

// The index-th of records whose keys are spread evenly over 1 to `keys`.
inline void Fill(std::int64_t index, std::int64_t keys, KeyCount& record) {
  const std::uint64_t random = Mix(static_cast<std::uint64_t>(index) + 1);
  record.key =
      1 + static_cast<std::int64_t>(((random >> 32) * static_cast<std::uint64_t>(keys)) >> 32);
  record.count = 1;
}

}  // namespace benchmarks
