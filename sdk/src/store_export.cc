#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <weir/internal/state/store_cache_writer.h>

namespace weir::internal {
namespace {

// As large as what a segment of a table in memory gives.
constexpr std::size_t kPieceBytes = 32 * 1024;

// Of a walk: looking for the first entry of a group costs more than reading the next one.
constexpr std::uint32_t kGroupsAtOnce = 8;

class Pieces {
 public:
  Pieces(StateWriter& writer, std::uint32_t key_group) : writer_(writer), key_group_(key_group) {}
  Status Add(const StoreCursor& cursor) {
    for (const std::string_view part : {cursor.key(), cursor.value()}) {
      const auto bytes = AsBytes(part);
      bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }
    ++entries_;
    return bytes_.size() < kPieceBytes ? Status::Ok() : Flush();
  }
  Status Flush() {
    if (entries_ == 0) return Status::Ok();
    WEIR_RETURN_IF_ERROR(writer_.Write(key_group_, entries_, bytes_));
    bytes_.clear();
    entries_ = 0;
    return Status::Ok();
  }

 private:
  StateWriter& writer_;
  const std::uint32_t key_group_;
  std::uint32_t entries_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace

Status ExportStore(const KeyedStore& store, const KeyGroupRange& range, StateWriter& writer) {
  for (std::uint32_t group = range.first; group < range.first + range.count; ++group) {
    const std::unique_ptr<StoreCursor> cursor = store.Scan(group, {});
    Pieces pieces(writer, group);
    while (cursor->Next()) WEIR_RETURN_IF_ERROR(pieces.Add(*cursor));
    WEIR_RETURN_IF_ERROR(cursor->status());
    WEIR_RETURN_IF_ERROR(pieces.Flush());
  }
  return Status::Ok();
}

void StorePosition::Walk(const KeyedStore& store, const KeyGroupRange& range, std::uint32_t entries,
                         FunctionReference<void(const StoreCursor&)> visit) {
  for (std::uint32_t groups = 0; entries > 0 && group_ < range.count; ++group_, ++groups) {
    if (groups == kGroupsAtOnce) return;
    const std::unique_ptr<StoreCursor> cursor = store.Scan(range.first + group_, {}, from_);
    bool more = cursor->Next();
    for (; more && entries > 0; --entries, more = cursor->Next()) visit(*cursor);
    if (more) {
      from_ = cursor->key();
      return;
    }
    if (!cursor->status().ok()) throw StoreError(cursor->status());
    from_.clear();
  }
  if (group_ == range.count) group_ = 0;
}

}  // namespace weir::internal
