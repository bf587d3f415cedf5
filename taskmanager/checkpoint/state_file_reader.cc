#include "taskmanager/checkpoint/state_file_reader.h"

#include <algorithm>
#include <utility>

#include "common/crc32c.h"
#include "common/text.h"

namespace weir::checkpoint {
namespace {

// Pieces that follow each other and are all wanted are read together up to this size (Run).
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

std::span<const std::byte> AsBytes(std::string_view bytes) {
  return std::as_bytes(std::span(bytes));
}

}  // namespace

StateFileReader::StateFileReader(std::string name, StateHandle handle,
                                 std::shared_ptr<ReadableFile> file)
    : name_(std::move(name)), handle_(std::move(handle)), file_(std::move(file)) {}

Result<std::unique_ptr<StateFileReader>> StateFileReader::Open(FileSystem& files,
                                                               const std::string& directory,
                                                               StateHandle handle) {
  std::string name = "inline state";
  std::shared_ptr<ReadableFile> file;
  if (const auto* location = std::get_if<StateFileLocation>(&handle.location)) {
    const std::string path = Concat(directory, "/", location->path);
    name = Concat("state file '", path, "'");
    WEIR_ASSIGN_OR_RETURN(file, files.OpenForReading(path));
  }
  std::unique_ptr<StateFileReader> reader(
      new StateFileReader(std::move(name), std::move(handle), std::move(file)));
  WEIR_RETURN_IF_ERROR(reader->ReadEnds());
  return reader;
}

Status StateFileReader::Damaged(std::string_view what) const {
  return Status::Corruption(Concat(name_, " is damaged: ", what));
}

Status StateFileReader::ReadEnds() {
  const auto* location = std::get_if<StateFileLocation>(&handle_.location);
  const std::uint64_t size = handle_.size_bytes();
  if (location != nullptr && static_cast<std::uint64_t>(file_->size()) != size) {
    return Damaged(Concat("it has ", file_->size(), " bytes; the checkpoint says ", size));
  }
  if (size < kStateFileHeaderBytes + kStateFileTrailerBytes) return Damaged("it is cut off");
  WEIR_ASSIGN_OR_RETURN(const std::string_view header, ReadAt(0, kStateFileHeaderBytes));
  WEIR_RETURN_IF_ERROR(CheckStateFileHeader(header).WithContext(name_));
  const std::uint64_t end = size - kStateFileTrailerBytes;
  WEIR_ASSIGN_OR_RETURN(const std::string_view trailer_bytes, ReadAt(end, kStateFileTrailerBytes));
  const Result<StateFileTrailer> trailer = DecodeStateFileTrailer(trailer_bytes);
  if (!trailer.ok()) return trailer.status().WithContext(name_);
  if (trailer->footer_bytes > end - kStateFileHeaderBytes) return Damaged("its footer is too long");
  if (location != nullptr && trailer->footer_checksum != location->footer_checksum) {
    return Damaged("it is not the file that the checkpoint means (another footer)");
  }
  const std::uint64_t footer_offset = end - trailer->footer_bytes;
  WEIR_ASSIGN_OR_RETURN(const std::string_view footer,
                        ReadAt(footer_offset, trailer->footer_bytes));
  if (Crc32c(footer) != trailer->footer_checksum) {
    return Damaged("its footer does not match its checksum");
  }
  Result<StateFileFooter> decoded = DecodeStateFileFooter(footer);
  if (!decoded.ok()) return decoded.status().WithContext(name_);
  footer_ = *std::move(decoded);
  std::uint64_t offset = kStateFileHeaderBytes;
  offsets_.reserve(footer_.pieces.size());
  for (const StatePiece& piece : footer_.pieces) {
    offsets_.push_back(offset);
    offset += piece.size_bytes;
  }
  if (offset != footer_offset) return Damaged("its pieces do not fill it");
  return Status();
}

Result<std::string_view> StateFileReader::ReadAt(std::uint64_t offset, std::size_t count) {
  if (const auto* state = std::get_if<InlineState>(&handle_.location)) {
    return std::string_view(state->bytes).substr(offset, count);
  }
  buffer_.resize(count);
  WEIR_ASSIGN_OR_RETURN(const std::size_t size,
                        file_->ReadAt(static_cast<std::int64_t>(offset), buffer_));
  if (size != count) return Damaged("it is cut off");
  return std::string_view(buffer_);
}

Status StateFileReader::CheckSection(SectionId section, SectionKind kind) const {
  if (section < footer_.sections.size() && footer_.sections[section].kind == kind) return Status();
  return Status::Internal(Concat(name_, " has no section ", section, " of the kind asked for"));
}

Status StateFileReader::CheckRun(const Run& run, std::string_view bytes) const {
  if (bytes.size() != run.size_bytes) return Damaged("it is cut off");
  for (std::size_t i = run.first; i < run.end; ++i) {
    const StatePiece& piece = footer_.pieces[i];
    if (Crc32c(bytes.substr(0, piece.size_bytes)) != piece.checksum) {
      return Damaged(
          Concat(piece.size_bytes, " bytes at ", offsets_[i], " do not match their checksum"));
    }
    bytes.remove_prefix(piece.size_bytes);
  }
  return Status();
}

Status StateFileReader::HandOut(const Run& run, std::string_view bytes,
                                const RawPieceFunction& function) const {
  for (std::size_t i = run.first; i < run.end; ++i) {
    const StatePiece& piece = footer_.pieces[i];
    WEIR_RETURN_IF_ERROR(function(piece, bytes.substr(0, piece.size_bytes)));
    bytes.remove_prefix(piece.size_bytes);
  }
  return Status();
}

std::vector<StateFileReader::Run> StateFileReader::RunsOf(
    const std::function<bool(const StatePiece&)>& wanted) const {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < footer_.pieces.size(); ++i) {
    const StatePiece& piece = footer_.pieces[i];
    if (!wanted(piece)) continue;
    if (runs.empty() || runs.back().end != i ||
        runs.back().size_bytes + piece.size_bytes > kReadBytes) {
      runs.push_back({i, i, 0});
    }
    runs.back().end = i + 1;
    runs.back().size_bytes += piece.size_bytes;
  }
  return runs;
}

