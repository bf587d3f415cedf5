// A user's committer without its types, as the thread that commits sees it.
#pragma once

#include <atomic>

#include <weir/internal/sinks/committable_log.h>
#include <weir/status.h>

namespace weir::internal {

// The calls come in this order, all by one thread: Open, restored
// batches, AbortUnheld, other batches, Close.
class CommitCalls {
 public:
  virtual ~CommitCalls() = default;
  // Before the thread starts: what it may ask whether to leave soon.
  virtual void SetStopping(const std::atomic<bool>& stopping) = 0;
  virtual Status Open() = 0;
  virtual Status Begin(const CommittableBatch& batch) = 0;
  // One try. False: some of the batch are to be tried again, as retry_reason() says.
  virtual Result<bool> Commit() = 0;
  virtual Status retry_reason() const = 0;
  virtual Status AbortUnheld() = 0;
  virtual void Close() = 0;
};

}  // namespace weir::internal
