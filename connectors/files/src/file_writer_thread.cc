#include "connectors/files/src/file_writer_thread.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "connectors/files/src/exception_boundary.h"

namespace weir::files {
namespace {

constexpr std::size_t kMaximumQueuedBytes = internal::FileWriteSession::kMaximumQueuedBytes;
constexpr std::size_t kMaximumFreeTexts = 16;
// Texts above this are not kept.
constexpr std::size_t kMaximumFreeBytes = 1 << 20;

}  // namespace

FileWriterThread::FileWriterThread(const internal::FileSinkOptions& options,
                                   SinkWriterContext& context)
    : options_(options),
      availability_(context.availability()),
      files_(options, SinkIdOf(context.runtime().task().job_id, context.operator_id()),
             context.runtime().subtask_index(), context.runtime().attempt()) {
  thread_ = std::thread([this] { Run(); });
}

FileWriterThread::~FileWriterThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Status FileWriterThread::Failure() {
  if (!failed_.load(std::memory_order_acquire)) return Status::Ok();
  const std::lock_guard lock(mutex_);
  return failure_;
}

Result<bool> FileWriterThread::HasRoom() {
  const std::lock_guard lock(mutex_);
  WEIR_RETURN_IF_ERROR(failure_);
  room_wanted_ = queued_bytes_ >= kMaximumQueuedBytes;
  return !room_wanted_;
}

void FileWriterThread::Add(FileChunk chunk) {
  {
    const std::lock_guard lock(mutex_);
    queued_bytes_ += chunk.text.size();
    queued_.push_back(std::move(chunk));
  }
  changed_.notify_all();
}

std::string FileWriterThread::TakeText() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return {};
  std::string text = std::move(free_.back());
  free_.pop_back();
  return text;
}

Result<FlushStatus> FileWriterThread::Flush(bool finish) {
  {
    const std::lock_guard lock(mutex_);
    WEIR_RETURN_IF_ERROR(failure_);
    if (flush_ == FlushState::kDone) {
      flush_ = FlushState::kNone;
      return FlushStatus::kDone;
    }
    flush_ = FlushState::kAsked;
    finish_ = finish;
  }
  changed_.notify_all();
  return FlushStatus::kPending;
}

void FileWriterThread::Run() {
  while (Wait()) {
    const Status status = CatchExceptions([this] { return Work(); });
    if (status.ok()) continue;
    {
      const std::lock_guard lock(mutex_);
      failure_ = status.WithContext("File sink");
      failed_.store(true, std::memory_order_release);
    }
    availability_->NotifyAvailable();
    return;
  }
}

bool FileWriterThread::Wait() {
  const std::int64_t roll_ms = files_.next_roll_ms();
  std::unique_lock lock(mutex_);
  const auto something = [this] {
    return stop_ || !queued_.empty() || flush_ == FlushState::kAsked;
  };
  if (roll_ms == BucketFiles::kNever) {
    changed_.wait(lock, something);
  } else {
    const std::int64_t left_ms = std::max<std::int64_t>(0, roll_ms - options_.clock());
    changed_.wait_for(lock, std::chrono::milliseconds(left_ms), something);
  }
  taken_.swap(queued_);
  return !stop_;
}

Status FileWriterThread::Work() {
  for (; !taken_.empty(); taken_.pop_front()) {
    FileChunk& chunk = taken_.front();
    WEIR_RETURN_IF_ERROR(files_.Write(chunk.bucket, chunk.text, options_.clock()));
    bool room = false;
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return Status::Ok();
      queued_bytes_ -= chunk.text.size();
      room = room_wanted_ && queued_bytes_ <= kMaximumQueuedBytes / 2;
      if (room) room_wanted_ = false;
      chunk.text.clear();
      if (free_.size() < kMaximumFreeTexts && chunk.text.capacity() <= kMaximumFreeBytes) {
        free_.push_back(std::move(chunk.text));
      }
    }
    if (room) availability_->NotifyAvailable();
  }
  WEIR_RETURN_IF_ERROR(files_.Roll(options_.clock()));
  bool finish = false;
  {
    const std::lock_guard lock(mutex_);
    // What came meanwhile belongs to the flush, too.
    if (flush_ != FlushState::kAsked || !queued_.empty()) return Status::Ok();
    finish = finish_;
  }
  WEIR_RETURN_IF_ERROR(finish ? files_.FinishAll() : files_.Sync());
  {
    const std::lock_guard lock(mutex_);
    flush_ = FlushState::kDone;
  }
  availability_->NotifyAvailable();
  return Status::Ok();
}

}  // namespace weir::files
