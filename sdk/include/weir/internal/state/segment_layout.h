// How slots lie in a segment behind its header and marks: homes, to which tags are mapped in their
// order, then a tail for what does not fit behind the last homes, then one slot that is always
// empty and ends every search.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <weir/internal/state/segment_pool.h>

namespace weir::internal {

// Of a slot whose entries are copied one by one for a snapshot: room for a bit for each, between
// the segment's header and its slots.
template <class Slot>
inline constexpr std::size_t kMarkBytes =
    Slot::kCopiedAlone ? (kSegmentBytes / sizeof(Slot) / 8 + 63) / 64 * 64 : 0;

template <class Slot>
Slot* SlotsOf(Segment* segment) {
  static_assert(alignof(Slot) <= alignof(Segment));
  return reinterpret_cast<Slot*>(reinterpret_cast<std::byte*>(segment + 1) + kMarkBytes<Slot>);
}

template <class Slot>
struct SegmentLayout {
  static constexpr std::uint32_t kSlots = static_cast<std::uint32_t>(
      (kSegmentBytes - sizeof(Segment) - kMarkBytes<Slot>) / sizeof(Slot));
  static_assert(kSlots >= 32);
  static constexpr std::uint32_t kTail = std::clamp<std::uint32_t>(kSlots / 16, 4, 64);
  // Homes of a full-sized segment, and of the two that a table begins with.
  static constexpr std::uint32_t kMaximumCapacity = kSlots - kTail - 1;
  static constexpr std::uint32_t kFirstCapacity = std::min<std::uint32_t>(32, kMaximumCapacity);
  // How full it may be. Small slots at most half, as the fastest flat tables: then most entries lie
  // in their home, and each one that does not costs a mispredicted branch and often a cache line
  // that was not prefetched (measured: 13/16 takes 1.5 times as long at 10 M keys).
  static constexpr std::uint32_t kMaximumLoadOf16 = sizeof(Slot) <= 32 ? 8 : 11;

  static Segment* SegmentOf(const Slot* slot) {
    return reinterpret_cast<Segment*>(reinterpret_cast<std::uintptr_t>(slot) &
                                      ~(kSegmentBytes - 1));
  }
  // By the bits below those that all tags of the segment share.
  static std::uint32_t HomeIndex(std::uint64_t tag, std::uint32_t depth, std::uint64_t capacity) {
    return static_cast<std::uint32_t>(((tag << depth) >> 32) * capacity >> 32);
  }
  // Of slots that are kCopiedAlone.
  static bool IsMarked(Segment* segment, std::uint32_t slot) {
    return (Marks(segment)[slot / 64] >> (slot % 64) & 1) != 0;
  }
  static void Mark(Segment* segment, std::uint32_t slot) {
    Marks(segment)[slot / 64] |= std::uint64_t{1} << (slot % 64);
  }
  static void ClearMarks(Segment* segment) { std::memset(Marks(segment), 0, kMarkBytes<Slot>); }

  template <class Visit>
  static void ForEachSlot(Segment* segment, Visit&& visit) {
    Slot* const slots = SlotsOf<Slot>(segment);
    for (std::uint32_t i = 0; i < segment->slots; ++i) {
      if (!slots[i].IsEmptyFor(segment->first_tag)) visit(slots[i]);
    }
  }
  // Of a hashed segment, those whose tags are in [first, last], which are among the segment's:
  // entries lie in the order of their homes, so only the slots between are looked at.
  template <class Visit>
  static void ForEachSlotIn(Segment* segment, std::uint64_t first, std::uint64_t last,
                            std::uint64_t capacity, Visit&& visit) {
    Slot* const slots = SlotsOf<Slot>(segment);
    const Slot* const last_home = slots + HomeIndex(last, segment->depth, capacity);
    Slot* slot = slots + HomeIndex(first, segment->depth, capacity);
    for (;; ++slot) {
      if (!slot->IsEmptyFor(first)) {
        if (slot->tag() >= first && slot->tag() <= last) visit(*slot);
      } else if (slot >= last_home) {
        return;
      }
    }
  }

 private:
  static std::uint64_t* Marks(Segment* segment) {
    return reinterpret_cast<std::uint64_t*>(segment + 1);
  }
};

}  // namespace weir::internal
