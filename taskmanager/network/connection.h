// Connection: one established TCP connection to a peer worker: reads, decodes, gathers and writes.
// Everything within a turn (network_turn.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/status.h>

#include "common/unique_fd.h"
#include "taskmanager/network/buffer_pool.h"
#include "taskmanager/network/frame_decoder.h"
#include "taskmanager/network/frame_payload.h"
#include "taskmanager/network/frame_writer.h"
#include "taskmanager/network/reactor.h"

namespace weir::network {

// What a connection calls.
class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  // A whole frame. May move a data payload away; if it does not, the connection recycles it. An
  // error ends the connection with that error.
  virtual Status OnFrame(const FrameHeader& header, Bytes& payload) = 0;
  // Everything that could be read was: a good moment to answer, with Connection::Pump(). May
  // destroy the connection.
  virtual void AfterRead() = 0;
  // Appends what is to be sent, until the writer is full or there is nothing.
  virtual void Refill(FrameWriter& writer) = 0;
  // The connection is over. Called once, as the connection's last act: destroys it.
  virtual void OnClosed(Status status) = 0;
};

class Connection final : private FrameVisitor {
 public:
  struct Options {
    std::string peer;  // "worker 12ab… at 10.0.0.7:4711": begins every error
    std::uint64_t first_read_sequence = 1;
    std::uint64_t first_write_sequence = 1;
    // A peer writes a frame in one go: one whose rest does not come for so long is broken.
    std::int64_t stall_timeout_ms = 60'000;
  };
  // Takes the socket. Events and pools are borrowed. Nothing is read before Start().
  Connection(Reactor& reactor, UniqueFd socket, Options options, ConnectionEvents& events,
             BufferPool& for_reading, BufferPool& emptied);
  ~Connection() override = default;

  void Start() { socket_.WaitReadable(); }
  // Writes what Refill() gives until there is nothing more or the socket takes no more (then goes
  // on by itself). May call OnClosed(): the connection can be gone when it returns.
  void Pump();
  // Nothing is on its way to the socket.
  bool idle() const { return writer_.empty(); }
  // Sends goodbye behind what the writer holds and ends the writing direction: the peer reads
  // everything, then the end. Refill() is not called again. Reading goes on until the peer closes.
  void SayGoodbye(const Goodbye& goodbye);
  const std::string& peer() const { return options_.peer; }

 private:
  enum class Writing { kOpen, kGoodbyeQueued, kEnded };
  enum class ReadResult { kMore, kBlocked, kFailed };

  Bytes TakePayloadMemory(std::size_t length) override;
  Status OnFrame(const FrameHeader& header, Bytes& payload) override;
  void OnReadable();
  ReadResult ReadOnce(Status& error);
  Status WriteOnce(bool& blocked);
  void EndWriting();
  void TryGoodbye(const Status& cause);
  void Fail(const Status& status);

  const Options options_;
  ConnectionEvents& events_;
  BufferPool& for_reading_;
  FrameDecoder decoder_;
  FrameWriter writer_;
  WatchedDescriptor socket_;
  Timer stall_timer_;
  std::vector<std::byte> staging_;
  Writing writing_ = Writing::kOpen;
  std::optional<Goodbye> goodbye_;
  bool pumping_ = false;
};

}  // namespace weir::network
