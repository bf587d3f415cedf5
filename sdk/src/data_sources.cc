#include <weir/data_sources.h>

namespace weir {

std::unique_ptr<SplitEnumerator<RangeSplit, SplitList<RangeSplit>>>
SequenceSource::CreateEnumerator() const {
  return std::make_unique<SplitListEnumerator<RangeSplit>>(
      [first = first_, last = last_](std::uint32_t parallelism) {
        std::vector<RangeSplit> splits;
        if (last < first) return splits;
        // Unsigned: the whole of int64 has more numbers than int64 can count.
        const std::uint64_t count =
            static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) + 1;
        const std::uint64_t share = count / parallelism;
        const std::uint64_t longer = count % parallelism;
        auto next = static_cast<std::uint64_t>(first);
        for (std::uint32_t i = 0; i < parallelism; ++i) {
          const std::uint64_t end = next + share + (i < longer ? 1 : 0);
          if (end != next) {
            splits.push_back({static_cast<std::int64_t>(next), static_cast<std::int64_t>(end)});
          }
          next = end;
        }
        return splits;
      });
}

}  // namespace weir
