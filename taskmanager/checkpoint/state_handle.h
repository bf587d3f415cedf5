// StateHandle: where a state file (docs/formats/state-file.md) is. A value; travels as
// proto/checkpoint.proto's StateHandle.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace weir::checkpoint {

// A file in the job's checkpoint folder.
struct StateFileLocation {
  std::string path;  // relative to that folder: "chk-7/4f1c…"
  std::uint64_t size_bytes = 0;
  std::uint32_t footer_checksum = 0;  // another file under the name is noticed
  bool operator==(const StateFileLocation&) const = default;
};

// The whole content of a small state file.
struct InlineState {
  std::string bytes;
  bool operator==(const InlineState&) const = default;
};

struct StateHandle {
  std::variant<InlineState, StateFileLocation> location;

  bool is_inline() const { return std::holds_alternative<InlineState>(location); }
  std::uint64_t size_bytes() const {
    if (const auto* state = std::get_if<InlineState>(&location)) return state->bytes.size();
    return std::get<StateFileLocation>(location).size_bytes;
  }
  bool operator==(const StateHandle&) const = default;
};

}  // namespace weir::checkpoint
