#include "connectors/files/src/file_reader_thread.h"

#include <utility>

#include "connectors/files/src/exception_boundary.h"
#include "connectors/files/src/split_reader.h"

namespace weir::files {

FileReaderThread::FileReaderThread(const internal::FileSourceOptions& options,
                                   const Framing& framing, SourceReaderContext& context)
    : options_(options), framing_(framing), availability_(context.availability()) {
  for (std::size_t i = 0; i < kBlocks; ++i) free_.push_back(std::make_unique<FileBlock>());
  thread_ = std::thread([this] { Run(); });
}

FileReaderThread::~FileReaderThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void FileReaderThread::Add(FileSplit split) {
  {
    const std::lock_guard lock(mutex_);
    splits_.push_back(std::move(split));
  }
  changed_.notify_all();
}

std::unique_ptr<FileBlock> FileReaderThread::TakeBlock() {
  const std::lock_guard lock(mutex_);
  if (published_.empty()) return nullptr;
  std::unique_ptr<FileBlock> block = std::move(published_.front());
  published_.pop_front();
  return block;
}

void FileReaderThread::GiveBack(std::unique_ptr<FileBlock> block) {
  block->Clear();
  // One enormous message must not be remembered for ever.
  if (block->text.capacity() > 4 * SplitReader::kBlockBytes) block->text = std::string();
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(block));
  }
  changed_.notify_all();
}

void FileReaderThread::Run() {
  for (;;) {
    FileSplit split;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !splits_.empty(); });
      if (stop_) return;
      split = std::move(splits_.front());
      splits_.pop_front();
    }
    if (!ReadSplit(std::move(split))) return;
  }
}

bool FileReaderThread::ReadSplit(FileSplit split) {
  SplitReader reader(options_, framing_, std::move(split), stop_);
  for (;;) {
    std::unique_ptr<FileBlock> block = WaitForFreeBlock();
    if (!block) return false;
    const Status thrown = CatchExceptions([&] {
      reader.Fill(*block);
      return Status::Ok();
    });
    if (!thrown.ok()) block->failure = thrown;
    const bool last = block->ends_split || !block->failure.ok();
    {
      const std::lock_guard lock(mutex_);
      published_.push_back(std::move(block));
    }
    availability_->NotifyAvailable();
    if (last) return true;
  }
}

std::unique_ptr<FileBlock> FileReaderThread::WaitForFreeBlock() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stop_ || !free_.empty(); });
  if (stop_) return nullptr;
  std::unique_ptr<FileBlock> block = std::move(free_.back());
  free_.pop_back();
  return block;
}

}  // namespace weir::files
