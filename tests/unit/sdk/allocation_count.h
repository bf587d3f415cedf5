// How often this test binary has called operator new.
#pragma once

#include <cstdint>

#include "tests/sanitizers/instrumented.h"

namespace weir::testing {

// Sanitizers have the allocator for themselves.
inline constexpr bool kCountsAllocations = !test::kInstrumented;

// By all threads so far; 0 where they are not counted.
std::uint64_t AllocationCount();

}  // namespace weir::testing
