// How often this test binary has called operator new.
#pragma once

#include <cstdint>

namespace weir::testing {

// Sanitizers have the allocator for themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kCountsAllocations = false;
#else
inline constexpr bool kCountsAllocations = true;
#endif

// By all threads so far; 0 where they are not counted.
std::uint64_t AllocationCount();

}  // namespace weir::testing
