#include "connectors/files/src/split_reader.h"

#include <algorithm>
#include <utility>

namespace weir::files {

SplitReader::SplitReader(const internal::FileSourceOptions& options, const Framing& framing,
                         FileSplit split, const std::atomic<bool>& stop)
    : options_(options),
      framing_(framing),
      split_(std::move(split)),
      stop_(stop),
      codec_(options.decompress ? CodecOf(split_.path) : Codec::kNone),
      framer_(framing, options.maximum_message_bytes) {}

void SplitReader::Fill(FileBlock& block) {
  Status status = stream_ ? Status::Ok() : Open(block);
  if (status.ok()) status = FillFrom(block);
  block.failure = std::move(status);
}

Status SplitReader::Open(FileBlock& block) {
  WEIR_ASSIGN_OR_RETURN(file_, options_.file_system->OpenForReading(split_.path));
  block.begins_split = true;
  const bool fresh = split_.position == split_.begin && split_.messages == 0;
  if (framing_.header_records > 0) {
    WEIR_RETURN_IF_ERROR(Seek(0));
    WEIR_RETURN_IF_ERROR(ReadHeader(block));
    // Where the part begins within the header, what is behind that is the first of its messages.
    if (fresh && split_.begin < position()) return Status::Ok();
  }
  if (fresh && split_.begin > 0) {
    // A line that begins at `begin` is ours: whether one does, the byte before tells.
    WEIR_RETURN_IF_ERROR(Seek(split_.begin - 1));
    return SkipForeignLine();
  }
  return Seek(split_.position);
}

Status SplitReader::Seek(std::uint64_t position) {
  buffer_.clear();
  used_ = 0;
  stream_ended_ = false;
  if (codec_ == Codec::kNone) {
    buffer_position_ = position;
    stream_ = PlainStream(*file_, position);
    return Status::Ok();
  }
  buffer_position_ = 0;
  WEIR_ASSIGN_OR_RETURN(stream_, DecompressedStream(codec_, split_.path, PlainStream(*file_, 0)));
  return Discard(position);
}

Status SplitReader::Discard(std::uint64_t bytes) {
  while (bytes > 0) {
    if (at_hand().empty()) WEIR_RETURN_IF_ERROR(ReadMore());
    const auto count = std::min<std::uint64_t>(bytes, at_hand().size());
    if (count == 0) {
      return Status::Corruption(split_.path + ": it is shorter than when it was read before");
    }
    used_ += static_cast<std::size_t>(count);
    bytes -= count;
  }
  return Status::Ok();
}

Status SplitReader::ReadHeader(FileBlock& block) {
  for (std::uint32_t i = 0; i < framing_.header_records; ++i) {
    WEIR_ASSIGN_OR_RETURN(const bool found, NextMessage());
    if (!found) break;
    if (i > 0) block.header += '\n';
    block.header += framer_.message();
    used_ += framer_.consumed();
  }
  return Status::Ok();
}

Status SplitReader::SkipForeignLine() {
  for (;;) {
    const std::size_t end = at_hand().find('\n');
    if (end != std::string_view::npos) {
      used_ += end + 1;
      return Status::Ok();
    }
    // Nothing of it is kept, however long it is.
    used_ = buffer_.size();
    if (stream_ended_ || position() >= split_.end) return Status::Ok();
    WEIR_RETURN_IF_ERROR(ReadMore());
  }
}

bool SplitReader::HasRoom(const FileBlock& block) const {
  return block.text.size() < kBlockBytes && block.messages.size() < kBlockMessages &&
         position() - block.first_position < kBlockBytes;
}

Status SplitReader::FillFrom(FileBlock& block) {
  block.first_position = position();
  while (HasRoom(block)) {
    // `end` counts bytes of the file; a compressed one is a split of its own, to its end.
    if (codec_ == Codec::kNone && position() >= split_.end) {
      block.ends_split = true;
      return Status::Ok();
    }
    WEIR_ASSIGN_OR_RETURN(const bool found, NextMessage());
    if (!found) {
      block.ends_split = true;
      return Status::Ok();
    }
    used_ += framer_.consumed();
    block.Add(framer_.message(), position());
  }
  return Status::Ok();
}

Result<bool> SplitReader::NextMessage() {
  for (;;) {
    Result<MessageFramer::Found> found = framer_.Next(at_hand(), stream_ended_);
    if (!found.ok()) {
      return found.status().WithContext(split_.path + " byte " + std::to_string(position()));
    }
    if (*found == MessageFramer::Found::kMessage) return true;
    if (*found == MessageFramer::Found::kEnd) return false;
    WEIR_RETURN_IF_ERROR(ReadMore());
  }
}

Status SplitReader::ReadMore() {
  // Also on the way to a place far into a compressed file, which takes as long as all before it.
  if (stop_.load(std::memory_order_relaxed)) {
    return Status(StatusCode::kCanceled, split_.path + ": the reading was stopped");
  }
  if (used_ > 0) {
    buffer_.erase(0, used_);
    buffer_position_ += used_;
    used_ = 0;
  }
  // A long message is not read in small pieces.
  const std::size_t size = buffer_.size();
  buffer_.resize(size + std::max(kBlockBytes, size));
  Result<std::size_t> count = stream_->Read(std::span(buffer_).subspan(size));
  buffer_.resize(size + (count.ok() ? *count : 0));
  WEIR_RETURN_IF_ERROR(count.status());
  stream_ended_ = *count == 0;
  return Status::Ok();
}

}  // namespace weir::files
