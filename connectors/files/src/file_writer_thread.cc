#include "connectors/files/src/file_writer_thread.h"

#include <algorithm>
#include <chrono>
#include <iterator>
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
                                   SinkWriterContext& context, internal::RestoredFileSink restored)
    : options_(options),
      availability_(context.availability()),
      logger_(context.runtime().logger()),
      has_earlier_attempts_(context.runtime().attempt() > 0),
      files_(options,
             {SinkIdOf(context.runtime().task().job_id, context.operator_id()),
              context.runtime().subtask_index(), context.runtime().attempt(),
              context.runtime().parallelism()},
             context.checkpoints_enabled() ? BucketFiles::Naming::kByCommit
                                           : BucketFiles::Naming::kAtOnce) {
  thread_ = std::thread([this, first = std::move(restored)] { Run(first); });
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
    ++chunks_;
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
  const std::lock_guard lock(mutex_);
  const auto kind = finish ? Request::Kind::kFinish : Request::Kind::kSync;
  WEIR_ASSIGN_OR_RETURN(const bool done, Ask({kind, 0, chunks_}));
  return done ? FlushStatus::kDone : FlushStatus::kPending;
}

Result<std::optional<PreparedFiles>> FileWriterThread::Prepare(std::uint64_t checkpoint_id,
                                                               bool end_of_input) {
  const std::lock_guard lock(mutex_);
  const auto kind = end_of_input ? Request::Kind::kPrepareFinal : Request::Kind::kPrepare;
  WEIR_ASSIGN_OR_RETURN(const bool done, Ask({kind, checkpoint_id, chunks_}));
  if (!done) return std::optional<PreparedFiles>();
  return std::optional<PreparedFiles>(std::exchange(prepared_, {}));
}

Result<bool> FileWriterThread::Ask(Request request) {
  WEIR_RETURN_IF_ERROR(failure_);
  if (done_ == request) return true;
  asked_ = request;
  changed_.notify_all();
  return false;
}

Status FileWriterThread::Answer(const Request& request) {
  switch (request.kind) {
    case Request::Kind::kSync:
      return files_.Sync();
    case Request::Kind::kFinish:
      return files_.FinishAll();
    default:
      break;
  }
  PreparedFiles prepared;
  WEIR_RETURN_IF_ERROR(files_.Prepare(request.kind == Request::Kind::kPrepareFinal, prepared));
  const std::lock_guard lock(mutex_);
  std::move(prepared.committables.begin(), prepared.committables.end(),
            std::back_inserter(prepared_.committables));
  prepared_.state = std::move(prepared.state);
  return Status::Ok();
}

Status FileWriterThread::Restore(const internal::RestoredFileSink& restored) {
  if (!restored.restored && !has_earlier_attempts_) return Status::Ok();
  const auto stopping = [this] {
    const std::lock_guard lock(mutex_);
    return stop_;
  };
  return files_.Restore(restored, {logger_, stopping});
}

void FileWriterThread::Run(const internal::RestoredFileSink& restored) {
  Status status = CatchExceptions([&] { return Restore(restored); });
  while (status.ok() && Wait()) {
    status = CatchExceptions([this] { return Work(); });
  }
  if (status.ok()) return;
  {
    const std::lock_guard lock(mutex_);
    failure_ = status.WithContext("File sink");
    failed_.store(true, std::memory_order_release);
  }
  availability_->NotifyAvailable();
}

bool FileWriterThread::Wait() {
  const std::int64_t roll_ms = files_.next_roll_ms();
  std::unique_lock lock(mutex_);
  const auto something = [this] { return stop_ || !queued_.empty() || asked_.has_value(); };
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
    WEIR_RETURN_IF_ERROR(WriteChunk(taken_.front()));
    const std::lock_guard lock(mutex_);
    if (stop_) return Status::Ok();
  }
  WEIR_RETURN_IF_ERROR(files_.Roll(options_.clock()));
  Request request;
  {
    const std::lock_guard lock(mutex_);
    // What came meanwhile belongs to a flush, too.
    if (!asked_ || !queued_.empty()) return Status::Ok();
    request = *std::exchange(asked_, std::nullopt);
    request.chunks = chunks_;
  }
  WEIR_RETURN_IF_ERROR(Answer(request));
  {
    const std::lock_guard lock(mutex_);
    done_ = request;
  }
  availability_->NotifyAvailable();
  return Status::Ok();
}

Status FileWriterThread::WriteChunk(FileChunk& chunk) {
  WEIR_RETURN_IF_ERROR(files_.Write(chunk.bucket, chunk.text, options_.clock()));
  bool room = false;
  {
    const std::lock_guard lock(mutex_);
    queued_bytes_ -= chunk.text.size();
    room = room_wanted_ && queued_bytes_ <= kMaximumQueuedBytes / 2;
    if (room) room_wanted_ = false;
    chunk.text.clear();
    if (free_.size() < kMaximumFreeTexts && chunk.text.capacity() <= kMaximumFreeBytes) {
      free_.push_back(std::move(chunk.text));
    }
  }
  if (room) availability_->NotifyAvailable();
  return Status::Ok();
}

}  // namespace weir::files
