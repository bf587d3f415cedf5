// The thread that reads files, and the bounded queue between it and the task.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <weir/connectors/file_split.h>
#include <weir/connectors/internal/file_read_session.h>
#include <weir/format.h>
#include <weir/source.h>

#include "connectors/files/src/file_block.h"

namespace weir::files {

// At most kBlocks blocks exist: while the task has not used them, nothing is read.
class FileReaderThread {
 public:
  static constexpr std::size_t kBlocks = 4;

  // Starts the thread. The options outlive it.
  FileReaderThread(const internal::FileSourceOptions& options, const Framing& framing,
                   SourceReaderContext& context);
  // Stops the thread once the file system has answered the present call.
  ~FileReaderThread();
  FileReaderThread(const FileReaderThread&) = delete;
  FileReaderThread& operator=(const FileReaderThread&) = delete;

  // The task's thread, all of them. Splits are read one after the other.
  void Add(FileSplit split);
  // The oldest block, or null: the context's availability is notified when there is one.
  std::unique_ptr<FileBlock> TakeBlock();
  void GiveBack(std::unique_ptr<FileBlock> block);

 private:
  void Run();
  // False after a stop.
  bool ReadSplit(FileSplit split);
  std::unique_ptr<FileBlock> WaitForFreeBlock();

  const internal::FileSourceOptions& options_;
  const Framing framing_;
  const std::shared_ptr<weir::internal::Availability> availability_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stop_ = false;  // set under mutex_
  // Guarded by mutex_.
  std::deque<FileSplit> splits_;
  std::deque<std::unique_ptr<FileBlock>> published_;
  std::vector<std::unique_ptr<FileBlock>> free_;

  std::thread thread_;
};

}  // namespace weir::files