Status StateFileReader::ReadPieces(const std::function<bool(const StatePiece&)>& wanted,
                                   const RawPieceFunction& function) {
  const std::vector<Run> runs = RunsOf(wanted);
  if (handle_.is_inline()) {
    for (const Run& run : runs) {
      WEIR_ASSIGN_OR_RETURN(const std::string_view bytes,
                            ReadAt(offsets_[run.first], run.size_bytes));
      WEIR_RETURN_IF_ERROR(CheckRun(run, bytes));
      WEIR_RETURN_IF_ERROR(HandOut(run, bytes, function));
    }
    return Status();
  }
  std::vector<ReadAhead::Part> parts;
  parts.reserve(runs.size());
  for (const Run& run : runs) parts.push_back({offsets_[run.first], run.size_bytes});
  ReadAhead ahead(
      file_, std::move(parts),
      [this, &runs](std::size_t part, std::string_view bytes) {
        return CheckRun(runs[part], bytes);
      },
      run_beside_);
  for (const Run& run : runs) {
    WEIR_ASSIGN_OR_RETURN(const std::string_view bytes, ahead.Next());
    WEIR_RETURN_IF_ERROR(HandOut(run, bytes, function));
  }
  return Status();
}

std::vector<std::uint64_t> StateFileReader::EntriesOf(SectionId section, std::uint32_t first_group,
                                                      std::uint32_t group_count) const {
  std::vector<std::uint64_t> entries(group_count, 0);
  for (const StatePiece& piece : footer_.pieces) {
    const std::uint32_t index = piece.key_group - first_group;
    if (piece.section == section && index < group_count) entries[index] += piece.entries;
  }
  return entries;
}

Status StateFileReader::ReadKeyGroups(SectionId section, std::uint32_t first_group,
                                      std::uint32_t group_count, const PieceFunction& function) {
  WEIR_RETURN_IF_ERROR(CheckSection(section, SectionKind::kKeyedTable));
  return ReadPieces(
      [&](const StatePiece& piece) {
        return piece.section == section && piece.key_group - first_group < group_count;
      },
      [&](const StatePiece& piece, std::string_view bytes) {
        return function(piece.key_group, piece.entries, AsBytes(bytes));
      });
}

Status StateFileReader::ReadChannelState(SectionId section, const ChannelPieceFunction& function) {
  WEIR_RETURN_IF_ERROR(CheckSection(section, SectionKind::kChannelState));
  return ReadPieces([&](const StatePiece& piece) { return piece.section == section; },
                    [&](const StatePiece& piece, std::string_view bytes) {
                      return function(piece.entries, AsBytes(bytes));
                    });
}

Result<internal::OperatorStateSnapshot> StateFileReader::ReadOperatorState(SectionId section) {
  WEIR_RETURN_IF_ERROR(CheckSection(section, SectionKind::kOperatorState));
  internal::OperatorStateSnapshot snapshot;
  WEIR_RETURN_IF_ERROR(ReadPieces([&](const StatePiece& piece) { return piece.section == section; },
                                  [&](const StatePiece&, std::string_view bytes) {
                                    auto decoded = internal::DecodeOperatorState(AsBytes(bytes));
                                    if (decoded.ok()) snapshot = *std::move(decoded);
                                    return decoded.status().WithContext(name_);
                                  }));
  return snapshot;
}

Status StateFileReader::Verify() {
  return ReadPieces([](const StatePiece&) { return true; },
                    [](const StatePiece&, std::string_view) { return Status(); });
}

}  // namespace weir::checkpoint
