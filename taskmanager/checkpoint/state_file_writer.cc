#include "taskmanager/checkpoint/state_file_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/crc32c.h"
#include "common/text.h"

namespace weir::checkpoint {
namespace {

// Bytes that are written at once; pieces are a few dozen to 32 KiB.
constexpr std::size_t kWriteBytes = std::size_t{256} << 10;

std::string_view AsText(std::span<const std::byte> bytes) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

class StateFileWriter::KeyedSection final : public internal::StateWriter {
 public:
  KeyedSection(StateFileWriter& file, SectionId section) : file_(file), section_(section) {}
  Status Write(std::uint32_t key_group, std::uint32_t entries,
               std::span<const std::byte> bytes) override {
    return file_.WritePiece(section_, key_group, entries, AsText(bytes));
  }

 private:
  StateFileWriter& file_;
  const SectionId section_;
};

StateFileWriter::StateFileWriter(FileSystem& files, std::string directory, std::string path,
                                 std::size_t inline_threshold_bytes, std::uint32_t version)
    : files_(files),
      directory_(std::move(directory)),
      path_(std::move(path)),
      inline_threshold_bytes_(inline_threshold_bytes),
      buffer_(EncodeStateFileHeader(version)),
      next_offset_(buffer_.size()) {}

StateFileWriter::~StateFileWriter() {
  if (!created_ || finished_) return;
  file_.reset();
  // Nobody can be told. What cannot be removed here goes with the checkpoint's folder.
  static_cast<void>(files_.RemoveRecursively(Concat(directory_, "/", path_)));
}

SectionId StateFileWriter::AddKeyedTable(std::string_view operator_id, std::string_view state,
                                         std::string_view schema, std::uint32_t max_parallelism) {
  return AddSection({SectionKind::kKeyedTable, std::string(operator_id), std::string(state),
                     std::string(schema), max_parallelism});
}

SectionId StateFileWriter::AddChannelState(std::string_view operator_id, std::string_view edge,
                                           std::string_view schema, std::uint32_t max_parallelism) {
  return AddSection({SectionKind::kChannelState, std::string(operator_id), std::string(edge),
                     std::string(schema), max_parallelism});
}

Status StateFileWriter::WriteChannelState(SectionId section, std::uint32_t records,
                                          std::span<const std::byte> bytes) {
  return WritePiece(section, 0, records, AsText(bytes));
}

SectionId StateFileWriter::AddOperatorState(std::string_view operator_id) {
  return AddSection({SectionKind::kOperatorState, std::string(operator_id), {}, {}, 0});
}

SectionId StateFileWriter::AddSection(StateSection section) {
  const auto id = static_cast<SectionId>(footer_.sections.size());
  keyed_.push_back(section.kind == SectionKind::kKeyedTable
                       ? std::make_unique<KeyedSection>(*this, id)
                       : nullptr);
  footer_.sections.push_back(std::move(section));
  return id;
}

internal::StateWriter& StateFileWriter::keyed(SectionId section) {
  return *keyed_.at(section);
}

Status StateFileWriter::WriteOperatorState(SectionId section,
                                           const internal::OperatorStateSnapshot& snapshot) {
  std::vector<std::byte> bytes;
  internal::EncodeOperatorState(snapshot, bytes);
  return WritePiece(section, 0, 0, AsText(bytes));
}

Status StateFileWriter::WritePiece(SectionId section, std::uint32_t key_group,
                                   std::uint32_t entries, std::string_view bytes) {
  WEIR_RETURN_IF_ERROR(failure_);
  if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
    const StateSection& of = footer_.sections[section];
    return Fail(Status(StatusCode::kResourceExhausted,
                       Concat("state '", of.state, "' of operator ", of.operator_id,
                              " has a piece of ", bytes.size(), " bytes; 2^32 - 1 are the most"),
                       ErrorDomain::kUser, RetryHint::kNoRetry));
  }
  footer_.pieces.push_back(
      {section, key_group, entries, static_cast<std::uint32_t>(bytes.size()), Crc32c(bytes)});
  next_offset_ += bytes.size();
  return Take(bytes);
}

Status StateFileWriter::Take(std::string_view bytes) {
  // What may still become part of the handle has to stay in memory.
  const std::size_t room = std::max(kWriteBytes, inline_threshold_bytes_);
  if (buffer_.size() + bytes.size() > room) WEIR_RETURN_IF_ERROR(FlushBuffer());
  if (bytes.size() <= room) {
    buffer_.append(bytes);
    return Status();
  }
  const Status written = file_->Append(bytes);
  return written.ok() ? Status() : Fail(written);
}

Status StateFileWriter::FlushBuffer() {
  if (!created_) {
    Result<std::unique_ptr<WritableFile>> file =
        files_.CreateExclusively(Concat(directory_, "/", path_));
    if (!file.ok()) return Fail(file.status());
    file_ = *std::move(file);
    created_ = true;
  }
  const Status written = file_->Append(buffer_);
  buffer_.clear();
  return written.ok() ? Status() : Fail(written);
}

Status StateFileWriter::FinishFile() {
  WEIR_RETURN_IF_ERROR(FlushBuffer());
  WEIR_RETURN_IF_ERROR(file_->Sync());
  return file_->Close();
}

Result<StateHandle> StateFileWriter::Finish() {
  WEIR_RETURN_IF_ERROR(failure_);
  const std::string footer = EncodeStateFileFooter(footer_);
  if (const Result<StateFileFooter> decoded = DecodeStateFileFooter(footer); !decoded.ok()) {
    return Fail(Status::Internal(
        Concat("'", path_, "' was not written rightly: ", decoded.status().message())));
  }
  const std::uint32_t checksum = Crc32c(footer);
  WEIR_RETURN_IF_ERROR(Take(footer));
  WEIR_RETURN_IF_ERROR(Take(EncodeStateFileTrailer({footer.size(), checksum})));
  const std::uint64_t size = next_offset_ + footer.size() + kStateFileTrailerBytes;
  failure_ = Status::Internal(Concat("'", path_, "' has been ended"));
  if (!created_ && size <= inline_threshold_bytes_) {
    finished_ = true;
    return StateHandle{InlineState{std::move(buffer_)}};
  }
  const Status ended = FinishFile();
  file_.reset();
  if (!ended.ok()) return Fail(ended);
  finished_ = true;
  return StateHandle{StateFileLocation{path_, size, checksum}};
}

Status StateFileWriter::Fail(Status status) {
  failure_ = std::move(status);
  return failure_;
}

}  // namespace weir::checkpoint
