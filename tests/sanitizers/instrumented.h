// Whether this build finds faults of memory or of threads, and how much of a test it has to repeat.
#pragma once

#include <algorithm>
#include <cstdint>

// GCC says by a macro which sanitizer it builds with, Clang by __has_feature.
#if defined(__has_feature)
#define WEIR_TEST_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#define WEIR_TEST_THREAD_SANITIZER __has_feature(thread_sanitizer)
#else
#ifdef __SANITIZE_ADDRESS__
#define WEIR_TEST_ADDRESS_SANITIZER 1
#endif
#ifdef __SANITIZE_THREAD__
#define WEIR_TEST_THREAD_SANITIZER 1
#endif
#endif

namespace weir::test {

#if WEIR_TEST_ADDRESS_SANITIZER || WEIR_TEST_THREAD_SANITIZER
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
