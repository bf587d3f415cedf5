// Sinks whose output becomes visible with a completed checkpoint, each record exactly once (Flink's
// TwoPhaseCommittingSink), and writers that keep state (Flink's StatefulSink).
//
//   struct Sink {
//     using Record = …;
//     using Committable = …;   // a prepared output: a file to rename; any serializable type
//     std::unique_ptr<Writer> CreateWriter() const;
//     std::unique_ptr<weir::Committer<Committable>> CreateCommitter() const;
//     weir::CommitOptions commit_options() const;   // optional
//   };
//
// Its Writer is a SinkWriter<Record> whose Flush() is not called. Beside that it has
//   Result<std::optional<std::vector<Committable>>> PrepareCommit(std::uint64_t checkpoint_id,
//                                                                 bool end_of_input);
// called at each barrier, and after the end of the input. It makes everything accepted so far
// durable, yet invisible, and returns what makes it visible. Like all calls to a writer it must not
// block: nothing at all means "not yet", and NotifyAvailable() follows. Where the checkpoint is
// given up meanwhile, records may come and then a call with a higher id: all that was not returned
// yet belongs to that one. After the end of the input there may be several calls; then most come
// to nothing. A job without checkpoints makes one call, with kFinalCommit.
//   void NotifyCommitted(std::uint64_t checkpoint_id);   // optional
// All up to that checkpoint is committed: what it held on to (a transactional id) is free.
//   void NotifyRecovered();   // optional
// AbortUnheld() has returned.
//
// Committables are part of every snapshot until they are committed. When a checkpoint is complete,
// they are committed, with those of earlier ones that were declined. A declined checkpoint aborts
// nothing: the job goes on behind it. After a restore all that the checkpoint holds are committed
// again, before anything else; then AbortUnheld() may remove what it does not hold.
//
// A sink with
//   using WriterState = …;   // serializable
// has a writer with
//   Result<std::vector<WriterState>> Snapshot(std::uint64_t checkpoint_id);   // does not block
// called behind Flush() or PrepareCommit(), with no record in between. Where a restored checkpoint
// holds the sink, a writer that has it gets
//   Status Restore(const weir::RestoredSink<Committable, WriterState>& restored);
// before Open(); a type that the sink does not have is std::monostate there.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir {

// In place of a checkpoint's id where the end of the input commits.
inline constexpr std::uint64_t kFinalCommit = std::numeric_limits<std::int64_t>::max();

struct CommitOptions {
  // Checkpoints that are prepared and not committed. At the bound the barrier of the next one
  // waits, and the task's input with it, until one is committed or given up.
  std::uint32_t maximum_outstanding_checkpoints = 4;
  // What was given up can only be committed with a later checkpoint. False: so it does not count.
  // True, where each holds something scarce: it does, and at a bound of nothing else the job fails
  // and starts again from the last checkpoint, rather than wait for what cannot come.
  bool aborted_checkpoints_count = false;
  // Of one committable, after CommitRequest::RetryLater(); then the job fails. The delay doubles
  // with each retry up to the maximum. By default about 40 s in all.
  std::uint32_t commit_retries = 10;
  std::int64_t retry_delay_ms = 100;
  std::int64_t maximum_retry_delay_ms = 10'000;
};

// One committable that is to be committed. Signalling nothing means that it is.
template <class C>
class CommitRequest {
 public:
  enum class Outcome : std::uint8_t { kCommitted, kRetry, kFailed };

  CommitRequest(C committable, std::uint64_t checkpoint_id, bool restored)
      : committable_(std::move(committable)), checkpoint_id_(checkpoint_id), restored_(restored) {}

  const C& committable() const { return committable_; }
  // For which it was prepared.
  std::uint64_t checkpoint_id() const { return checkpoint_id_; }
  // From the checkpoint that the job started from: it may be committed already.
  bool restored() const { return restored_; }
  // 0 for the first try.
  std::uint32_t number_of_retries() const { return number_of_retries_; }

