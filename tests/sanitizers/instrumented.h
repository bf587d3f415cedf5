// Whether this build finds faults of memory or of threads, and how much of a test it has to repeat.
#pragma once

#include <algorithm>
#include <cstdint>

namespace weir::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kInstrumented = true;
#else
inline constexpr bool kInstrumented = false;
#endif

// Steps or seeds of a random test: instrumented code is ten times as slow, and has nothing to find
// in the second ten thousand steps that the other builds would not.
constexpr std::int64_t Repetitions(std::int64_t count) {
  return kInstrumented ? std::max<std::int64_t>(count / 5, 1) : count;
}

}  // namespace weir::test
