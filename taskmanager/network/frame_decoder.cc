#include "taskmanager/network/frame_decoder.h"

#include <algorithm>
#include <cstring>

#include "common/text.h"

namespace weir::network {

Status FrameDecoder::Feed(std::span<const std::byte> chunk) {
  while (error_.ok() && !chunk.empty()) {
    if (const Status status = Consume(chunk); !status.ok()) return Fail(status);
  }
  return error_;
}

Status FrameDecoder::Consume(std::span<const std::byte>& chunk) {
  if (header_size_ < kFrameHeaderSize) {
    const std::size_t size = std::min(chunk.size(), kFrameHeaderSize - header_size_);
    header_valid_ = false;
    std::memcpy(header_bytes_.data() + header_size_, chunk.data(), size);
    header_size_ += size;
    chunk = chunk.subspan(size);
    return header_size_ < kFrameHeaderSize ? Status() : HeaderComplete();
  }
  Bytes& payload = header_.type == FrameType::kData ? data_ : small_;
  const std::size_t size = std::min(chunk.size(), header_.length - payload_size_);
  std::memcpy(payload.data() + payload_size_, chunk.data(), size);
  payload_size_ += size;
  chunk = chunk.subspan(size);
  return payload_size_ < header_.length ? Status() : FrameComplete();
}

std::span<std::byte> FrameDecoder::PayloadSpace() {
  const bool in_data =
      error_.ok() && header_size_ == kFrameHeaderSize && header_.type == FrameType::kData;
  if (!in_data) return {};
  return std::span(data_).subspan(payload_size_);
}

Status FrameDecoder::PayloadFilled(std::size_t size) {
  if (!error_.ok() || size == 0) return error_;
  payload_size_ += size;
  if (payload_size_ < header_.length) return Status();
  const Status status = FrameComplete();
  return status.ok() ? status : Fail(status);
}

std::size_t FrameDecoder::missing() const {
  return header_size_ < kFrameHeaderSize ? kFrameHeaderSize - header_size_
                                         : header_.length - payload_size_;
}

Status FrameDecoder::AtEnd() const {
  if (!error_.ok() || !mid_frame()) return error_;
  return Status::Corruption(Concat(peer_, ": the connection ended in the middle of frame ",
                                   next_sequence_, ", ", missing(), " bytes before its ",
                                   header_size_ < kFrameHeaderSize ? "header's end" : "end"));
}

Status FrameDecoder::HeaderComplete() {
  WEIR_ASSIGN_OR_RETURN(header_, DecodeFrameHeader(header_bytes_));
  header_valid_ = true;
  payload_size_ = 0;
  if (header_.length == 0) {
    data_.clear();
    small_.clear();
    return FrameComplete();
  }
  if (header_.type == FrameType::kData) {
    data_ = visitor_.TakePayloadMemory(header_.length);
  } else {
    small_.resize(header_.length);
  }
  return Status();
}

Status FrameDecoder::FrameComplete() {
  Bytes& payload = header_.type == FrameType::kData ? data_ : small_;
  // The check sum first: whatever else would be said of a damaged frame misleads.
  if (!FrameCheckSumMatches(header_bytes_, payload)) {
    return Status::Corruption(Concat("check sum of a ", ToString(header_.type), " frame of ",
                                     header_.length, " bytes does not match"));
  }
  if (header_.sequence != next_sequence_) {
    return Status::Corruption(
        Concat("a ", ToString(header_.type), " frame has sequence ", header_.sequence));
  }
  header_size_ = 0;
  WEIR_RETURN_IF_ERROR(visitor_.OnFrame(header_, payload));
  ++next_sequence_;
  return Status();
}

// Says where: the channel only if the header could be read and the frame concerns one.
Status FrameDecoder::Fail(const Status& cause) {
  std::string context = peer_;
  if (header_valid_ && ConcernsChannel(header_.type)) {
    context += Concat(", channel ", header_.channel);
  }
  context += Concat(", frame ", next_sequence_);
  error_ = cause.WithContext(context);
  return error_;
}

}  // namespace weir::network
