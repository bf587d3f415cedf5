// The thread that reads lines from the socket, and the bounded queue between it and the task.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <weir/connectors/socket.h>
#include <weir/source.h>

#include "connectors/socket/src/line_block.h"
#include "connectors/socket/src/line_splitter.h"
#include "connectors/socket/src/tcp_connection.h"

namespace weir::socket {

// At most kBlocks blocks exist. While the task holds or has not taken them all, the thread does not
// read, so that the kernel's buffers fill up and the peer has to wait.
class LineReceiver {
 public:
  static constexpr std::size_t kBlocks = 4;
  static constexpr std::size_t kReadBytes = 64 * 1024;

  // Starts the thread. The context outlives the receiver.
  static Result<std::unique_ptr<LineReceiver>> Start(const SocketOptions& options,
                                                     SourceReaderContext& context);
  // Stops the thread.
  ~LineReceiver();
  LineReceiver(const LineReceiver&) = delete;
  LineReceiver& operator=(const LineReceiver&) = delete;

  // The task's thread. The oldest block, or null: the context's availability is notified when there
  // is one.
  std::unique_ptr<LineBlock> TakeBlock();
  void GiveBack(std::unique_ptr<LineBlock> block);

 private:
  enum class Outcome { kEnded, kTryAgain, kStopped };

  LineReceiver(const SocketOptions& options, SourceReaderContext& context, StopSignal stop);
  void Run();
  // One connection, from its making to its end.
  Outcome ReadConnection();
  Outcome ReadLines(TcpConnection& connection);
  // Connects again while tries are left; else this is how the stream ends.
  Outcome EndOrTryAgain(Status failure);
  // Null after a stop.
  std::unique_ptr<LineBlock> WaitForFreeBlock();
  void Publish(std::unique_ptr<LineBlock> block);
  void PublishEnd(Status failure);

  const SocketOptions options_;
  const std::string peer_;  // "host:port"
  Logger& logger_;
  const std::shared_ptr<weir::internal::Availability> availability_;
  StopSignal stop_signal_;

  // The thread's own.
  LineSplitter splitter_;
  std::vector<char> bytes_;
  std::unique_ptr<LineBlock> block_;  // to be filled
  std::int32_t retries_ = 0;          // since bytes came last

  std::mutex mutex_;
  std::condition_variable room_;
  // Guarded by mutex_.
  bool stop_ = false;
  std::deque<std::unique_ptr<LineBlock>> published_;
  std::vector<std::unique_ptr<LineBlock>> free_;

  std::thread thread_;
};

}  // namespace weir::socket
