// Operator state of one subtask as values: what a snapshot takes along and a restore hands out.
//
// Items are bytes, so that state is divided anew among subtasks by who knows no user type (Flink's
// OperatorStateHandle and its RoundRobinOperatorStateRepartitioner).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <weir/status.h>

namespace weir::internal {

// What becomes of the items when an operator is restored at another parallelism.
enum class OperatorStateMode : std::uint8_t {
  kSplit,      // in turn to the subtasks, each item to one
  kUnion,      // every subtask gets the items of all
  kBroadcast,  // all subtasks had the same: each gets one subtask's
  // As kUnion, but with the same parallelism each subtask gets its own again: for items that say
  // themselves whose they are, and small restores where nothing has moved.
  kUnionOnRescale,
};

struct OperatorStateItems {
  std::string name;
  OperatorStateMode mode = OperatorStateMode::kSplit;
  std::vector<std::vector<std::byte>> items;
  bool operator==(const OperatorStateItems&) const = default;
};

// All states of an operator in one subtask; their names differ.
using OperatorStateSnapshot = std::vector<OperatorStateItems>;

// docs/formats/operator-state.md. Appends.
void EncodeOperatorState(const OperatorStateSnapshot& snapshot, std::vector<std::byte>& out);
// Corruption where these are not exactly the bytes of one snapshot.
Result<OperatorStateSnapshot> DecodeOperatorState(std::span<const std::byte> bytes);

// The states of all subtasks, in their order, for `parallelism` (at least 1) new ones. With the
// same parallelism each gets its own again. Corruption where the subtasks differ in a state's mode.
Result<std::vector<OperatorStateSnapshot>> RedistributeOperatorState(
    const std::vector<OperatorStateSnapshot>& subtasks, std::uint32_t parallelism);

}  // namespace weir::internal
