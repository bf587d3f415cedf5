// The thread on which a sink's committer runs: commits batches in order, tries again, and says when
// they are committed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/internal/sinks/commit_calls.h>
#include <weir/internal/sinks/committable_log.h>
#include <weir/status.h>
#include <weir/two_phase_sink.h>

namespace weir::internal {

class CommitThread {
 public:
  // `sink`: its name, for errors. `restored`: batches that come first.
  CommitThread(std::string sink, const CommitOptions& options, std::unique_ptr<CommitCalls> calls,
               std::vector<CommittableBatch> restored, std::shared_ptr<Availability> availability);
  // Stops once the committer has answered; what is not committed stays so.
  ~CommitThread();
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  // The task's thread, all of them.
  void Add(std::vector<CommittableBatch> batches);
  // Committables committed so far. The availability is notified when it grows, and of a failure.
  std::uint64_t committed() const { return committed_.load(std::memory_order_acquire); }
  // AbortUnheld() has returned. The availability is notified.
  bool recovered() const { return recovered_.load(std::memory_order_acquire); }
  // The first failure, after which nothing is committed any more. Takes no lock while there is
  // none.
  Status Failure();
  // From now on CommitterContext::stopping() is true.
  void Stop();

 private:
  bool stopping() const { return stop_.load(std::memory_order_acquire); }
  void Run(const std::vector<CommittableBatch>& restored);
  Status Work(const std::vector<CommittableBatch>& restored);
  Status CommitBatch(const CommittableBatch& batch);
  Status CommitWithRetries(const CommittableBatch& batch);
  // False after a stop.
  bool WaitForRetry(std::uint32_t retries);
  // Empty after a stop.
  CommittableBatch TakeBatch();

  const std::string sink_;
  const CommitOptions options_;
  const std::unique_ptr<CommitCalls> calls_;
  const std::shared_ptr<Availability> availability_;

  std::atomic<std::uint64_t> committed_{0};
  std::atomic<bool> recovered_{false};
  std::atomic<bool> stop_{false};
  std::atomic<bool> failed_{false};  // failure_ is set: asked without the lock

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<CommittableBatch> queued_;  // guarded by mutex_
  Status failure_;                       // guarded by mutex_

  std::thread thread_;
};

}  // namespace weir::internal
