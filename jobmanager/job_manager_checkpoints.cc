// Answers about checkpoints, and checkpoints by hand.
#include <utility>

#include "common/text.h"
#include "jobmanager/job_checkpoint_view.h"
#include "jobmanager/job_manager.h"

namespace weir::jobmanager {

void JobManager::GetJobCheckpoints(const std::string& job_id,
                                   rest::Callback<rest::JobCheckpointsInfo> callback) {
  PostToLoop([this, job_id, callback = std::move(callback)] {
    const JobMaster* const job = jobs_.Find(job_id);
    const ArchivedJob* const archived = jobs_.FindArchived(job_id);
    if (job == nullptr && archived == nullptr) {
      return callback(Status::NotFound(Concat("there is no job ", job_id)));
    }
    std::optional<rest::JobCheckpointsInfo> info =
        job != nullptr ? CheckpointsOf(*job) : archived->checkpoints;
    if (info) return callback(*std::move(info));
    callback(Status::NotFound(Concat("job ", job_id, " takes no checkpoints")));
  });
}

void JobManager::TriggerCheckpoint(const std::string& job_id,
                                   rest::Callback<std::string> callback) {
  PostToLoop([this, job_id, callback = std::move(callback)] {
    JobMaster* const job = jobs_.Find(job_id);
    if (job == nullptr) {
      if (jobs_.FindArchived(job_id) == nullptr) {
        return callback(Status::NotFound(Concat("there is no job ", job_id)));
      }
      return callback(Status(StatusCode::kFailedPrecondition, Concat("job ", job_id, " has ended"),
                             ErrorDomain::kUser, RetryHint::kNoRetry));
    }
    const std::string trigger_id = RandomHexId(world_.random);
    checkpoint_triggers_.Add(job_id, trigger_id);
    job->TriggerCheckpoint([this, trigger_id](const Result<CheckpointOutcome>& outcome) {
      checkpoint_triggers_.End(trigger_id, {.ended = true,
                                            .checkpoint_id = outcome.ok() ? outcome->id : 0,
                                            .failure = outcome.status()});
    });
    // Refused at once: there is nothing to wait for.
    const rest::CheckpointTriggerInfo& info = *checkpoint_triggers_.Find(job_id, trigger_id);
    if (info.ended && !info.failure.ok()) return callback(info.failure);
    callback(trigger_id);
  });
}

void JobManager::GetCheckpointTrigger(const std::string& job_id, const std::string& trigger_id,
                                      rest::Callback<rest::CheckpointTriggerInfo> callback) {
  PostToLoop([this, job_id, trigger_id, callback = std::move(callback)] {
    const rest::CheckpointTriggerInfo* const info = checkpoint_triggers_.Find(job_id, trigger_id);
    if (info != nullptr) return callback(*info);
    callback(Status::NotFound(Concat("job ", job_id, " has no checkpoint trigger ", trigger_id)));
  });
}

}  // namespace weir::jobmanager
