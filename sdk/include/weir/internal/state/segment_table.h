// The segments of a table: finding a tag's slots, growing, removing, walking.
//
// Within a segment entries are hashed openly in the order of their tags: the bits below the
// segment's depth choose a home slot, and an entry lies there or in the next free slot behind. When
// a segment fills up it is split in two by the next bit. Entries that no split can separate (equal
// tags) go to overflow segments, which are searched one slot after the other.
// The task's thread only. References to slots hold until the next insertion or removal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/segment_directory.h>
#include <weir/internal/state/segment_layout.h>
#include <weir/internal/state/segment_pool.h>
#include <weir/internal/state/table_snapshot.h>

namespace weir::internal {

template <class Slot>
class SegmentTable {
 public:
  using DirectoryEntry = SegmentDirectory::Entry;

  explicit SegmentTable(const KeyGroupRange& range) : space_(range), snapshot_(space_, pool_) {
    for (const std::uint64_t first_tag : {std::uint64_t{0}, std::uint64_t{1} << 63}) {
      directory_.Assign(NewSegment(1, first_tag));
    }
  }
  ~SegmentTable() {
    if constexpr (!Slot::kPlain) {
      for (std::uint32_t i = 0; i < pool_.size(); ++i) {
        if (pool_.At(i)->in_use) Layout::ForEachSlot(pool_.At(i), [](Slot& s) { s.Destroy(); });
      }
    }
  }

  const TagSpace& space() const { return space_; }
  TableSnapshot<Slot>& snapshot() { return snapshot_; }
  std::uint64_t size() const { return size_; }
  std::size_t allocated_bytes() const { return pool_.size() * kSegmentBytes; }

  // Changes when slots move: homes found before are void.
  std::uint64_t structure_version() const { return structure_version_; }
  DirectoryEntry At(std::uint64_t tag) const { return directory_.At(tag); }
  // Where the search for a tag begins. It ends at the first slot that is empty for the tag, and
  // goes on in FindInOverflow() if the entry has_overflow().
  Slot* Home(DirectoryEntry entry, std::uint64_t tag) const {
    return SlotsOf<Slot>(entry.segment()) + Layout::HomeIndex(tag, entry.depth(), capacity_);
  }
  void Prefetch(std::uint64_t tag) const { Prefetch(Home(directory_.At(tag), tag)); }
  static void Prefetch(const Slot* slot) {
    const char* const home = reinterpret_cast<const char*>(slot);
    __builtin_prefetch(home, 1);
    if constexpr (64 % sizeof(Slot) != 0) __builtin_prefetch(home + sizeof(Slot) - 1, 1);
  }
  // `holds(slot)` is asked for slots with this tag. Null: none.
  template <class Holds>
  Slot* FindInOverflow(DirectoryEntry entry, std::uint64_t tag, Holds&& holds) const {
    for (Segment* segment = entry.segment()->overflow; segment != nullptr;
         segment = segment->overflow) {
      Slot* const slots = SlotsOf<Slot>(segment);
      for (std::uint32_t i = 0; i < segment->size; ++i) {
        if (slots[i].tag() == tag && holds(slots[i])) return &slots[i];
      }
    }
    return nullptr;
  }

  // --- writing ---

  // Before a slot is changed, while snapshot().running().
  void BeforeWrite(const Slot* slot) { snapshot_.BeforeWrite(Layout::SegmentOf(slot), slot); }

  // Makes room for an entry with a new address; `construct(slot)` fills the slot, or throws.
  template <class Construct>
  Slot* Insert(std::uint64_t tag, Construct&& construct) {
    for (;;) {
      Segment* segment = directory_.At(tag).segment();
      if (Slot* free = FreeSlot(segment, tag)) {
        if (snapshot_.running()) BeforeWrite(free);
        construct(*free);
        ++Layout::SegmentOf(free)->size;
        ++size_;
        return free;
      }
      Grow(segment);
    }
  }

  // `slot` holds an entry.
  void Erase(Slot* slot) {
    Segment* const segment = Layout::SegmentOf(slot);
    const std::uint64_t tag = slot->tag();
    Segment* const head = directory_.At(tag).segment();
    if (snapshot_.running()) snapshot_.BeforeErase(segment, slot, segment == head);
    slot->Destroy();
    --size_;
    if (segment != head) {
      EraseFromOverflow(head, segment, slot);
      return;
    }
    // Closes the gap (Knuth, volume 3, 6.4, algorithm R): removal leaves no marks.
    Slot* const slots = SlotsOf<Slot>(segment);
    Slot* gap = slot;
    for (Slot* next = slot + 1; !next->IsEmptyFor(tag); ++next) {
      if (slots + Layout::HomeIndex(next->tag(), segment->depth, capacity_) > gap) continue;
      next->RelocateTo(*gap);
      gap = next;
    }
    gap->SetEmpty(Slot::EmptyTag(tag));
    --segment->size;
  }

  // --- walking ---

  // Each entry whose tag is in [first, last], in no order. `visit(slot)` changes nothing.
  template <class Visit>
  void ForEach(std::uint64_t first, std::uint64_t last, Visit&& visit) const {
    for (std::uint64_t tag = first;;) {
      Segment* const head = directory_.At(tag).segment();
      const std::uint64_t last_here = head->first_tag | (~std::uint64_t{0} >> head->depth);
      Layout::ForEachSlotIn(head, tag, std::min(last, last_here), capacity_, visit);
      for (Segment* part = head->overflow; part != nullptr; part = part->overflow) {
        Layout::ForEachSlot(part, [&](const Slot& slot) {
          if (slot.tag() >= first && slot.tag() <= last) visit(slot);
        });
      }
      if (last_here >= last) return;
      tag = last_here + 1;
    }
  }

