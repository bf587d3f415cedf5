#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/serializer.h>

namespace weir::internal {
namespace {

constexpr std::uint8_t kVersion = 1;

struct NamedMode {
  OperatorStateMode mode;
  std::string_view name;
};
constexpr NamedMode kModes[] = {{OperatorStateMode::kSplit, "split"},
                                {OperatorStateMode::kUnion, "union"},
                                {OperatorStateMode::kBroadcast, "broadcast"},
                                {OperatorStateMode::kUnionOnRescale, "union-on-rescale"}};

std::string_view NameOf(OperatorStateMode mode) {
  for (const NamedMode& each : kModes) {
    if (each.mode == mode) return each.name;
  }
  return "";
}
std::optional<OperatorStateMode> ModeOf(std::string_view name) {
  for (const NamedMode& each : kModes) {
    if (each.name == name) return each.mode;
  }
  return std::nullopt;
}

bool ReadState(ByteReader& in, OperatorStateItems& state) {
  std::string mode_name;
  std::uint32_t count = 0;
  if (!Serializer<std::string>::Read(in, state.name)) return false;
  if (!Serializer<std::string>::Read(in, mode_name)) return false;
  const auto mode = ModeOf(mode_name);
  if (!mode || !in.ReadLength(count, sizeof(std::uint32_t))) return false;
  state.mode = *mode;
  state.items.resize(count);
  for (auto& item : state.items) {
    std::uint32_t length = 0;
    if (!in.ReadLength(length, 1)) return false;
    item.resize(length);
    if (!in.ReadBytes(item.data(), length)) return false;
  }
  return true;
}

// The state of this name, made where there is none. Null: there is one in another mode.
OperatorStateItems* StateOf(OperatorStateSnapshot& snapshot, const OperatorStateItems& like) {
  const auto found = std::find_if(snapshot.begin(), snapshot.end(),
                                  [&](const auto& state) { return state.name == like.name; });
  if (found == snapshot.end()) {
    snapshot.push_back({like.name, like.mode, {}});
    return &snapshot.back();
  }
  return found->mode == like.mode ? &*found : nullptr;
}

void Divide(const OperatorStateSnapshot& gathered,
            const std::vector<OperatorStateSnapshot>& subtasks,
            std::vector<OperatorStateSnapshot>& divided) {
  for (const OperatorStateItems& state : gathered) {
    if (state.mode == OperatorStateMode::kSplit) {
      for (auto& target : divided) StateOf(target, state);
      for (std::size_t i = 0; i < state.items.size(); ++i) {
        StateOf(divided[i % divided.size()], state)->items.push_back(state.items[i]);
      }
    } else if (state.mode == OperatorStateMode::kUnion ||
               state.mode == OperatorStateMode::kUnionOnRescale) {
      for (auto& target : divided) StateOf(target, state)->items = state.items;
    }
  }
  for (std::size_t i = 0; i < divided.size() && !subtasks.empty(); ++i) {
    for (const OperatorStateItems& state : subtasks[i % subtasks.size()]) {
      if (state.mode == OperatorStateMode::kBroadcast) divided[i].push_back(state);
    }
  }
}

}  // namespace

void EncodeOperatorState(const OperatorStateSnapshot& snapshot, std::vector<std::byte>& out) {
  ByteWriter writer(out);
  writer.WriteFixed(kVersion);
  writer.WriteLength(snapshot.size());
  for (const OperatorStateItems& state : snapshot) {
    writer.WriteString(state.name);
    writer.WriteString(NameOf(state.mode));
    writer.WriteLength(state.items.size());
    for (const auto& item : state.items) {
      writer.WriteLength(item.size());
      writer.WriteBytes(item.data(), item.size());
    }
  }
}

Result<OperatorStateSnapshot> DecodeOperatorState(std::span<const std::byte> bytes) {
  constexpr std::size_t kSmallestState = 3 * sizeof(std::uint32_t);
  ByteReader reader(bytes);
  std::uint8_t version = 0;
  std::uint32_t count = 0;
  if (!reader.ReadFixed(version)) return Status::Corruption("operator state without a version");
  if (version != kVersion) {
    return Status::Corruption("operator state of version " + std::to_string(version) +
                              "; this one reads version " + std::to_string(kVersion));
  }
  if (!reader.ReadLength(count, kSmallestState)) {
    return Status::Corruption("operator state is cut off");
  }
  OperatorStateSnapshot snapshot(count);
  for (OperatorStateItems& state : snapshot) {
    if (!ReadState(reader, state)) {
      return Status::Corruption("operator state '" + state.name + "' is cut off or malformed");
    }
  }
  if (!reader.empty()) return Status::Corruption("bytes follow operator state");
  return snapshot;
}

Result<std::vector<OperatorStateSnapshot>> RedistributeOperatorState(
    const std::vector<OperatorStateSnapshot>& subtasks, std::uint32_t parallelism) {
  OperatorStateSnapshot gathered;
  for (const OperatorStateSnapshot& subtask : subtasks) {
    for (const OperatorStateItems& state : subtask) {
      OperatorStateItems* all = StateOf(gathered, state);
      if (all == nullptr) {
        return Status::Corruption("operator state '" + state.name +
                                  "' is of different kinds in different subtasks");
      }
      all->items.insert(all->items.end(), state.items.begin(), state.items.end());
    }
  }
  std::vector<OperatorStateSnapshot> divided(parallelism);
  if (parallelism == subtasks.size()) {
    // Each its own again, but for unions.
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      divided[i] = subtasks[i];
      for (const OperatorStateItems& state : gathered) {
        if (state.mode == OperatorStateMode::kUnion) {
          StateOf(divided[i], state)->items = state.items;
        }
      }
    }
    return divided;
  }
  Divide(gathered, subtasks, divided);
  return divided;
}

}  // namespace weir::internal
