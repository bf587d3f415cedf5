// The bytes of a state file around its pieces (docs/formats/state-file.md). Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

namespace weir::checkpoint {

// A file without channel state is of version 1, so that older readers go on reading it.
inline constexpr std::uint32_t kStateFileVersion = 1;
inline constexpr std::uint32_t kChannelStateFileVersion = 2;
inline constexpr std::size_t kStateFileHeaderBytes = 16;
inline constexpr std::size_t kStateFileTrailerBytes = 24;

// Index of a section in its file.
using SectionId = std::uint32_t;

enum class SectionKind : std::uint8_t { kKeyedTable, kOperatorState, kChannelState };

struct StateSection {
  SectionKind kind = SectionKind::kKeyedTable;
  std::string operator_id;
  // Of keyed tables and channel state:
  std::string state;   // its name, unique within the operator; the edge's
  std::string schema;  // of its entries; of its records
  std::uint32_t max_parallelism = 0;
  bool operator==(const StateSection&) const = default;
};

// Pieces follow each other, from the header to the footer, in the order of the index.
struct StatePiece {
  SectionId section = 0;
  std::uint32_t key_group = 0;  // 0 but in keyed tables
  std::uint32_t entries = 0;    // 0 in operator state
  std::uint32_t size_bytes = 0;
  std::uint32_t checksum = 0;  // CRC-32C of its bytes
  bool operator==(const StatePiece&) const = default;
};

struct StateFileFooter {
  std::vector<StateSection> sections;
  std::vector<StatePiece> pieces;
  bool operator==(const StateFileFooter&) const = default;
};

struct StateFileTrailer {
  std::uint64_t footer_bytes = 0;
  std::uint32_t footer_checksum = 0;  // CRC-32C of the footer
};

// Errors of the functions below do not name the file; whoever read it adds that.
std::string EncodeStateFileHeader(std::uint32_t version = kStateFileVersion);
// `bytes`: the first kStateFileHeaderBytes. Unsupported for a newer version, else Corruption.
Status CheckStateFileHeader(std::string_view bytes);

std::string EncodeStateFileFooter(const StateFileFooter& footer);
// Corruption where these are not exactly the bytes of a footer that makes sense: pieces of sections
// that are there, key groups below the maximum parallelism, one piece for operator state.
Result<StateFileFooter> DecodeStateFileFooter(std::string_view bytes);

std::string EncodeStateFileTrailer(const StateFileTrailer& trailer);
// `bytes`: the last kStateFileTrailerBytes.
Result<StateFileTrailer> DecodeStateFileTrailer(std::string_view bytes);

}  // namespace weir::checkpoint
