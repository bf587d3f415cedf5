// The panes of a key before its newest one: a ring over the last so many pane numbers, as long as
// the panes that are there make worth while, and a map for what lies further back. So a record that
// is far from the others costs an entry, not the time between them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/windows/two_stacks.h>

namespace weir::internal {

// The ring holds panes [newest - size, newest); each call is told the newest pane. Panes that have
// expired may still be there until their places are needed. A default-constructible, movable
// accumulator.
template <class A>
class OlderPanes {
 public:
  // `number` < newest. The accumulator; where it is `inserted` it must be assigned.
  A& FindOrInsert(std::int64_t number, std::int64_t newest, std::int64_t first_live,
                  bool& inserted) {
    stacks.Touch(number);
    if (newest - number > size() && !GrowTo(newest - number, newest)) {
      far_.erase(far_.begin(), far_.lower_bound(first_live));
      const auto found = far_.try_emplace(number);
      inserted = found.second;
      return found.first->second;
    }
    inserted = !IsThere(number);
    Mark(number);
    return ring_[SlotOf(number)];
  }

  // The newest pane becomes another one, later than `newest`; the ring makes place for those from
  // `newest` on. What has not expired and falls out of the ring goes to the map.
  void Advance(std::int64_t newest, std::int64_t next, std::int64_t first_live) {
    const std::int64_t first = std::max(first_live, newest - size());
    std::int64_t kept = first;
    while (kept < newest && !IsThere(kept)) ++kept;
    if (kept < newest && next - kept > size()) GrowTo(next - kept, newest);
    const std::int64_t end = std::min(newest, next - size());
    for (std::int64_t number = newest - size(); number < end; ++number) {
      if (number >= first_live && IsThere(number)) far_[number] = std::move(ring_[SlotOf(number)]);
      Unmark(number);
    }
  }

  // visit(number, const A&) for each in [first, end), in order.
  template <class Visit>
  void ForEach(std::int64_t first, std::int64_t end, std::int64_t newest, Visit&& visit) const {
    for (auto each = far_.lower_bound(first); each != far_.end() && each->first < end; ++each) {
      visit(each->first, each->second);
    }
    const std::int64_t ring_end = std::min(end, newest);
    for (std::int64_t number = std::max(first, newest - size()); number < ring_end; ++number) {
      if (IsThere(number)) visit(number, ring_[SlotOf(number)]);
    }
  }

  // Asks for the pane before the newest one, and what is merged.
  void PrefetchLast(std::int64_t newest) const {
    if (!ring_.empty()) __builtin_prefetch(&ring_[SlotOf(newest - 1)]);
    stacks.Prefetch();
  }

  // What of them is merged; no state, so that those who may not change the panes may use it.
  mutable std::conditional_t<kHasTwoStacks<A>, TwoStacks<A>, NoStacks> stacks;

 private:
  static constexpr std::int64_t kWorthWhile = 64;   // slots, whatever is there
  static constexpr std::int64_t kSlotsForEach = 8;  // of the panes that are there

  std::int64_t size() const { return static_cast<std::int64_t>(ring_.size()); }
  std::size_t SlotOf(std::int64_t number) const {
    return static_cast<std::uint64_t>(number) & (ring_.size() - 1);
  }
  bool IsThere(std::int64_t number) const {
    const std::size_t slot = SlotOf(number);
    return (WordOf(slot) >> (slot % 64) & 1) != 0;
  }
  void Mark(std::int64_t number) {
    const std::size_t slot = SlotOf(number);
    WordOf(slot) |= std::uint64_t{1} << (slot % 64);
  }
  void Unmark(std::int64_t number) {
    const std::size_t slot = SlotOf(number);
    WordOf(slot) &= ~(std::uint64_t{1} << (slot % 64));
  }

  // The bits of a slot and its neighbours.
  std::uint64_t& WordOf(std::size_t slot) {
    return slot < 64 ? first_there_ : there_[slot / 64 - 1];
  }
  std::uint64_t WordOf(std::size_t slot) const {
    return const_cast<OlderPanes*>(this)->WordOf(slot);
  }

  // False: so many slots are not worth while.
  bool GrowTo(std::int64_t slots, std::int64_t newest) {
    auto there = static_cast<std::int64_t>(far_.size()) + std::popcount(first_there_);
    for (const std::uint64_t word : there_) there += std::popcount(word);
    if (slots > std::max(kWorthWhile, kSlotsForEach * there)) return false;
    OlderPanes larger;
    larger.ring_.resize(
        std::bit_ceil(static_cast<std::uint64_t>(std::max<std::int64_t>(slots, 4))));
    larger.there_.resize((larger.ring_.size() - 1) / 64);
    const auto move = [&larger](std::int64_t number, A& accumulator) {
      larger.Mark(number);
      larger.ring_[larger.SlotOf(number)] = std::move(accumulator);
    };
    for (std::int64_t number = newest - size(); number < newest; ++number) {
      if (IsThere(number)) move(number, ring_[SlotOf(number)]);
    }
    const auto near = far_.lower_bound(newest - larger.size());
    for (auto each = near; each != far_.end(); ++each) move(each->first, each->second);
    far_.erase(near, far_.end());
    ring_.swap(larger.ring_);
    first_there_ = larger.first_there_;
    there_.swap(larger.there_);
    return true;
  }

  std::vector<A> ring_;               // a power of two of them, or none
  std::uint64_t first_there_ = 0;     // by slot of the ring, a bit: of the first 64 slots
  std::vector<std::uint64_t> there_;  // and of the others
  std::map<std::int64_t, A> far_;     // all before the ring
};

}  // namespace weir::internal
