// FrameWriter: frames in, scattered memory for one writev out. Pure: no socket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sys/uio.h>

#include "taskmanager/network/buffer_pool.h"
#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/frame.h"

namespace weir::network {

// Collects up to kMostFrames frames until all of them are written; payloads of data frames are not
// copied. Numbers the frames. Allocates nothing once it has seen the longest small payload.
class FrameWriter {
 public:
  static constexpr std::size_t kMostFrames = 32;  // two pieces each: the 64 that one writev takes
  static constexpr std::size_t kMostBytes = 512 * 1024;

  // Emptied data buffers go to `emptied` (borrowed). `first_sequence`: number of the first frame.
  FrameWriter(std::uint64_t first_sequence, BufferPool& emptied);

  // Enough for one writev. There can still be room().
  bool full() const { return frames_ == kMostFrames || bytes_ >= kMostBytes; }
  bool empty() const { return frames_ == 0; }
  // How many more frames can be appended.
  std::size_t room() const { return kMostFrames - frames_; }

  // While there is room(). `payload` is copied.
  void Append(FrameType type, std::uint32_t channel, std::uint32_t attempt,
              std::span<const std::byte> payload);
  // While there is room(). Takes the buffer.
  void AppendData(std::uint32_t channel, std::uint32_t attempt, Buffer buffer);

  // What is to be written, in order. Valid until the next call of anything else.
  std::span<iovec> Pending() { return std::span(pieces_).subspan(first_piece_); }
  // The first `size` bytes of Pending() were written. When that was all, the writer is empty().
  void Written(std::size_t size);

 private:
  struct Slot {
    FrameHeaderBytes header;
    Bytes small;  // its memory is kept
    Bytes data;
  };
  void AppendFrame(FrameHeader header, std::span<const std::byte> payload);
  void Reset();

  std::uint64_t next_sequence_;
  BufferPool& emptied_;
  std::array<Slot, kMostFrames> slots_;
  std::vector<iovec> pieces_;
  std::vector<Bytes> written_;  // on their way to emptied_
  std::size_t first_piece_ = 0;
  std::size_t frames_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace weir::network
