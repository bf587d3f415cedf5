// From a tag to its segment: an array indexed by the tag's leading bits (extendible hashing: Fagin,
// Nievergelt, Pippenger, Strong 1979). It doubles by copying 8 bytes for each entry, and has an
// entry for about every 20 KiB of state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <weir/internal/state/segment_pool.h>

namespace weir::internal {

class SegmentDirectory {
 public:
  // A segment with what a look-up needs to know of it, in the bits that alignment leaves free.
  class Entry {
   public:
    Entry() = default;
    explicit Entry(const Segment* segment)
        : bits_(reinterpret_cast<std::uintptr_t>(segment) | segment->depth |
                (segment->overflow != nullptr ? kOverflow : 0)) {}
    Segment* segment() const { return reinterpret_cast<Segment*>(bits_ & ~kMask); }
    std::uint32_t depth() const { return static_cast<std::uint32_t>(bits_ & 63); }
    bool has_overflow() const { return (bits_ & kOverflow) != 0; }

   private:
    static constexpr std::uintptr_t kOverflow = 64;
    static constexpr std::uintptr_t kMask = kSegmentBytes - 1;
    std::uintptr_t bits_ = 0;
  };

  // Two segments of depth 1 to begin with: assign them.
  SegmentDirectory() : entries_(2) {}

  Entry At(std::uint64_t tag) const { return entries_[tag >> shift_]; }

  // Enters a segment, or what changed of it, for all tags that begin as its first one.
  void Assign(const Segment* segment) {
    const std::size_t first = segment->first_tag >> shift_;
    const std::size_t count = std::size_t{1} << (64 - shift_ - segment->depth);
    for (std::size_t i = first; i < first + count; ++i) entries_[i] = Entry(segment);
  }

  // Whether a segment of this depth may be split. Not where only equal leading bits fill it: the
  // directory stays in proportion to the number of segments.
  bool MaySplit(std::uint32_t depth, std::size_t segments) const {
    return depth < global_depth() || (depth < kMaximumDepth && entries_.size() < 64 * segments);
  }
  // Before segments of `depth` are assigned.
  void EnsureDepth(std::uint32_t depth) {
    while (global_depth() < depth) Double();
  }

 private:
  static constexpr std::uint32_t kMaximumDepth = 31;  // a slot is chosen by the 32 bits below

  std::uint32_t global_depth() const { return 64 - shift_; }
  void Double() {
    std::vector<Entry> doubled;
    doubled.reserve(2 * entries_.size());
    for (const Entry& entry : entries_) doubled.insert(doubled.end(), 2, entry);
    entries_.swap(doubled);
    --shift_;
  }

  std::vector<Entry> entries_;
  std::uint32_t shift_ = 63;
};

}  // namespace weir::internal
