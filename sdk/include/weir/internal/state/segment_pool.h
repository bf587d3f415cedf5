// The memory of a table: segments of one size, cut from slabs that double in size and lie on huge
// pages once they are large enough. Segments are recycled; slabs go back when the pool ends.
//
// Thread rules: the task's thread; At() below a size() that was read before also from others.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <weir/internal/state/segment_claim.h>

namespace weir::internal {

inline constexpr std::size_t kSegmentBytes = std::size_t{32} * 1024;

// The first cache line of a segment; its slots follow.
struct alignas(64) Segment {
  SegmentClaim claim;
  bool in_use = false;
  std::uint8_t depth = 0;       // leading bits that all its tags share
  std::uint32_t slots = 0;      // to look at; the one behind them is always empty
  std::uint32_t size = 0;       // entries here, those of overflow segments not counted
  std::uint64_t first_tag = 0;  // the smallest tag that belongs here
  Segment* overflow = nullptr;  // where entries went that no split could separate
  // Of a snapshot that copies entries (table_snapshot.h), by whoever holds the claim. Only the task
  // writes the first, so it may read it at any time.
  std::uint32_t marks_epoch = 0;  // that the marks are of
  std::uint32_t saver_epoch = 0;  // that saved_slots is of
  std::uint32_t saved_slots = 0;  // the saver is past these
};
static_assert(sizeof(Segment) == 64);

class SegmentPool {
 public:
  SegmentPool() = default;
  SegmentPool(const SegmentPool&) = delete;
  SegmentPool& operator=(const SegmentPool&) = delete;
  ~SegmentPool();

  // A segment that is not in use, aligned to kSegmentBytes; what follows its header is unspecified.
  // Fresh memory is touched by whoever writes to it, not here. Throws std::bad_alloc.
  Segment* Take();
  void GiveBack(Segment* segment) {
    segment->in_use = false;
    free_.push_back(segment);
  }

  // Segments that exist, in use or not: At(0) to At(size() - 1), which never move.
  std::uint32_t size() const { return size_; }
  Segment* At(std::uint32_t index) const {
    const std::uint32_t slab = SlabOf(index);
    return reinterpret_cast<Segment*>(slabs_[slab] + (index - FirstOf(slab)) * kSegmentBytes);
  }

 private:
  static constexpr std::uint32_t kFirstSlabBits = 2;
  // Slab 0 holds 4 segments, slab n as many as all before it.
  static std::uint32_t SlabOf(std::uint32_t index) {
    return static_cast<std::uint32_t>(std::bit_width(index >> kFirstSlabBits));
  }
  static std::uint32_t FirstOf(std::uint32_t slab) {
    return slab == 0 ? 0 : (1u << kFirstSlabBits) << (slab - 1);
  }
  static std::size_t BytesOf(std::uint32_t slab) {
    return kSegmentBytes * (slab == 0 ? 1u << kFirstSlabBits : FirstOf(slab));
  }

  std::array<std::byte*, 30> slabs_{};
  std::uint32_t size_ = 0;
  std::vector<Segment*> free_;
};

}  // namespace weir::internal
