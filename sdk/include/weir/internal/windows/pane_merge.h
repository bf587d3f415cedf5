// What a window holds of a key: its panes, merged.
#pragma once

#include <cstdint>

namespace weir::internal {

template <class Accumulator>
class PaneMerge {
 public:
  // Of the panes from `first` to before `end` that are there; null if none is. A single one is not
  // copied. Good until the next call, and while the panes are.
  template <class Panes, class Aggregation>
  const Accumulator* Of(const Panes& panes, std::int64_t first, std::int64_t end,
                        Aggregation& aggregation) {
    const Accumulator* result = nullptr;
    panes.ForEach(first, end, [&](std::int64_t, const Accumulator& accumulator) {
      Take(accumulator, result, aggregation);
    });
    return result;
  }
  // The same for windows in order, each not more often than once: about three merges for each.
  template <class Panes, class Aggregation>
  const Accumulator* OfNext(const Panes& panes, std::int64_t first, std::int64_t end,
                            std::uint64_t key_hash, Aggregation& aggregation) {
    const Accumulator* result = nullptr;
    panes.MergeNext(first, end, key_hash, aggregation, [&](const Accumulator& accumulator) {
      Take(accumulator, result, aggregation);
    });
    return result;
  }

 private:
  template <class Aggregation>
  void Take(const Accumulator& accumulator, const Accumulator*& result, Aggregation& aggregation) {
    if (result == nullptr) {
      result = &accumulator;
      return;
    }
    if (result != &merged_) merged_ = *result;
    result = &merged_;
    aggregation.Merge(merged_, accumulator);
  }

  Accumulator merged_{};  // its memory is used again
};

}  // namespace weir::internal
