// FrameDecoder: bytes of one direction of a connection in, frames out. Pure: no socket, no clock.
//
// The caller reads from its socket in one of two ways, freely mixed:
//  * into memory of its own, handed to Feed() in chunks of any size (copied once);
//  * straight into PayloadSpace(), the missing part of a data payload, then PayloadFilled() (not
//    copied at all).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <weir/status.h>

#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/frame.h"

namespace weir::network {

// What the decoder calls. Both from within Feed() and PayloadFilled().
class FrameVisitor {
 public:
  virtual ~FrameVisitor() = default;
  // Memory for a data payload of `length` bytes: a vector of that size, contents of no matter.
  virtual Bytes TakePayloadMemory(std::size_t length) = 0;
  // A whole frame with a good check sum. May move `payload` away when it is a data frame; other
  // payloads belong to the decoder. An error ends the decoding with that error.
  virtual Status OnFrame(const FrameHeader& header, Bytes& payload) = 0;
};

class FrameDecoder {
 public:
  // `peer` begins every error: "worker 12ab… at 10.0.0.7:4711". `first_sequence` is the number that
  // the next frame must have (1 where somebody else has read the handshake). The visitor is
  // borrowed.
  FrameDecoder(std::string peer, std::uint64_t first_sequence, FrameVisitor& visitor)
      : peer_(std::move(peer)), next_sequence_(first_sequence), visitor_(visitor) {}

  // Consumes the whole chunk. Not ok: the bytes are not what they must be (the message names peer,
  // channel and sequence), or the visitor's error. Stays broken: every later call gives the same.
  Status Feed(std::span<const std::byte> chunk);

  // The missing part of a data payload; empty when no data payload is under way.
  std::span<std::byte> PayloadSpace();
  // The first `size` bytes of PayloadSpace() were written.
  Status PayloadFilled(std::size_t size);

  // Bytes missing until the header, or else the frame, is complete: who reads no more than this
  // does not read into the next frame.
  std::size_t missing() const;
  // Whether a part of a frame is there.
  bool mid_frame() const { return header_size_ > 0; }
  // What it means that the bytes end here: Corruption in the middle of a frame.
  Status AtEnd() const;
  // Number that the next frame must have.
  std::uint64_t next_sequence() const { return next_sequence_; }

 private:
  Status Fail(const Status& cause);
  Status Consume(std::span<const std::byte>& chunk);
  Status HeaderComplete();
  Status FrameComplete();

  const std::string peer_;
  std::uint64_t next_sequence_;
  FrameVisitor& visitor_;
  Status error_;
  FrameHeaderBytes header_bytes_{};
  std::size_t header_size_ = 0;   // bytes of the header that are there
  FrameHeader header_;            // valid once the header is complete
  bool header_valid_ = false;     // header_ is that of the current frame
  Bytes data_;                    // payload of a data frame
  Bytes small_;                   // payload of any other frame; its memory is kept
  std::size_t payload_size_ = 0;  // bytes of the payload that are there
};

}  // namespace weir::network
