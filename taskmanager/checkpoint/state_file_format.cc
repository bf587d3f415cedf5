#include "taskmanager/checkpoint/state_file_format.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include <weir/internal/byte_reader.h>
#include <weir/internal/byte_writer.h>

#include "common/crc32c.h"
#include "common/text.h"

namespace weir::checkpoint {
namespace {

constexpr std::string_view kMagic = "WEIRSTAT";
constexpr std::string_view kEndMagic = "WEIR-END";
constexpr std::string_view kKeyedTable = "keyed-table";
constexpr std::string_view kOperatorState = "operator-state";
constexpr std::string_view kChannelState = "channel-state";
constexpr std::size_t kPieceBytes = 5 * sizeof(std::uint32_t);
constexpr std::size_t kSmallestSection = 2 * sizeof(std::uint32_t);

std::string AsString(const std::vector<std::byte>& bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::string_view NameOf(SectionKind kind) {
  switch (kind) {
    case SectionKind::kKeyedTable:
      return kKeyedTable;
    case SectionKind::kOperatorState:
      return kOperatorState;
    case SectionKind::kChannelState:
      break;
  }
  return kChannelState;
}

bool ReadString(ByteReader& in, std::string& out) {
  std::uint32_t length = 0;
  std::string_view text;
  if (!in.ReadLength(length, 1) || !in.ReadView(text, length)) return false;
  out = text;
  return true;
}

Status ReadSection(ByteReader& in, StateSection& section) {
  std::string kind;
  if (!ReadString(in, kind) || !ReadString(in, section.operator_id)) {
    return Status::Corruption("a section of the footer is cut off");
  }
  if (kind == kOperatorState) {
    section.kind = SectionKind::kOperatorState;
    return Status();
  }
  if (kind != kKeyedTable && kind != kChannelState) {
    return Status::Corruption(Concat("there is no section of kind '", kind, "'"));
  }
  section.kind = kind == kKeyedTable ? SectionKind::kKeyedTable : SectionKind::kChannelState;
  if (!ReadString(in, section.state) || !ReadString(in, section.schema) ||
      !in.ReadFixed(section.max_parallelism) || section.max_parallelism == 0) {
    return Status::Corruption("a section of the footer is cut off or malformed");
  }
  return Status();
}

bool ReadPiece(ByteReader& in, StatePiece& piece) {
  return in.ReadFixed(piece.section) && in.ReadFixed(piece.key_group) &&
         in.ReadFixed(piece.entries) && in.ReadFixed(piece.size_bytes) &&
         in.ReadFixed(piece.checksum);
}

Status CheckPieces(const StateFileFooter& footer) {
  std::vector<std::uint32_t> pieces_of(footer.sections.size(), 0);
  for (const StatePiece& piece : footer.pieces) {
    if (piece.section >= footer.sections.size()) {
      return Status::Corruption(
          Concat("a piece is of section ", piece.section, " of ", footer.sections.size()));
    }
    const StateSection& section = footer.sections[piece.section];
    ++pieces_of[piece.section];
    if (section.kind == SectionKind::kKeyedTable && piece.key_group >= section.max_parallelism) {
      return Status::Corruption(
          Concat("a piece is of key group ", piece.key_group, " of ", section.max_parallelism));
    }
  }
  for (std::size_t i = 0; i < footer.sections.size(); ++i) {
    if (footer.sections[i].kind == SectionKind::kOperatorState && pieces_of[i] != 1) {
      return Status::Corruption(Concat("operator state of ", footer.sections[i].operator_id,
                                       " has ", pieces_of[i], " pieces and not one"));
    }
  }
  return Status();
}

Status CheckSections(const std::vector<StateSection>& sections) {
  std::set<std::tuple<SectionKind, std::string_view, std::string_view>> seen;
  for (const StateSection& section : sections) {
    if (!seen.emplace(section.kind, section.operator_id, section.state).second) {
      return Status::Corruption(
          Concat("state '", section.state, "' of operator ", section.operator_id, " comes twice"));
    }
  }
  return Status();
}

}  // namespace

std::string EncodeStateFileHeader(std::uint32_t version) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  writer.WriteBytes(kMagic.data(), kMagic.size());
  writer.WriteFixed(version);
  writer.Finish();
  writer.WriteFixed(Crc32c(AsString(bytes)));
  writer.Finish();
  return AsString(bytes);
}

Status CheckStateFileHeader(std::string_view bytes) {
  if (bytes.size() < kStateFileHeaderBytes || !bytes.starts_with(kMagic)) {
    return Status::Corruption("it does not begin as a state file");
  }
  ByteReader reader(bytes.substr(kMagic.size()));
  std::uint32_t version = 0;
  std::uint32_t checksum = 0;
  if (!reader.ReadFixed(version) || !reader.ReadFixed(checksum) ||
      checksum != Crc32c(bytes.substr(0, kStateFileHeaderBytes - sizeof checksum))) {
    return Status::Corruption("its header does not match its checksum");
  }
  if (version != kStateFileVersion && version != kChannelStateFileVersion) {
    return Status(StatusCode::kUnsupported,
                  Concat("it is of format version ", version, "; this version of Weir reads ",
                         kStateFileVersion, " and ", kChannelStateFileVersion),
                  ErrorDomain::kExternal, RetryHint::kNoRetry);
  }
  return Status();
}

std::string EncodeStateFileFooter(const StateFileFooter& footer) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  writer.WriteLength(footer.sections.size());
  for (const StateSection& section : footer.sections) {
    writer.WriteString(NameOf(section.kind));
    writer.WriteString(section.operator_id);
    if (section.kind == SectionKind::kOperatorState) continue;
    writer.WriteString(section.state);
    writer.WriteString(section.schema);
    writer.WriteFixed(section.max_parallelism);
  }
  writer.WriteLength(footer.pieces.size());
  writer.Reserve(footer.pieces.size() * kPieceBytes);
  for (const StatePiece& piece : footer.pieces) {
    writer.WriteFixed(piece.section);
    writer.WriteFixed(piece.key_group);
    writer.WriteFixed(piece.entries);
    writer.WriteFixed(piece.size_bytes);
    writer.WriteFixed(piece.checksum);
  }
  writer.Finish();
  return AsString(bytes);
}

