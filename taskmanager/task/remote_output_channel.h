// The sending end of a channel to another process: turns batches into buffers as the receiver
// grants credits for them.
//
// A batch is encoded when it is written, behind those before it, into the *open buffer*, which is
// sent when it is full, when the chain flushes, or when a control element that may not wait stands
// behind it. So under load buffers leave full whatever the size of a batch, and an emptied batch
// goes back while it is in the cache. A buffer has at most network::kBufferSize bytes; a record
// that does not fit into the rest of one is cut (Buffer::continues). Without credit a full buffer
// waits, and batches behind it wait as they are.
//
// Bounds: the batches of the task's overdraft, one buffer, one record of at most
// `maximum_record_bytes` being cut, and a few emptied batches for re-use. Of a task's channels only
// TaskOutputs::kMostOpenBuffers keep a buffer open that could be sent.
//
// Called by the task's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/internal/channel.h>

#include "taskmanager/network/byte_channel.h"
#include "taskmanager/task/queued_output_channel.h"

namespace weir::task {

class RemoteOutputChannel final : public QueuedOutputChannel {
 public:
  // `type` lives longer. `description` names channel, edge and peer in errors.
  RemoteOutputChannel(TaskOutputs& outputs, const internal::ChannelType& type,
                      std::unique_ptr<network::ByteSender> sender, std::size_t maximum_record_bytes,
                      std::string description);

  bool HasCredit() const override { return queue_.empty() && sender_->credits() > 0; }
  std::uint32_t Backlog() const override { return BuffersHeld(); }
  std::unique_ptr<internal::AnyBatch> TakeRecycled() override;
  bool Drain() override;
  // How many buffers a batch needs is known only when it is encoded.
  bool TakesWholeBatch() override { return false; }

 protected:
  void SendWhole(std::unique_ptr<internal::AnyBatch> batch) override;
  bool TrySendControl(const internal::ControlElement& element) override;
  bool WantFlush() override;

 private:
  // Sends pieces of a cut record while there is credit. True: none is left.
  bool SendPieces();
  // Fills the open buffer from the front batch and sends it when it is full. False: it is full and
  // there is no credit.
  bool EncodeFront();
  // False: there is no credit.
  bool SendOpen();
  // Sends the front control element, or leaves it to the open buffer. False: there is no credit.
  bool SendFrontControl();
  void SendOpenWatermark();
  // Lets what was given to the network go out, once it is worth a system call or may not wait.
  void Push() override;
  void PushIfMany();
  void OpenBuffer();
  network::Bytes CloseBuffer();
  void RecycleFront();
  void CheckRecordSize();
  // Estimated from what records needed so far.
  std::uint32_t BuffersHeld() const;
  void AnnounceBacklog();

  const internal::ChannelType& type_;
  const std::unique_ptr<network::ByteSender> sender_;
  const std::size_t maximum_record_bytes_;
  const std::string description_;

  network::Bytes open_;  // used up to open_used_; empty: there is no open buffer
  std::size_t open_used_ = 0;
  bool open_full_ = false;
  bool flush_wanted_ = false;                          // what is open goes out with the next credit
  std::optional<internal::Watermark> open_watermark_;  // goes out behind the open buffer
  std::uint32_t next_record_ = 0;                      // of the front batch
  network::Bytes pieces_;  // more than a buffer, ends with the end of a record
  std::size_t pieces_sent_ = 0;
  // Buffers are filled up to kBufferSize - margin_, so that few records must be cut.
  std::size_t margin_ = 0;
  std::uint64_t encoded_bytes_ = 0;
  std::uint64_t encoded_records_ = 0;
  std::uint32_t announced_backlog_ = 0;
  std::uint32_t unpushed_ = 0;  // buffers and watermarks given to the network since the last Push()
  std::vector<std::unique_ptr<internal::AnyBatch>> recycled_;
};

}  // namespace weir::task
