#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <weir/internal/sinks/commit_thread.h>

namespace weir::internal {
namespace {

// A committer is user code, and this is the end of its thread: what it throws becomes the error
// that fails the sink.
template <class Call>
Status CatchExceptions(const Call& call) {
  try {
    return call();
  } catch (const std::exception& exception) {
    return Status::UserError(std::string("the committer threw: ") + exception.what());
  } catch (...) {
    return Status::UserError("the committer threw something that is no std::exception");
  }
}

std::string NameOf(std::uint64_t checkpoint_id) {
  if (checkpoint_id == kFinalCommit) return "the end of the input";
  return "checkpoint " + std::to_string(checkpoint_id);
}

}  // namespace

CommitThread::CommitThread(std::string sink, const CommitOptions& options,
                           std::unique_ptr<CommitCalls> calls,
                           std::vector<CommittableBatch> restored,
                           std::shared_ptr<Availability> availability)
    : sink_(std::move(sink)),
      options_(options),
      calls_(std::move(calls)),
      availability_(std::move(availability)) {
  calls_->SetStopping(stop_);
  thread_ = std::thread([this, first = std::move(restored)] { Run(first); });
}

CommitThread::~CommitThread() {
  Stop();
  thread_.join();
}

void CommitThread::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_.store(true, std::memory_order_release);
  }
  changed_.notify_all();
}

void CommitThread::Add(std::vector<CommittableBatch> batches) {
  if (batches.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    for (CommittableBatch& batch : batches) queued_.push_back(std::move(batch));
  }
  changed_.notify_all();
}

Status CommitThread::Failure() {
  if (!failed_.load(std::memory_order_acquire)) return Status::Ok();
  const std::lock_guard lock(mutex_);
  return failure_;
}

void CommitThread::Run(const std::vector<CommittableBatch>& restored) {
  Status status = CatchExceptions([&] { return Work(restored); });
  const Status closed = CatchExceptions([this] {
    calls_->Close();
    return Status::Ok();
  });
  if (status.ok()) status = closed;
  if (status.ok()) return;
  {
    const std::lock_guard lock(mutex_);
    failure_ = status.WithContext("sink '" + sink_ + "'");
    failed_.store(true, std::memory_order_release);
  }
  availability_->NotifyAvailable();
}

Status CommitThread::Work(const std::vector<CommittableBatch>& restored) {
  WEIR_RETURN_IF_ERROR(calls_->Open().WithContext("cannot open the committer"));
  for (const CommittableBatch& batch : restored) {
    if (stopping()) return Status::Ok();
    WEIR_RETURN_IF_ERROR(CommitBatch(batch));
  }
  if (stopping()) return Status::Ok();
  WEIR_RETURN_IF_ERROR(
      calls_->AbortUnheld().WithContext("cannot abort what failed attempts have left"));
  recovered_.store(true, std::memory_order_release);
  availability_->NotifyAvailable();
  for (;;) {
    const CommittableBatch batch = TakeBatch();
    if (batch.empty()) return Status::Ok();
    WEIR_RETURN_IF_ERROR(CommitBatch(batch));
  }
}

CommittableBatch CommitThread::TakeBatch() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping() || !queued_.empty(); });
  if (stopping()) return {};
  CommittableBatch batch = std::move(queued_.front());
  queued_.pop_front();
  return batch;
}

Status CommitThread::CommitBatch(const CommittableBatch& batch) {
  const Status status = CatchExceptions([&] { return CommitWithRetries(batch); });
  return status.WithContext("cannot commit " + NameOf(batch.front()->checkpoint_id));
}

Status CommitThread::CommitWithRetries(const CommittableBatch& batch) {
  WEIR_RETURN_IF_ERROR(calls_->Begin(batch));
  for (std::uint32_t retries = 0;; ++retries) {
    WEIR_ASSIGN_OR_RETURN(const bool committed, calls_->Commit());
    if (committed) break;
    if (retries == options_.commit_retries) {
      return calls_->retry_reason().WithContext("after " + std::to_string(retries) + " retries");
    }
    if (!WaitForRetry(retries)) return Status::Ok();
  }
  committed_.fetch_add(batch.size(), std::memory_order_acq_rel);
  availability_->NotifyAvailable();
  return Status::Ok();
}

bool CommitThread::WaitForRetry(std::uint32_t retries) {
  std::int64_t delay_ms = options_.retry_delay_ms;
  for (; retries > 0 && delay_ms < options_.maximum_retry_delay_ms; --retries) delay_ms *= 2;
  delay_ms = std::min(delay_ms, options_.maximum_retry_delay_ms);
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, std::chrono::milliseconds(delay_ms),
                            [this] { return stopping(); });
}

}  // namespace weir::internal
