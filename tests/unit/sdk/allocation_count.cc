#include "tests/unit/sdk/allocation_count.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> count{0};

}  // namespace

#if !WEIR_TEST_ADDRESS_SANITIZER && !WEIR_TEST_THREAD_SANITIZER
// The other forms of operator new call this one.
void* operator new(std::size_t size) {
  count.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#endif

namespace weir::testing {

std::uint64_t AllocationCount() {
  return count.load(std::memory_order_relaxed);
}

}  // namespace weir::testing