 private:
  template <class>
  friend class SegmentReservation;
  using Layout = SegmentLayout<Slot>;

  // Entries that a segment may have before it is split.
  std::uint64_t limit() const { return capacity_ * Layout::kMaximumLoadOf16 / 16; }

  Segment* NewSegment(std::uint32_t depth, std::uint64_t first_tag) {
    Segment* segment = pool_.Take();
    if (snapshot_.running()) snapshot_.Exempt(segment);
    segment->in_use = true;
    segment->depth = static_cast<std::uint8_t>(depth);
    segment->slots = static_cast<std::uint32_t>(capacity_) + Layout::kTail;
    segment->size = 0;
    segment->first_tag = first_tag;
    segment->overflow = nullptr;
    Slot* const slots = SlotsOf<Slot>(segment);
    const std::uint64_t empty_tag = Slot::EmptyTag(first_tag);
    for (std::uint32_t i = 0; i <= segment->slots; ++i) slots[i].SetEmpty(empty_tag);
    return segment;
  }

  // Null: the segment is to be grown.
  Slot* FreeSlot(Segment* segment, std::uint64_t tag) {
    if (segment->size < limit()) {
      Slot* const slots = SlotsOf<Slot>(segment);
      Slot* slot = slots + Layout::HomeIndex(tag, segment->depth, capacity_);
      while (!slot->IsEmptyFor(tag)) ++slot;
      if (slot < slots + segment->slots) return slot;
    }
    Segment* const overflow = segment->overflow;
    if (overflow == nullptr || overflow->size == overflow->slots) return nullptr;
    return SlotsOf<Slot>(overflow) + overflow->size;
  }

  [[gnu::noinline]] void Grow(Segment* segment) {
    ++structure_version_;
    if (capacity_ < Layout::kMaximumCapacity) {
      GrowCapacity();
    } else if (directory_.MaySplit(segment->depth, pool_.size())) {
      Split(segment);
    } else {
      AddOverflow(segment);
    }
  }
  void GrowCapacity() {
    capacity_ = std::min<std::uint64_t>(2 * capacity_, Layout::kMaximumCapacity);
    for (const std::uint64_t first_tag : {std::uint64_t{0}, std::uint64_t{1} << 63}) {
      Segment* const larger = NewSegment(1, first_tag);
      MoveAll(directory_.At(first_tag).segment(), larger, larger);
      directory_.Assign(larger);
    }
  }
  void Split(Segment* segment) {
    const std::uint32_t depth = segment->depth + 1u;
    directory_.EnsureDepth(depth);
    Segment* const low = NewSegment(depth, segment->first_tag);
    Segment* const high = NewSegment(depth, segment->first_tag | std::uint64_t{1} << (64 - depth));
    MoveAll(segment, low, high);
    directory_.Assign(low);
    directory_.Assign(high);
  }
  void AddOverflow(Segment* segment) {
    Segment* const added = NewSegment(segment->depth, segment->first_tag);
    added->overflow = segment->overflow;
    segment->overflow = added;
    directory_.Assign(segment);
  }

  // Distributes the entries of a segment and its overflow by the last bit of the targets' depth.
  void MoveAll(Segment* from, Segment* low, Segment* high) {
    const std::uint64_t bit = std::uint64_t{1} << (64 - high->depth);
    while (from != nullptr) {
      if (snapshot_.running()) snapshot_.BeforeMove(from);
      Layout::ForEachSlot(from,
                          [&](Slot& slot) { Place(slot, (slot.tag() & bit) != 0 ? high : low); });
      pool_.GiveBack(std::exchange(from, from->overflow));
    }
  }
  void Place(Slot& slot, Segment* target) {
    Slot* free = FreeSlot(target, slot.tag());
    while (free == nullptr) {
      AddOverflow(target);
      free = FreeSlot(target, slot.tag());
    }
    slot.RelocateTo(*free);
    ++Layout::SegmentOf(free)->size;
  }

  // The last entry of the overflow segment takes the place; an empty one is given back.
  void EraseFromOverflow(Segment* head, Segment* segment, Slot* slot) {
    Slot* const last = SlotsOf<Slot>(segment) + --segment->size;
    if (last != slot) last->RelocateTo(*slot);
    last->SetEmpty(Slot::EmptyTag(segment->first_tag));
    if (segment->size != 0) return;
    Segment* before = head;
    while (before->overflow != segment) before = before->overflow;
    before->overflow = segment->overflow;
    if (snapshot_.running()) snapshot_.BeforeMove(segment);
    pool_.GiveBack(segment);
    directory_.Assign(head);
  }

  const TagSpace space_;
  SegmentPool pool_;
  SegmentDirectory directory_;
  TableSnapshot<Slot> snapshot_;
  std::uint64_t capacity_ = Layout::kFirstCapacity;  // homes in a segment
  std::uint64_t size_ = 0;
  std::uint64_t structure_version_ = 0;
};

}  // namespace weir::internal
