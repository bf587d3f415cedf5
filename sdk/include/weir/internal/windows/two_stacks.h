// What the panes of one key before its newest one are together, for windows that slide over them:
// about three merges for each window, however many panes it has. Two stacks (Tangwongan, Hirzel,
// Schneider, "Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time", DEBS 2017): the
// front one holds what each pane and those after it up to a boundary are together, the back one
// only what all panes behind the boundary are. When windows have left the boundary behind, the
// front one is made again. Needs no inverse.
//
// Nothing here is state: it is made again from the panes at any time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace weir::internal {

// Worth while only where what is merged takes no more room than its parts: an accumulator that owns
// memory may grow with what was added.
template <class A>
inline constexpr bool kHasTwoStacks = std::is_trivially_copyable_v<A> && sizeof(A) <= 256;

struct NoStacks {
  void Touch(std::int64_t) {}
  void Prefetch() const {}
};

template <class A>
class TwoStacks {
 public:
  struct Pane {
    std::int64_t number;
    A merged;  // with all panes up to the boundary
  };

  // A pane is about to change.
  void Touch(std::int64_t number) {
    if (number >= covered_end_) return;
    covered_end_ = boundary_ = kNowhere;
    touched_ = true;
  }

  // Asks for what the next Merge() reads.
  void Prefetch() const {
    if (!front_.empty()) __builtin_prefetch(&front_.back());
  }

  // Whether Merge() has use for a window that begins at pane `first`: the windows of a key in
  // order, each not more often than once. A key whose panes change all the time is not worth it.
  bool IsWorthWhile(std::int64_t first) {
    if (covered_first_ <= first && first <= boundary_) return true;
    const bool touched = touched_;
    touched_ = false;
    return !touched;
  }

  // Calls take(const A&) with parts that are together the panes [first, end), which are some, in
  // order. `panes` visits all of them: panes(first, end, visit(number, const A&)). The panes before
  // `first` are not asked for again. `stagger`: any number of a key's, so that the front stacks of
  // all keys are not made at the same time.
  template <class Aggregation, class Panes, class Take>
  void Merge(std::int64_t first, std::int64_t end, std::uint64_t stagger, Aggregation& aggregation,
             Panes&& panes, Take&& take) {
    if (first < covered_first_ || first > boundary_) {
      MakeFront(first, end, stagger, aggregation, panes);
    }
    panes(covered_end_, end, [&](std::int64_t, const A& pane) {
      if (has_back_) {
        aggregation.Merge(back_, pane);
      } else {
        back_ = pane;
        has_back_ = true;
      }
    });
    covered_first_ = first;
    covered_end_ = std::max(covered_end_, end);
    while (!front_.empty() && front_.back().number < first) front_.pop_back();
    if (!front_.empty()) take(front_.back().merged);
    if (has_back_) take(back_);
  }

 private:
  static constexpr std::int64_t kNowhere = std::numeric_limits<std::int64_t>::min();

  template <class Aggregation, class Panes>
  [[gnu::noinline]] void MakeFront(std::int64_t first, std::int64_t end, std::uint64_t stagger,
                                   Aggregation& aggregation, Panes& panes) {
    // Later boundaries follow at the same distance.
    const auto length = static_cast<std::uint64_t>(end - first);
    const std::int64_t boundary =
        boundary_ == kNowhere ? first + 1 + static_cast<std::int64_t>(stagger % length) : end;
    front_.clear();
    panes(first, boundary,
          [this](std::int64_t number, const A& pane) { front_.push_back({number, pane}); });
    std::reverse(front_.begin(), front_.end());  // what leaves next is the last
    for (std::size_t i = 1; i < front_.size(); ++i) {
      aggregation.Merge(front_[i].merged, front_[i - 1].merged);
    }
    covered_first_ = first;
    boundary_ = covered_end_ = boundary;
    has_back_ = false;
  }

  std::vector<Pane> front_;              // by pane, the earliest one last
  std::int64_t covered_first_ = 0;       // the panes from here
  std::int64_t boundary_ = kNowhere;     // to here are in the front stack
  std::int64_t covered_end_ = kNowhere;  // and from there to here in the back one
  bool has_back_ = false;
  bool touched_ = false;  // since the last window
  A back_{};
};

}  // namespace weir::internal
