// The copy-on-write snapshot of a table: the task copies what it is about to change before its
// first write to it after the barrier, savers copy the rest (Li, Naughton, Plank 1994).
//
// What the task copies at once is a single entry (Slot::kCopiedAlone), whose slot it marks in its
// segment, or a whole segment of small plain ones, as memory. A saver takes segments in order, lets
// go of each every few entries, and skips what is marked. Neither stops for more than that,
// whatever the state's size; but a segment that is split or given back is saved by the task.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/byte_writer.h>
#include <weir/internal/state/cached_value.h>
#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/keyed_table.h>
#include <weir/internal/state/segment_claim.h>
#include <weir/internal/state/segment_copies.h>
#include <weir/internal/state/segment_layout.h>
#include <weir/internal/state/segment_pool.h>
#include <weir/state_ttl.h>
#include <weir/status.h>

namespace weir::internal {

template <class Slot>
class TableSnapshot {
 public:
  // Both outlive it.
  TableSnapshot(const TagSpace& space, const SegmentPool& pool) : space_(space), pool_(pool) {}

  // Task's thread.
  bool running() const { return running_; }
  // What has expired at `now_ms` is left out, if LeaveExpiredOut() was called before.
  void Freeze(std::int64_t now_ms = std::numeric_limits<std::int64_t>::min()) {
    ++epoch_;
    if (ttl_) expiry_limit_ms_ = ttl_->ExpiryLimit(now_ms);
    segments_ = pool_.size();
    next_.store(0, std::memory_order_relaxed);
    visited_.store(0, std::memory_order_relaxed);
    running_ = true;
  }
  void Thaw() {
    running_ = false;
    if (log_) log_->Clear();  // of a snapshot that was given up
    copies_.Forget();
  }
  void LeaveExpiredOut(const StateTtlConfig& ttl) { ttl_ = ttl; }
  // Of a cache (internal/state/store_cache.h): what did not change after this epoch. Before
  // Freeze().
  void LeaveUnchangedOut(std::uint32_t epoch) { unchanged_epoch_ = epoch; }
  // While a snapshot runs. Before a slot is changed, be it empty:
  void BeforeWrite(Segment* segment, const Slot* slot) {
    if (segment->claim.IsDone(epoch_)) [[likely]] {
      return;
    }
    if constexpr (Slot::kCopiedAlone) {
      const auto index = static_cast<std::uint32_t>(slot - SlotsOf<Slot>(segment));
      if (segment->marks_epoch != epoch_ || !Layout::IsMarked(segment, index))
        PreserveOne(segment, index);
    } else {
      BeforeMove(segment);
    }
  }
  // before an entry is taken out: of a hashed segment those up to the next gap may move, of
  // overflow the last one does;
  void BeforeErase(Segment* segment, const Slot* slot, bool hashed) {
    BeforeWrite(segment, slot);
    if (!hashed) return BeforeWrite(segment, SlotsOf<Slot>(segment) + segment->size - 1);
    const std::uint64_t tag = slot->tag();
    for (const Slot* next = slot + 1; !next->IsEmptyFor(tag); ++next) BeforeWrite(segment, next);
  }
  // before the content of a segment moves elsewhere and it is given back.
  [[gnu::noinline]] void BeforeMove(Segment* segment) {
    if (!segment->claim.Hold(epoch_)) return;
    const ClaimHolder holder(segment->claim, epoch_, true);
    if (!segment->in_use) return;
    if constexpr (Slot::kCopiedAlone) {
      for (std::uint32_t i = SavedSlots(segment); i < segment->slots; ++i) Log(segment, i);
    } else {
      copies_.Enqueue(CopiedSlots(segment));
    }
  }
  // A segment was taken from the pool: what will be in it does not belong to the snapshot.
  void Exempt(Segment* segment) {
    if (segment->claim.Hold(epoch_)) segment->claim.Finish(epoch_);
  }

  // Any thread.
  Result<bool> SaveNext(StateWriter& writer) {
    WEIR_ASSIGN_OR_RETURN(const bool saved, SaveWaiting(SegmentCopies::kTogether, writer));
    if (saved) return true;
    const std::uint32_t index = next_.fetch_add(1, std::memory_order_relaxed);
    if (index >= segments_) return SaveWaiting(1, writer);
    WEIR_RETURN_IF_ERROR(SaveSegment(pool_.At(index), writer));
    // All segments are done: the task logs nothing any more.
    if (visited_.fetch_add(1, std::memory_order_acq_rel) + 1 == segments_ && log_) {
      copies_.Enqueue(std::move(log_));
    }
    return true;
  }

 private:
  using Layout = SegmentLayout<Slot>;
  static constexpr std::size_t kLogBytes = std::size_t{256} * 1024;
  // A saver keeps the task from a segment for so many slots, or this and one entry.
  static constexpr std::uint32_t kHeldSlots = 64;
  static constexpr std::size_t kHeldBytes = std::size_t{16} * 1024;

  // By whoever holds the segment.
  std::uint32_t SavedSlots(const Segment* segment) const {
    return segment->saver_epoch == epoch_ ? segment->saved_slots : 0;
  }

