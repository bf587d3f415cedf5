// The thread that writes files, and the bounded queue from the task to it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <weir/connectors/internal/file_write_session.h>
#include <weir/sink.h>

#include "connectors/files/src/bucket_files.h"

namespace weir::files {

// Whole messages of one bucket, on their way to its part file.
struct FileChunk {
  std::string bucket;
  std::string text;
};

class FileWriterThread {
 public:
  // Starts the thread, which begins with what is `restored` (empty: nothing is). The options
  // outlive it.
  FileWriterThread(const internal::FileSinkOptions& options, SinkWriterContext& context,
                   internal::RestoredFileSink restored);
  // Stops the thread once the file system has answered it; what is in progress stays so.
  ~FileWriterThread();
  FileWriterThread(const FileWriterThread&) = delete;
  FileWriterThread& operator=(const FileWriterThread&) = delete;

  // The task's thread, all of them. False: too much waits; the context's availability is notified
  // when half of it is written. An error: the first one of the thread.
  Result<bool> HasRoom();
  Status Failure();
  void Add(FileChunk chunk);
  // An empty string that may have memory.
  std::string TakeText();
  // kPending until everything added so far is on the disk; `finish`: and all parts are finished.
  Result<FlushStatus> Flush(bool finish);
  // Nothing until everything added so far is prepared (BucketFiles::Prepare). What was prepared for
  // a checkpoint that was given up comes with the next.
  Result<std::optional<PreparedFiles>> Prepare(std::uint64_t checkpoint_id, bool end_of_input);

 private:
  // What is asked of the thread behind all chunks, or was done.
  struct Request {
    enum class Kind : std::uint8_t { kSync, kFinish, kPrepare, kPrepareFinal };
    Kind kind = Kind::kSync;
    std::uint64_t checkpoint_id = 0;  // of a prepare
    std::uint64_t chunks = 0;         // that were added before
    bool operator==(const Request&) const = default;
  };

  void Run(const internal::RestoredFileSink& restored);
  Status Restore(const internal::RestoredFileSink& restored);
  // Whether it is done. The lock is held.
  Result<bool> Ask(Request request);
  Status Answer(const Request& request);
  // Until there is something to do. False after a stop.
  bool Wait();
  Status Work();
  Status WriteChunk(FileChunk& chunk);

  const internal::FileSinkOptions& options_;
  const std::shared_ptr<weir::internal::Availability> availability_;
  Logger& logger_;
  const bool has_earlier_attempts_;

  // The thread's own.
  BucketFiles files_;
  std::deque<FileChunk> taken_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool stop_ = false;
  Status failure_;
  std::atomic<bool> failed_ = false;  // failure_ is set: asked without the lock
  std::deque<FileChunk> queued_;
  std::size_t queued_bytes_ = 0;  // with those that are being written
  bool room_wanted_ = false;
  std::uint64_t chunks_ = 0;  // that were ever added
  std::optional<Request> asked_;
  std::optional<Request> done_;
  PreparedFiles prepared_;
  std::vector<std::string> free_;

  std::thread thread_;
};

}  // namespace weir::files
