// The seed of a random test.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace weir {

// Another one in each run; WEIR_TEST_SEED in the environment repeats one that a failure printed.
inline std::uint64_t TestSeed() {
  const char* const given = std::getenv("WEIR_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

}  // namespace weir
