#include "benchmarks/in_process/allocations.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> allocations = 0;

void* Allocate(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* Allocate(std::size_t size, std::align_val_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const auto bytes = static_cast<std::size_t>(alignment);
  void* const memory = std::aligned_alloc(bytes, (size + bytes - 1) / bytes * bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

namespace benchmarks {

std::uint64_t Allocations() {
  return allocations.load(std::memory_order_relaxed);
}

}  // namespace benchmarks

// The C++ library's forms for arrays and without exceptions call these. Visible, so that plugins
// take them as well.
#define BENCHMARKS_VISIBLE __attribute__((visibility("default")))
BENCHMARKS_VISIBLE void* operator new(std::size_t size) {
  return Allocate(size);
}
BENCHMARKS_VISIBLE void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, alignment);
}
BENCHMARKS_VISIBLE void operator delete(void* memory) noexcept {
  std::free(memory);
}
BENCHMARKS_VISIBLE void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
BENCHMARKS_VISIBLE void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
BENCHMARKS_VISIBLE void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
