#include "jobmanager/job_recovery.h"

#include <utility>

#include "common/logging.h"
#include "common/text.h"
#include "jobmanager/graph/job_graph_check.h"
#include "jobmanager/job_configuration.h"

namespace weir::jobmanager {
namespace {

Result<RecoveredJob> RecoverJob(ha::MetadataStore& metadata, const Configuration& cluster,
                                ha::StoredJob stored) {
  RecoveredJob recovered{.submission = {}, .configuration = cluster, .plugin_file = ""};
  JobSubmission& submission = recovered.submission;
  submission.job_id = stored.job.job_id();
  submission.job_epoch = stored.last_epoch + 1;
  submission.entry = stored.job.entry();
  submission.graph = std::move(*stored.job.mutable_graph());
  submission.inputs = std::move(*stored.job.mutable_inputs());
  submission.plugin = stored.job.plugin();
  submission.configuration = {stored.job.configuration().begin(), stored.job.configuration().end()};
  submission.checkpoint_start.initial_path = stored.job.initial_checkpoint_path();
  for (const proto::CheckpointPointer& checkpoint : stored.checkpoints) {
    submission.checkpoint_start.known.insert(checkpoint.checkpoint_id());
  }
  WEIR_RETURN_IF_ERROR(CheckJobGraph(submission.graph));
  WEIR_RETURN_IF_ERROR(
      AddJobSettings(submission.configuration, "its settings", recovered.configuration));
  if (!submission.plugin.content_hash().empty()) {
    WEIR_ASSIGN_OR_RETURN(recovered.plugin_file,
                          metadata.FindPlugin(submission.plugin.content_hash()));
  }
  // Last: an epoch is used up only for a job that runs.
  WEIR_RETURN_IF_ERROR(metadata.SetJobEpoch(submission.job_id, submission.job_epoch));
  return recovered;
}

}  // namespace

bool MayPass(const Status& failure) {
  switch (failure.code()) {
    case StatusCode::kIoError:
    case StatusCode::kUnavailable:
    case StatusCode::kTimedOut:
    case StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

proto::SubmittedJob RecordOf(const JobSubmission& submission, std::int64_t now_ms) {
  proto::SubmittedJob record;
  record.set_job_id(submission.job_id);
  record.set_entry(submission.entry);
  *record.mutable_graph() = submission.graph;
  *record.mutable_inputs() = submission.inputs;
  *record.mutable_plugin() = submission.plugin;
  record.mutable_configuration()->insert(submission.configuration.begin(),
                                         submission.configuration.end());
  record.set_submit_time_ms(now_ms);
  record.set_initial_checkpoint_path(submission.checkpoint_start.initial_path);
  return record;
}

Result<Recovery> RecoverJobs(ha::MetadataStore& metadata, const Configuration& cluster,
                             std::int64_t now_ms, const std::set<std::string>* only) {
  const ComponentLogger log("job-recovery");
  WEIR_ASSIGN_OR_RETURN(ha::StoredJobs stored, metadata.ReadJobs());
  Recovery recovery;
  recovery.earlier_lease_ms = metadata.earlier_lease_ms();
  const auto wanted = [&](const std::string& id) { return only == nullptr || only->contains(id); };
  for (const proto::JobResult& result : stored.results) {
    if (!wanted(result.job_id())) continue;
    recovery.ended.push_back(FromRecord(result));
    if (result.has_checkpoints_to_clear()) {
      recovery.to_clear[result.job_id()] = result.checkpoints_to_clear();
    }
  }
  const auto refuse = [&](const std::string& id, const std::string& name, const Status& reason) {
    log.Error("job ", id, " could not be recovered: ", reason.message());
    recovery.ended.push_back(UnrecoverableJob(id, name, reason, now_ms));
    if (MayPass(reason)) recovery.unread.insert(id);
  };
  for (const ha::UnreadableJob& job : stored.unreadable) {
    if (wanted(job.job_id)) refuse(job.job_id, "", job.status);
  }
  for (ha::StoredJob& job : stored.jobs) {
    const std::string id = job.job.job_id();
    const std::string name = job.job.graph().name();
    if (!wanted(id)) continue;
    Result<RecoveredJob> recovered = RecoverJob(metadata, cluster, std::move(job));
    if (!recovered.ok()) {
      refuse(id, name, recovered.status());
      continue;
    }
    log.Info("job ", id, " '", name, "' is recovered in epoch ", recovered->submission.job_epoch);
    recovery.jobs.push_back(*std::move(recovered));
  }
  Result<std::vector<std::string>> task_managers = metadata.ReadTaskManagers();
  if (task_managers.ok()) {
    recovery.task_managers = *std::move(task_managers);
  } else {
    log.Error("recovered jobs wait for a whole lease: ", task_managers.status().message());
    recovery.task_managers_known = false;
  }
  return recovery;
}

}  // namespace weir::jobmanager
