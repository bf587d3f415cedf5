#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <weir/internal/state/segment_copies.h>

namespace weir::internal {
namespace {

struct PlacedPart {
  const std::byte* bytes;
  SegmentCopy::Part part;
};

std::vector<PlacedPart> PartsByKeyGroup(const SegmentCopyList& copies) {
  std::vector<PlacedPart> parts;
  for (const auto& copy : copies) {
    const std::byte* next = copy->bytes.data();
    for (const SegmentCopy::Part& part : copy->parts) {
      parts.push_back({next, part});
      next += part.bytes;
    }
  }
  std::sort(parts.begin(), parts.end(), [](const PlacedPart& a, const PlacedPart& b) {
    return a.part.key_group < b.part.key_group;
  });
  return parts;
}

}  // namespace

Status WriteByKeyGroup(const SegmentCopyList& copies, StateWriter& writer) {
  const std::vector<PlacedPart> parts = PartsByKeyGroup(copies);
  std::vector<std::byte> gathered;
  for (auto from = parts.begin(); from != parts.end();) {
    const std::uint32_t group = from->part.key_group;
    const auto end = std::find_if(
        from, parts.end(), [&](const PlacedPart& each) { return each.part.key_group != group; });
    std::span<const std::byte> bytes(from->bytes, from->part.bytes);
    std::uint32_t entries = from->part.entries;
    if (end - from > 1) {
      gathered.clear();
      entries = 0;
      for (auto each = from; each != end; ++each) {
        gathered.insert(gathered.end(), each->bytes, each->bytes + each->part.bytes);
        entries += each->part.entries;
      }
      bytes = gathered;
    }
    WEIR_RETURN_IF_ERROR(writer.Write(group, entries, bytes));
    from = end;
  }
  return Status::Ok();
}

}  // namespace weir::internal
