// The panes of one key: an accumulator for each pane that had a record and has not expired.
//
// The newest pane lies in the entry itself, so that a record in order costs one cache line; older
// ones are hashed openly by their numbers, which for a run of panes is a ring. Bounded by the panes
// that are there, not by the time between them: a record far ahead costs one slot.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <weir/serializer.h>

namespace weir::internal {

inline constexpr std::int64_t kNoPane = std::numeric_limits<std::int64_t>::min();

template <class A>
struct Pane {
  std::int64_t number = kNoPane;
  A accumulator{};
};

// A default-constructible, copyable accumulator.
template <class A>
class PaneAccumulators {
 public:
  // kNoPane: there is none.
  std::int64_t newest() const { return newest_.number; }

  // The pane's accumulator; where it is `inserted` it holds anything and must be assigned. Panes
  // before `first_live` have expired: their places are used again.
  A& FindOrInsert(std::int64_t number, std::int64_t first_live, bool& inserted) {
    if (number == newest_.number) [[likely]] {
      inserted = false;
      return newest_.accumulator;
    }
    if (number < newest_.number) return FindOrInsertOlder(number, first_live, inserted);
    inserted = true;
    if (newest_.number >= first_live) {
      bool moved = false;
      FindOrInsertOlder(newest_.number, first_live, moved) = std::move(newest_.accumulator);
    }
    newest_.number = number;
    return newest_.accumulator;
  }

  // visit(const Pane<A>&) for each in [first, end); in the order of their numbers where there are
  // no gaps of the length of the ring.
  template <class Visit>
  void ForEach(std::int64_t first, std::int64_t end, Visit&& visit) const {
    const auto length = static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(first);
    const auto within = [first, length](const Pane<A>& pane) {
      return static_cast<std::uint64_t>(pane.number) - static_cast<std::uint64_t>(first) < length;
    };
    const std::size_t size = older_.size();
    for (std::size_t i = 0; i < size; ++i) {
      const Pane<A>& pane = older_[(static_cast<std::uint64_t>(first) + i) & (size - 1)];
      if (within(pane)) visit(pane);
    }
    if (within(newest_)) visit(newest_);
  }

  void WriteTo(ByteWriter& out) const {
    std::uint32_t count = newest_.number == kNoPane ? 0 : 1;
    for (const Pane<A>& pane : older_) count += pane.number == kNoPane ? 0 : 1;
    out.WriteLength(count);
    for (const Pane<A>& pane : older_) {
      if (pane.number != kNoPane) WritePane(out, pane);
    }
    if (newest_.number != kNoPane) WritePane(out, newest_);
  }
  [[nodiscard]] bool ReadFrom(ByteReader& in) {
    std::uint32_t count = 0;
    if (!in.ReadLength(count, sizeof(std::int64_t))) return false;
    for (; count > 0; --count) {
      Pane<A> pane;
      if (!Serializer<std::int64_t>::Read(in, pane.number) || pane.number == kNoPane ||
          !Serializer<A>::Read(in, pane.accumulator)) {
        return false;
      }
      bool inserted = false;
      FindOrInsert(pane.number, kNoPane + 1, inserted) = std::move(pane.accumulator);
      if (!inserted) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kFirstSize = 4;

  static void WritePane(ByteWriter& out, const Pane<A>& pane) {
    Serializer<std::int64_t>::Write(out, pane.number);
    Serializer<A>::Write(out, pane.accumulator);
  }

  [[gnu::noinline]] A& FindOrInsertOlder(std::int64_t number, std::int64_t first_live,
                                         bool& inserted) {
    if (4 * (used_ + 1) > 3 * older_.size()) MakeRoom(first_live);
    const std::size_t mask = older_.size() - 1;
    Pane<A>* free = nullptr;
    for (std::size_t i = static_cast<std::uint64_t>(number) & mask;; i = (i + 1) & mask) {
      Pane<A>& pane = older_[i];
      inserted = pane.number != number;
      if (!inserted) return pane.accumulator;
      if (pane.number == kNoPane) {
        if (free == nullptr) {
          free = &pane;
          ++used_;
        }
        break;
      }
      if (pane.number < first_live && free == nullptr) free = &pane;
    }
    free->number = number;
    return free->accumulator;
  }
  // Drops what has expired; with one more at most half is used then.
  void MakeRoom(std::int64_t first_live) {
    std::size_t live = 1;
    for (const Pane<A>& pane : older_) live += IsLive(pane, first_live) ? 1 : 0;
    std::vector<Pane<A>> panes(std::bit_ceil(std::max(kFirstSize, 2 * live)));
    panes.swap(older_);
    used_ = 0;
    for (Pane<A>& pane : panes) {
      if (!IsLive(pane, first_live)) continue;
      std::size_t i = static_cast<std::uint64_t>(pane.number) & (older_.size() - 1);
      while (older_[i].number != kNoPane) i = (i + 1) & (older_.size() - 1);
      older_[i] = std::move(pane);
      ++used_;
    }
  }
  static bool IsLive(const Pane<A>& pane, std::int64_t first_live) {
    return pane.number != kNoPane && pane.number >= first_live;
  }

  Pane<A> newest_;
  std::vector<Pane<A>> older_;  // a power of two of them, or none
  std::size_t used_ = 0;        // of older_: not kNoPane
};

}  // namespace weir::internal

template <class A>
struct weir::Serializer<weir::internal::PaneAccumulators<A>> {
  static void Write(ByteWriter& out, const internal::PaneAccumulators<A>& value) {
    value.WriteTo(out);
  }
  [[nodiscard]] static bool Read(ByteReader& in, internal::PaneAccumulators<A>& value) {
    return value.ReadFrom(in);
  }
};