  // It was committed before, by an attempt that could not say so any more. Not an error.
  void SignalAlreadyCommitted() { SetOutcome(Outcome::kCommitted, Status::Ok()); }
  // Tried again after a while (CommitOptions); meanwhile nothing of later checkpoints is committed.
  void RetryLater(Status reason) { SetOutcome(Outcome::kRetry, std::move(reason)); }
  void UpdateAndRetryLater(C committable, Status reason) {
    committable_ = std::move(committable);
    RetryLater(std::move(reason));
  }
  // It cannot be committed any more: what it held is lost. Unlike in Flink the job fails, for good.
  void SignalFailedWithKnownReason(const Status& reason) {
    SetOutcome(Outcome::kFailed,
               Status(reason.code(), reason.message(), reason.domain(), RetryHint::kNoRetry));
  }
  // The job fails; its next attempt tries again.
  void SignalFailedWithUnknownReason(Status reason) {
    SetOutcome(Outcome::kFailed, std::move(reason));
  }

  // For the engine.
  Outcome outcome() const { return outcome_; }
  const Status& reason() const { return reason_; }
  void BeginRetry() {
    ++number_of_retries_;
    SetOutcome(Outcome::kCommitted, Status::Ok());
  }

 private:
  void SetOutcome(Outcome outcome, Status reason) {
    outcome_ = outcome;
    reason_ = std::move(reason);
  }

  C committable_;
  std::uint64_t checkpoint_id_;
  bool restored_;
  std::uint32_t number_of_retries_ = 0;
  Outcome outcome_ = Outcome::kCommitted;
  Status reason_;
};

// What a restored checkpoint holds of a sink, by the subtask that it was of. At the parallelism of
// the checkpoint: of this subtask. At another one: of all, and what was subtask k's is now that of
// subtask k mod the parallelism, see IsMine(). Items keep the number of the subtask that made them
// through any number of restores, so that it may be a part of names.
template <class C>
struct RestoredCommittables {
  struct Held {
    std::uint32_t subtask = 0;
    std::uint64_t checkpoint_id = 0;
    C committable;
  };
  bool restored = false;  // false: the job starts without a checkpoint, or without this sink in it
  std::uint64_t checkpoint_id = 0;
  std::uint32_t highest_parallelism = 1;  // that the sink has ever had, the present one included
  std::vector<Held> committables;         // in the order of their checkpoints

  std::uint32_t subtask_index = 0;  // now
  std::uint32_t parallelism = 1;
  bool IsMine(std::uint32_t subtask) const { return subtask % parallelism == subtask_index; }
};

template <class C, class S>
struct RestoredSink : RestoredCommittables<C> {
  struct HeldState {
    std::uint32_t subtask = 0;  // that took the snapshot
    S state;
  };
  std::vector<HeldState> writer_states;
};

// What a committer gets of its surroundings; outlives it.
class CommitterContext {
 public:
  virtual ~CommitterContext() = default;
  virtual const TaskInformation& task() const = 0;
  virtual Logger& logger() = 0;
  // See SinkWriterContext.
  virtual std::string_view operator_id() const = 0;
  // The task ends, whatever is not committed: leave soon.
  virtual bool stopping() const = 0;
};

// One per subtask. All calls come from one thread of the committer's own, and may block for a
// bounded time; what they throw fails the job.
template <class C>
class Committer {
 public:
  virtual ~Committer() = default;
  virtual Status Open(CommitterContext& /*context*/) { return Status::Ok(); }
  // Makes the outputs of one checkpoint visible; those of earlier ones are. Idempotent: what an
  // earlier attempt committed comes again after a failure. An error is that of all requests that
  // were not signalled.
  virtual Status Commit(std::vector<CommitRequest<C>>& requests) = 0;
  // Once, behind the commits of what was restored and before others: whatever there is of this
  // subtask, and of those that it stands for (IsMine()), and was neither committed nor is named by
  // `held`, is left of failed attempts, or is the writer's, which goes on meanwhile: that is told
  // apart by the attempt (a part of names), or the writer waits for NotifyRecovered(). By now what
  // `held` names is committed.
  virtual Status AbortUnheld(const RestoredCommittables<C>& /*held*/) { return Status::Ok(); }
  virtual void Close() {}
};

}  // namespace weir
