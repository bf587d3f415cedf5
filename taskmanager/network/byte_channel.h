// The seam between the task engine and the network: one end of a cross-process channel as bytes and
// control elements.
//
// A channel carries, in order, buffers of encoded records and control elements. A buffer needs one
// credit of its channel; control elements need none. The network never reads the bytes. Typed
// batches are turned into buffers by the task that sends them and back by the task that receives
// them, so that the network's thread only moves bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <weir/internal/control_element.h>
#include <weir/status.h>

namespace weir::network {

// Payload bytes of one buffer: what one credit stands for.
inline constexpr std::size_t kBufferSize = 32 * 1024;

using Bytes = std::vector<std::byte>;

// At most kBufferSize bytes. A record longer than that is cut into several buffers; all but its
// last have `continues` set and the receiver joins them. A buffer without `continues` before it
// starts with a whole record.
struct Buffer {
  Bytes bytes;
  bool continues = false;
};

// Who a channel is: its number within the job (assigned by the JobManager) and the attempts at both
// ends. A peer that offers another attempt is refused.
struct ChannelIdentity {
  std::uint32_t channel = 0;
  std::uint32_t source_attempt = 0;
  std::uint32_t target_attempt = 0;
  bool operator==(const ChannelIdentity&) const = default;
};

// The sending end. All methods from the task's thread. Created by DataPlane::OpenOutput().
class ByteSender {
 public:
  virtual ~ByteSender() = default;
  // Credits granted by the receiver and not used up by buffers handed to Send().
  virtual std::uint32_t credits() const = 0;
  // Needs a credit (asserted): takes the buffer and announces `backlog`, the number of buffers that
  // the task still holds back for want of credit. Goes out with the next Push(), at the latest.
  virtual void Send(Buffer buffer, std::uint32_t backlog) = 0;
  // Announces a backlog without a buffer: the receiver may grant floating credits.
  virtual void AnnounceBacklog(std::uint32_t backlog) = 0;
  // In order with Send(), and as that with Push(); needs no credit. Watermarks that were not put on
  // the wire yet are replaced by a newer one when nothing stands between them.
  virtual void SendControl(const internal::ControlElement& element) = 0;
  // What was sent goes out. Several buffers at a time cost fewer system calls, and the peer fewer
  // wakes.
  virtual void Push() = 0;
  // A vector to be filled, with memory for a buffer. Its size and contents are of no matter: a used
  // one is not shortened, so that making it longer again fills nothing with zeros.
  virtual Bytes TakeEmptyBytes() = 0;
  // Bytes handed to the socket so far. Any thread.
  virtual std::uint64_t bytes_sent() const = 0;
};

struct Received {
  std::variant<Buffer, internal::ControlElement> element;
};

// The receiving end. All methods from the task's thread. Created by DataPlane::RegisterInput().
class ByteReceiver {
 public:
  virtual ~ByteReceiver() = default;
  virtual bool HasElement() const = 0;
  // The next element, in order; nothing when none is there. Popping a buffer gives its credit back.
  virtual std::optional<Received> Pop() = 0;
  // Gives a popped buffer's memory back.
  virtual void Recycle(Bytes bytes) = 0;
  // Any thread.
  virtual std::uint64_t bytes_received() const = 0;
};

// Called from the network's thread or that of another channel's task, one at a time; must not block
// nor call the network: usually they wake a task.
struct SenderEvents {
  std::function<void()> on_credit;  // there was no credit and now there is
  std::function<void(Status)> on_failure;
};
struct ReceiverEvents {
  std::function<void()> on_element;        // there was no element and now there is
  std::function<void(Status)> on_failure;  // connection lost, corrupt frame, …: names the peer
};

// Where a peer worker can be reached.
struct PeerAddress {
  std::string worker_id;  // 32 hex digits
  std::string host;
  std::uint16_t data_port = 0;
};

// All cross-process channels of one worker: one TCP connection per pair of workers, shared by their
// channels in both directions. Thread-safe; owns one network thread. Implementations:
// tcp_data_plane.h, and fakes in tests.
class DataPlane {
 public:
  virtual ~DataPlane() = default;
  // Receiving channels must be registered before their senders dial (the two-phase deployment sees
  // to that).
  virtual Result<std::unique_ptr<ByteReceiver>> RegisterInput(const ChannelIdentity& channel,
                                                              const std::string& source_worker_id,
                                                              ReceiverEvents events) = 0;
  // Dials the peer if there is no connection yet; buffers flow as soon as it grants credit. A peer
  // that cannot be reached in the configured time is reported through on_failure, with its address.
  virtual Result<std::unique_ptr<ByteSender>> OpenOutput(const ChannelIdentity& channel,
                                                         const PeerAddress& target,
                                                         SenderEvents events) = 0;
  // A connected socket that the TaskManager's data port accepted for this worker, its handshake
  // already read. Takes ownership of the descriptor.
  virtual void AddConnection(int socket, const std::string& peer_worker_id) = 0;
};

}  // namespace weir::network
