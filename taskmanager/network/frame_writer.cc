#include "taskmanager/network/frame_writer.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir::network {

FrameWriter::FrameWriter(std::uint64_t first_sequence, BufferPool& emptied)
    : next_sequence_(first_sequence), emptied_(emptied) {
  pieces_.reserve(2 * kMostFrames);
  written_.reserve(kMostFrames);
}

void FrameWriter::Append(FrameType type, std::uint32_t channel, std::uint32_t attempt,
                         std::span<const std::byte> payload) {
  Bytes& copy = slots_[frames_].small;
  copy.assign(payload.begin(), payload.end());
  AppendFrame({.type = type, .channel = channel, .attempt = attempt}, copy);
}

void FrameWriter::AppendData(std::uint32_t channel, std::uint32_t attempt, Buffer buffer) {
  Bytes& data = slots_[frames_].data;
  data = std::move(buffer.bytes);
  const std::uint16_t flags = buffer.continues ? kFlagContinues : 0;
  AppendFrame({.type = FrameType::kData, .flags = flags, .channel = channel, .attempt = attempt},
              data);
}

void FrameWriter::AppendFrame(FrameHeader header, std::span<const std::byte> payload) {
  assert(room() > 0);
  header.sequence = next_sequence_++;
  header.length = static_cast<std::uint32_t>(payload.size());
  Slot& slot = slots_[frames_++];
  slot.header = EncodeFrameHeader(header, payload);
  pieces_.push_back({slot.header.data(), slot.header.size()});
  // writev only reads; its type is older than const.
  if (!payload.empty()) {
    pieces_.push_back({const_cast<std::byte*>(payload.data()), payload.size()});
  }
  bytes_ += kFrameHeaderSize + payload.size();
}

void FrameWriter::Written(std::size_t size) {
  while (size > 0) {
    iovec& piece = pieces_[first_piece_];
    const std::size_t part = std::min(size, piece.iov_len);
    piece.iov_base = static_cast<std::byte*>(piece.iov_base) + part;
    piece.iov_len -= part;
    size -= part;
    if (piece.iov_len == 0) ++first_piece_;
  }
  if (first_piece_ == pieces_.size()) Reset();
}

void FrameWriter::Reset() {
  for (std::size_t i = 0; i < frames_; ++i) {
    if (slots_[i].data.capacity() > 0) written_.push_back(std::exchange(slots_[i].data, {}));
  }
  if (!written_.empty()) emptied_.ReturnAll(written_);
  pieces_.clear();
  first_piece_ = 0;
  frames_ = 0;
  bytes_ = 0;
}

}  // namespace weir::network
