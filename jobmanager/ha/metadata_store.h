// MetadataStore: what a restarted JobManager needs of the one before it: who led last, the jobs
// with their plugins, epochs and completed checkpoints, and how ended jobs ended.
//
// Rules for all implementations:
//  * A call that returned OK holds, also when the process or the machine ends at once; one that
//    failed changed nothing or everything, never a part.
//  * What cannot be read is named and left where it is; it concerns one job only.
//  * Calls block on the disk or the network: one thread at a time, and not the event loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/status.h>

#include "proto/metadata.pb.h"

namespace weir::ha {

// A job that was submitted and has not ended.
struct StoredJob {
  proto::SubmittedJob job;
  std::uint64_t last_epoch = 0;                       // the last one that a JobMaster was given
  std::vector<proto::CheckpointPointer> checkpoints;  // oldest first
};

// A job that the store has, but not in a form that can be read.
struct UnreadableJob {
  std::string job_id;
  Status status;  // names the entry and what is wrong with it
};

struct StoredJobs {
  std::vector<StoredJob> jobs;            // oldest submission first
  std::vector<proto::JobResult> results;  // oldest end first
  std::vector<UnreadableJob> unreadable;
};

class MetadataStore {
 public:
  virtual ~MetadataStore() = default;

  // This JobManager's, higher than that of every one before it; it was stored before it is known
  // here. 0: the store keeps none, and leader sessions are only compared for equality. Any thread.
  virtual std::uint64_t leader_epoch() const = 0;
  // The longest lease that leaders before this one gave their workers; 0: not known. Any thread.
  virtual std::int64_t earlier_lease_ms() const = 0;
  // False: nothing outlives the JobManager, and all calls below do nothing. Any thread.
  virtual bool persistent() const = 0;
  // FAILED_PRECONDITION, naming the other, when a later leader has the store; other errors leave it
  // open.
  virtual Status CheckStillLeader() = 0;

  // Everything that is stored; jobs with a result have ended, whatever else is there of them.
  virtual Result<StoredJobs> ReadJobs() = 0;
  // With job epoch 1. `plugin_file` is copied unless the store has its content hash already; empty:
  // the job has no plugin. ALREADY_EXISTS when the id is known, ended jobs included.
  virtual Status AddJob(const proto::SubmittedJob& job, const std::string& plugin_file) = 0;
  // The job was refused after all: nothing of it stays. OK when it is not known.
  virtual Status RemoveJob(const std::string& job_id) = 0;
  // Before a JobMaster of that epoch does anything.
  virtual Status SetJobEpoch(const std::string& job_id, std::uint64_t epoch) = 0;
  // The file of a plugin that some stored job needs. NOT_FOUND; CORRUPTION when the content is
  // not that of the hash.
  virtual Result<std::string> FindPlugin(const std::string& content_hash) = 0;

  // Between the completion of the checkpoint and the word of it to the tasks. Ids grow; one that is
  // known is replaced.
  virtual Status AddCompletedCheckpoint(const std::string& job_id,
                                        const proto::CheckpointPointer& checkpoint) = 0;
  // Before the files of the checkpoint are removed. OK when it is not known.
  virtual Status RemoveCompletedCheckpoint(const std::string& job_id,
                                           std::uint64_t checkpoint_id) = 0;

  // The job has ended for good: it will not run again. Its submission, epoch and checkpoint
  // pointers are forgotten, and its plugin when no other job needs it. Of results older than the
  // newest ones (a bound of the store) the oldest are forgotten.
  virtual Status AddResult(const proto::JobResult& result) = 0;
  // What a result names to be cleared of the job's checkpoints is cleared: it names nothing any
  // more. OK when the result is not known. A result is not forgotten before.
  virtual Status SetCheckpointsCleared(const std::string& job_id) = 0;

  // TaskManagers that may run workers of this or an earlier leader.
  virtual Result<std::vector<std::string>> ReadTaskManagers() = 0;
  virtual Status SetTaskManagers(const std::vector<std::string>& ids) = 0;
};

// The store of high-availability.type none. Lives until the process ends.
MetadataStore& NoMetadataStore();

}  // namespace weir::ha
