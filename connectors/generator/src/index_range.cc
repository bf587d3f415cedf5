#include <weir/connectors/generator_source.h>

namespace weir::generator {

std::vector<IndexRange> DivideIndices(std::int64_t count, std::uint32_t readers) {
  std::vector<IndexRange> ranges;
  for (std::uint32_t reader = 0; reader < readers; ++reader) {
    IndexRange range;
    range.next = reader;
    range.step = readers;
    range.remaining =
        count == kUnbounded ? kUnbounded : count / readers + (reader < count % readers ? 1 : 0);
    if (range.remaining > 0) ranges.push_back(range);
  }
  return ranges;
}

}  // namespace weir::generator