Result<StateFileFooter> DecodeStateFileFooter(std::string_view bytes) {
  StateFileFooter footer;
  ByteReader reader(bytes);
  std::uint32_t count = 0;
  if (!reader.ReadLength(count, kSmallestSection)) {
    return Status::Corruption("the footer is cut off");
  }
  footer.sections.resize(count);
  for (StateSection& section : footer.sections) {
    WEIR_RETURN_IF_ERROR(ReadSection(reader, section));
  }
  if (!reader.ReadLength(count, kPieceBytes)) return Status::Corruption("the footer is cut off");
  footer.pieces.resize(count);
  for (StatePiece& piece : footer.pieces) {
    if (!ReadPiece(reader, piece)) return Status::Corruption("the footer is cut off");
  }
  if (!reader.empty()) return Status::Corruption("bytes follow the footer's pieces");
  WEIR_RETURN_IF_ERROR(CheckSections(footer.sections));
  WEIR_RETURN_IF_ERROR(CheckPieces(footer));
  return footer;
}

std::string EncodeStateFileTrailer(const StateFileTrailer& trailer) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  writer.WriteFixed(trailer.footer_bytes);
  writer.WriteFixed(trailer.footer_checksum);
  writer.Finish();
  writer.WriteFixed(Crc32c(AsString(bytes)));
  writer.WriteBytes(kEndMagic.data(), kEndMagic.size());
  writer.Finish();
  return AsString(bytes);
}

Result<StateFileTrailer> DecodeStateFileTrailer(std::string_view bytes) {
  constexpr std::size_t kChecked = sizeof(std::uint64_t) + sizeof(std::uint32_t);
  if (bytes.size() != kStateFileTrailerBytes || !bytes.ends_with(kEndMagic)) {
    return Status::Corruption("it does not end as a state file");
  }
  StateFileTrailer trailer;
  std::uint32_t checksum = 0;
  ByteReader reader(bytes);
  if (!reader.ReadFixed(trailer.footer_bytes) || !reader.ReadFixed(trailer.footer_checksum) ||
      !reader.ReadFixed(checksum) || checksum != Crc32c(bytes.substr(0, kChecked))) {
    return Status::Corruption("its trailer does not match its checksum");
  }
  return trailer;
}

}  // namespace weir::checkpoint
