// The copy-on-write snapshot of a table, segment by segment: the task copies a segment before it
// first writes to it after the barrier, savers copy the rest (Li, Naughton, Plank 1994, with the
// segment in place of the page).
//
// A segment of plain entries is copied as memory and serialized by the saver; where entries own
// memory whoever claims the segment serializes it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/byte_writer.h>
#include <weir/internal/state/cached_value.h>
#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/keyed_table.h>
#include <weir/internal/state/segment_copies.h>
#include <weir/internal/state/segment_layout.h>
#include <weir/internal/state/segment_pool.h>
#include <weir/state_ttl.h>

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
    running_ = true;
  }
  void Thaw() {
    running_ = false;
    copies_.Trim(kKeptCopies);
  }
  void LeaveExpiredOut(const StateTtlConfig& ttl) { ttl_ = ttl; }
  // Of a cache (internal/state/store_cache.h): what did not change after this epoch. Before
  // Freeze().
  void LeaveUnchangedOut(std::uint32_t epoch) { unchanged_epoch_ = epoch; }
  // Before a segment is changed or given back, while a snapshot runs.
  void BeforeWrite(Segment* segment) {
    if (segment->claim.IsDone(epoch_)) [[likely]] {
      return;
    }
    Preserve(segment);
  }
  // A segment was taken from the pool: what will be in it does not belong to the snapshot.
  void Exempt(Segment* segment) {
    if (segment->claim.TryBegin(epoch_)) {
      segment->claim.Finish(epoch_);
    } else {
      segment->claim.WaitUntilDone(epoch_);
    }
  }

  // Any thread.
  Result<bool> SaveNext(StateWriter& writer) {
    WEIR_ASSIGN_OR_RETURN(const bool saved, SaveWaiting(writer));
    if (saved) return true;
    const std::uint32_t index = next_.fetch_add(1, std::memory_order_relaxed);
    // The last copies of the task may have come since, but none comes after all are claimed.
    if (index >= segments_) return SaveWaiting(writer);
    Segment* segment = pool_.At(index);
    if (!segment->claim.TryBegin(epoch_)) {
      // The task has it: its copy waits as soon as the claim is done.
      segment->claim.WaitUntilDone(epoch_);
      return true;
    }
    std::unique_ptr<SegmentCopy> copy = segment->in_use ? Copied(segment) : nullptr;
    segment->claim.Finish(epoch_);
    if (copy) {
      WEIR_RETURN_IF_ERROR(Save(*copy, writer));
      copies_.Recycle(std::move(copy));
    }
    return true;
  }

 private:
  static constexpr std::size_t kKeptCopies = 64;  // 2 MiB, recycled by the next snapshot

  [[gnu::noinline]] void Preserve(Segment* segment) {
    if (!segment->claim.TryBegin(epoch_)) {
      segment->claim.WaitUntilDone(epoch_);
      return;
    }
    if (segment->in_use) copies_.Enqueue(Copied(segment));
    segment->claim.Finish(epoch_);
  }

  Result<bool> SaveWaiting(StateWriter& writer) {
    std::unique_ptr<SegmentCopy> copy = copies_.Dequeue();
    if (!copy) return false;
    WEIR_RETURN_IF_ERROR(Save(*copy, writer));
    copies_.Recycle(std::move(copy));
    return true;
  }

  std::unique_ptr<SegmentCopy> Copied(Segment* segment) {
    std::unique_ptr<SegmentCopy> copy = copies_.TakeRecycled();
    copy->first_tag = segment->first_tag;
    copy->depth = segment->depth;
    copy->slot_count = segment->slots;
    copy->parts.clear();
    copy->bytes.clear();
    const Slot* slots = SlotsOf<Slot>(segment);
    if constexpr (Slot::kPlain) {
      copy->slots.resize(kSegmentBytes);
      std::memcpy(copy->slots.data(), static_cast<const void*>(slots),
                  segment->slots * sizeof(Slot));
    } else {
      Serialize(slots, *copy);
    }
    return copy;
  }

  Status Save(SegmentCopy& copy, StateWriter& writer) {
    if constexpr (Slot::kPlain) {
      Serialize(reinterpret_cast<const Slot*>(copy.slots.data()), copy);
    }
    std::size_t from = 0;
    for (const SegmentCopy::Part& part : copy.parts) {
      WEIR_RETURN_IF_ERROR(writer.Write(part.key_group, part.entries,
                                        std::span(copy.bytes).subspan(from, part.bytes)));
      from += part.bytes;
    }
    return Status::Ok();
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
  // Fills `bytes` and `parts`: one part for a key group.
  void Serialize(const Slot* slots, SegmentCopy& copy) {
    std::vector<const Slot*> occupied;
    occupied.reserve(copy.slot_count);
    for (std::uint32_t i = 0; i < copy.slot_count; ++i) {
      if (!slots[i].IsEmptyFor(copy.first_tag) && IsWanted(slots[i])) occupied.push_back(&slots[i]);
    }
    if (copy.depth < space_.group_bits()) {
      std::sort(occupied.begin(), occupied.end(),
                [](const Slot* a, const Slot* b) { return a->tag() < b->tag(); });
    }
    ByteWriter writer(copy.bytes);
    for (const Slot* slot : occupied) {
      const std::uint32_t group = space_.GroupOf(slot->tag());
      if (copy.parts.empty() || copy.parts.back().key_group != group) {
        copy.parts.push_back({group, 0, 0});
      }
      const std::size_t before = writer.size();
      slot->WriteTo(writer, space_);
      ++copy.parts.back().entries;
      copy.parts.back().bytes += writer.size() - before;
    }
    writer.Finish();
  }

  const TagSpace& space_;
  const SegmentPool& pool_;
  bool running_ = false;
  std::uint32_t epoch_ = 0;
  std::uint32_t segments_ = 0;  // of the pool at the barrier
  std::atomic<std::uint32_t> next_{0};
  SegmentCopies copies_;
  std::optional<StateTtlConfig> ttl_;  // of what is left out
  std::int64_t expiry_limit_ms_ = 0;
  std::uint32_t unchanged_epoch_ = 0;
};

}  // namespace weir::internal