  [[gnu::noinline]] void PreserveOne(Segment* segment, std::uint32_t index) {
    if (!segment->claim.Hold(epoch_)) return;
    const ClaimHolder holder(segment->claim, epoch_, false);
    if (segment->marks_epoch != epoch_) {
      Layout::ClearMarks(segment);
      segment->marks_epoch = epoch_;
    }
    if (index >= SavedSlots(segment)) Log(segment, index);
    Layout::Mark(segment, index);
  }
  // The task's, holding the segment: saves an entry that was not saved yet.
  void Log(Segment* segment, std::uint32_t index) {
    if (!IsThere(segment, index)) return;
    if (!log_) {
      log_ = copies_.Take();
      if (log_->bytes.size() < kLogBytes) log_->bytes.resize(kLogBytes);
    }
    Serialize(SlotsOf<Slot>(segment)[index], *log_);
    if (log_->used >= kLogBytes * 7 / 8) copies_.Enqueue(std::move(log_));
  }
  bool IsThere(Segment* segment, std::uint32_t index) const {
    if (segment->marks_epoch == epoch_ && Layout::IsMarked(segment, index)) return false;
    return !SlotsOf<Slot>(segment)[index].IsEmptyFor(segment->first_tag);
  }

  Result<bool> SaveWaiting(std::size_t least, StateWriter& writer) {
    SegmentCopyList copies = copies_.Dequeue(least);
    if (copies.empty()) return false;
    WEIR_RETURN_IF_ERROR(Save(std::move(copies), writer));
    return true;
  }
  Status SaveSegment(Segment* segment, StateWriter& writer) {
    SegmentCopyList copies;
    if constexpr (Slot::kCopiedAlone) {
      copies.push_back(copies_.Take());
      while (SerializeSome(segment, *copies.back())) {
      }
    } else {
      if (!segment->claim.Hold(epoch_)) return Status::Ok();
      const ClaimHolder holder(segment->claim, epoch_, true);
      if (segment->in_use) copies.push_back(CopiedSlots(segment));
    }
    return Save(std::move(copies), writer);
  }
  // False: the segment is done.
  bool SerializeSome(Segment* segment, SegmentCopy& copy) {
    if (!segment->claim.Hold(epoch_)) return false;
    ClaimHolder holder(segment->claim, epoch_, false);
    const std::uint32_t slots = segment->in_use ? segment->slots : 0;
    std::uint32_t i = SavedSlots(segment);
    const std::uint32_t end = std::min(slots, i + kHeldSlots);
    for (const std::size_t most = copy.used + kHeldBytes; i < end && copy.used < most; ++i) {
      if (IsThere(segment, i)) Serialize(SlotsOf<Slot>(segment)[i], copy);
    }
    segment->saver_epoch = epoch_;
    segment->saved_slots = i;
    if (i >= slots) holder.Finish();
    return i < slots;
  }
  Status Save(SegmentCopyList copies, StateWriter& writer) {
    for (const auto& copy : copies) {
      const Slot* const slots = reinterpret_cast<const Slot*>(copy->slots.get());
      for (std::uint32_t i = 0; i < copy->slot_count; ++i) {
        if (!slots[i].IsEmptyFor(copy->first_tag)) Serialize(slots[i], *copy);
      }
    }
    WEIR_RETURN_IF_ERROR(WriteByKeyGroup(copies, writer));
    copies_.Recycle(std::move(copies));
    return Status::Ok();
  }

  std::unique_ptr<SegmentCopy> CopiedSlots(Segment* segment) {
    std::unique_ptr<SegmentCopy> copy = copies_.Take();
    if (!copy->slots) copy->slots = std::make_unique_for_overwrite<std::byte[]>(kSegmentBytes);
    copy->first_tag = segment->first_tag;
    copy->slot_count = segment->slots;
    std::memcpy(copy->slots.get(), static_cast<const void*>(SlotsOf<Slot>(segment)),
                segment->slots * sizeof(Slot));
    return copy;
  }

  bool IsWanted([[maybe_unused]] const Slot& slot) const {
    if constexpr (kIsExpiring<std::remove_cvref_t<decltype(slot.value())>>) {
      return slot.value().last_access_ms > expiry_limit_ms_ || !ttl_;
    } else if constexpr (kIsCached<std::remove_cvref_t<decltype(slot.value())>>) {
      return slot.value().changed_epoch > unchanged_epoch_;
    } else {
      return true;
    }
  }
  // Appends an entry, unless it is not wanted.
  void Serialize(const Slot& slot, SegmentCopy& copy) const {
    if (!IsWanted(slot)) return;
    ByteWriter writer(copy.bytes, copy.used);
    slot.WriteTo(writer, space_);
    const std::uint32_t group = space_.GroupOf(slot.tag());
    if (copy.parts.empty() || copy.parts.back().key_group != group) {
      copy.parts.push_back({group, 0, 0});
    }
    ++copy.parts.back().entries;
    copy.parts.back().bytes += writer.size() - copy.used;
    copy.used = writer.size();
  }

  const TagSpace& space_;
  const SegmentPool& pool_;
  bool running_ = false;
  std::uint32_t epoch_ = 0;
  std::uint32_t segments_ = 0;  // of the pool at the barrier
  std::atomic<std::uint32_t> next_{0};
  std::atomic<std::uint32_t> visited_{0};  // by savers, and done
  SegmentCopies copies_;
  std::unique_ptr<SegmentCopy> log_;   // the task's; the last saver's when all segments are done
  std::optional<StateTtlConfig> ttl_;  // of what is left out
  std::int64_t expiry_limit_ms_ = 0;
  std::uint32_t unchanged_epoch_ = 0;
};

}  // namespace weir::internal
