// Counts what the program and the plugins it loads allocate.
#pragma once

#include <cstdint>

namespace benchmarks {

// Calls of operator new in this process so far. Any thread.
std::uint64_t Allocations();

}  // namespace benchmarks
