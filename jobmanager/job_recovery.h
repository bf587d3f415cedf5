// Jobs to and from the metadata store: what is kept of a submission, and what a new JobManager
// makes of it. Blocks on the store; not on the event loop.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <weir/status.h>

#include "common/configuration.h"
#include "jobmanager/ha/metadata_store.h"
#include "jobmanager/job/job_submission.h"
#include "jobmanager/job_result.h"

namespace weir::jobmanager {

// Of a call of the metadata store or the file system: the next time it may be another answer, while
// what is damaged, missing or somebody else's stays so.
bool MayPass(const Status& failure);

proto::SubmittedJob RecordOf(const JobSubmission& submission, std::int64_t now_ms);

// A job that runs again: its submission, with an epoch of its own that is stored already.
struct RecoveredJob {
  JobSubmission submission;
  Configuration configuration;  // the cluster's with the job's over it
  std::string plugin_file;      // in the metadata store; empty: the job has no plugin
};

struct Recovery {
  std::vector<RecoveredJob> jobs;
  // Those that ended, and those that could not be recovered (SUSPENDED): oldest end first.
  std::vector<ArchivedJob> ended;
  // On which workers of earlier leaders may run.
  std::vector<std::string> task_managers;
  // False: which TaskManagers there were cannot be read; workers may run anywhere.
  bool task_managers_known = true;
  std::int64_t earlier_lease_ms = 0;  // the longest of earlier leaders; 0: not known
  // Those of `ended` that the store could not read just now: they are to be read again.
  std::set<std::string> unread;
  // By ended job, what an earlier leader has not come to.
  std::map<std::string, proto::CheckpointsToClear> to_clear;
};

// Reads the whole store and gives each job that can run its next epoch. A job that cannot be
// recovered does not keep others from it; an error only when the store as a whole cannot be read.
// With `only`, jobs that are not among them are left out.
Result<Recovery> RecoverJobs(ha::MetadataStore& metadata, const Configuration& cluster,
                             std::int64_t now_ms, const std::set<std::string>* only = nullptr);

}  // namespace weir::jobmanager
