// A reader's splits as operator state: one item for each, so that they are dealt out to the readers
// of another parallelism (docs/formats/operator-state.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/checkpointed_function.h>
#include <weir/internal/source_protocol.h>
#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/serializer.h>
#include <weir/status.h>

namespace weir::internal {

inline constexpr char kSplitsState[] = "weir.splits";

template <class Split>
OperatorStateItems SaveSplits(const std::vector<Split>& splits) {
  OperatorStateItems saved{kSplitsState, OperatorStateMode::kSplit, {}};
  for (const Split& split : splits) {
    saved.items.push_back({std::byte{kSourceProtocolVersion}});
    SerializeTo(split, saved.items.back());
  }
  return saved;
}

// `restored`: may be null, else holds nothing else.
template <class Split>
Result<std::vector<Split>> LoadSplits(const OperatorStateSnapshot* restored) {
  std::vector<Split> splits;
  WEIR_RETURN_IF_ERROR(CheckAllRestored(restored, {kSplitsState}));
  if (restored == nullptr || restored->empty()) return splits;
  if (restored->front().mode != OperatorStateMode::kSplit) {
    return Status::Corruption("the splits of the source were saved as another kind of state");
  }
  for (const std::vector<std::byte>& item : restored->front().items) {
    if (item.empty()) return Status::Corruption("a split of the source has no bytes");
    if (item.front() != std::byte{kSourceProtocolVersion}) {
      return Status(StatusCode::kUnsupported,
                    "a split of the source was saved in version " +
                        std::to_string(std::to_integer<int>(item.front())) +
                        "; this build knows version " + std::to_string(kSourceProtocolVersion));
    }
    Result<Split> split = Deserialize<Split>(std::span(item).subspan(1));
    if (!split.ok()) return split.status().WithContext("a split of the source");
    splits.push_back(*std::move(split));
  }
  return splits;
}

}  // namespace weir::internal
