#include <cstdint>
#include <new>

#include <sys/mman.h>

#include <weir/internal/state/segment_pool.h>

namespace weir::internal {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} * 1024 * 1024;

// Address space of `bytes`, aligned; pages come when they are touched.
std::byte* MapAligned(std::size_t bytes, std::size_t alignment) {
  void* mapped = ::mmap(nullptr, bytes + alignment, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(begin) & (alignment - 1);
  if (before != 0) ::munmap(begin, before);
  if (before != alignment) ::munmap(begin + before + bytes, alignment - before);
  return begin + before;
}

}  // namespace

SegmentPool::~SegmentPool() {
  for (std::uint32_t slab = 0; slab < slabs_.size() && slabs_[slab] != nullptr; ++slab) {
    ::munmap(slabs_[slab], BytesOf(slab));
  }
}

Segment* SegmentPool::Take() {
  if (!free_.empty()) {
    Segment* recycled = free_.back();
    free_.pop_back();
    return recycled;
  }
  const std::uint32_t slab = SlabOf(size_);
  if (slab >= slabs_.size()) throw std::bad_alloc();
  if (slabs_[slab] == nullptr) {
    const std::size_t bytes = BytesOf(slab);
    const bool huge = bytes >= kHugePageBytes;
    slabs_[slab] = MapAligned(bytes, huge ? kHugePageBytes : kSegmentBytes);
    // Advice: where it is refused the table works, with more page faults and misses of the TLB.
    if (huge) ::madvise(slabs_[slab], bytes, MADV_HUGEPAGE);
  }
  return new (At(size_++)) Segment();
}

}  // namespace weir::internal
