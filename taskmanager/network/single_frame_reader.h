// SingleFrameReader: exactly one frame from a socket, not a byte more. For handshakes, whose
// connection goes to somebody else afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/status.h>

#include "taskmanager/network/frame_decoder.h"

namespace weir::network {

class SingleFrameReader final : private FrameVisitor {
 public:
  // `peer` begins every error. A frame of any other type than these two is an error. Keeps at most
  // kBufferSize bytes, whatever comes.
  SingleFrameReader(std::string peer, FrameType expected, FrameType other);

  // Reads what there is from the non-blocking socket. True: the frame is complete.
  Result<bool> Read(int socket);

  // Once complete.
  const FrameHeader& header() const { return header_; }
  const Bytes& payload() const { return payload_; }

 private:
  Bytes TakePayloadMemory(std::size_t length) override;
  Status OnFrame(const FrameHeader& header, Bytes& payload) override;

  const std::string peer_;
  const FrameType expected_;
  const FrameType other_;
  FrameDecoder decoder_;
  FrameHeader header_;
  Bytes payload_;
  bool complete_ = false;
};

}  // namespace weir::network
