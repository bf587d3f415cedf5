// Jobs that come, end and come back: what the metadata store is told and asked. The store is used
// on the blocking loop; everything else happens on the JobManager's.
#include <algorithm>
#include <utility>

#include "common/text.h"
#include "jobmanager/job_manager.h"

namespace weir::jobmanager {
namespace {

// A store that is full or away comes back, or somebody looks at the log.
constexpr std::int64_t kStoreAgainMillis = 5'000;

}  // namespace

Status JobManager::Open() {
  WEIR_RETURN_IF_ERROR(plugins_.Open());
  if (!world_.metadata.persistent()) return Status::Ok();
  WEIR_ASSIGN_OR_RETURN(Recovery recovery, RecoverJobs(world_.metadata, options_.configuration,
                                                       world_.clock.WallMillis()));
  PinPlugins(recovery);
  PostToLoop([this, recovery = std::make_shared<Recovery>(std::move(recovery))] {
    known_task_managers_.Restore(recovery->task_managers);
    to_clear_ = std::move(recovery->to_clear);
    RecoverUnread(recovery->unread);
    jobs_.Recover(std::move(*recovery));
    WatchLeadership();
  });
  return Status::Ok();
}

void JobManager::PinPlugins(const Recovery& recovery) {
  for (const RecoveredJob& job : recovery.jobs) {
    if (job.plugin_file.empty()) continue;
    const std::string& content_hash = job.submission.plugin.content_hash();
    plugins_.Pin(content_hash);
    MutexLock lock(recovered_plugins_mutex_);
    recovered_plugins_[content_hash] = job.plugin_file;
  }
}

void JobManager::RecoverUnread(const std::set<std::string>& job_ids) {
  if (job_ids.empty()) return;
  const auto recovered = [this, job_ids](Result<Recovery>& recovery) {
    if (!recovery.ok()) {
      log_.Error("the metadata store cannot be read: ", recovery.status().message());
      return RecoverUnread(job_ids);
    }
    RecoverUnread(recovery->unread);
    for (auto& [job_id, to_clear] : recovery->to_clear) {
      to_clear_[job_id] = std::move(to_clear);
      if (jobs_.taken_over()) ClearCheckpointsOf(job_id);
    }
    jobs_.RecoverMore(*std::move(recovery));
  };
  world_.loop.Schedule(
      kStoreAgainMillis, [this, alive = std::weak_ptr<bool>(alive_), job_ids, recovered] {
        if (alive.expired()) return;
        world_.blocking.Post([this, alive, job_ids, recovered] {
          if (alive.expired()) return;
          auto recovery = std::make_shared<Result<Recovery>>(RecoverJobs(
              world_.metadata, options_.configuration, world_.clock.WallMillis(), &job_ids));
          if (recovery->ok()) PinPlugins(**recovery);
          PostToLoop([recovered, recovery] { recovered(*recovery); });
        });
      });
}

void JobManager::WatchLeadership() {
  const auto checked = [this](const Status& leads) {
    if (leads.code() != StatusCode::kFailedPrecondition) {
      if (!leads.ok()) log_.Warning("cannot tell whether it still leads: ", leads.message());
      return WatchLeadership();
    }
    log_.Error("no longer the leader: ", leads.message());
    if (world_.on_leadership_lost) world_.on_leadership_lost(leads);
  };
  world_.loop.Schedule(std::max<std::int64_t>(1, options_.timings.lease_ms / 3),
                       [this, alive = std::weak_ptr<bool>(alive_), checked] {
                         if (alive.expired()) return;
                         world_.blocking.Post([this, alive, checked] {
                           if (alive.expired()) return;
                           const Status leads = world_.metadata.CheckStillLeader();
                           PostToLoop([checked, leads] { checked(leads); });
                         });
                       });
}

void JobManager::Submit(JobSubmission submission, const Configuration& configuration,
                        rest::StatusCallback callback) {
  const auto job = std::make_shared<JobSubmission>(std::move(submission));
  const auto start = [this, job, configuration, callback](const Status& stored) {
    if (!stored.ok()) return callback(stored);
    const std::string job_id = job->job_id;
    const Status started = jobs_.Submit(std::move(*job), configuration);
    if (!started.ok()) {
      // Nobody was told that the job is there.
      world_.blocking.Post([job_id, &metadata = world_.metadata, log = log_] {
        if (const Status removed = metadata.RemoveJob(job_id); !removed.ok()) {
          log.Error("job ", job_id, " was refused but stays stored: ", removed.message());
        }
      });
    }
    callback(started);
  };
  PostToLoop([this, job, configuration, start, callback] {
    if (jobs_.Find(job->job_id) != nullptr || jobs_.FindArchived(job->job_id) != nullptr) {
      return callback(Status(StatusCode::kAlreadyExists,
                             Concat("there is a job with the id ", job->job_id), ErrorDomain::kUser,
                             RetryHint::kNoRetry));
    }
    Result<std::optional<CheckpointConfiguration>> checkpoints =
        CheckpointConfigurationOf(configuration);
    if (!checkpoints.ok()) return callback(checkpoints.status());
    job->checkpoint_start.configuration = *std::move(checkpoints);
    if (!world_.metadata.persistent() && !job->checkpoint_start.present()) {
      return start(Status::Ok());
    }
    world_.blocking.Post([this, alive = std::weak_ptr<bool>(alive_), start, job,
                          now_ms = world_.clock.WallMillis()] {
      if (alive.expired()) return;
      const Status stored = CheckAndStore(*job, now_ms);
      PostToLoop([start, stored] { start(stored); });
    });
  });
}

Status JobManager::CheckAndStore(const JobSubmission& job, std::int64_t now_ms) {
  const CheckpointOwner owner{.cluster_id = options_.cluster_id,
                              .job_id = job.job_id,
                              .job_epoch = job.job_epoch,
                              .leader_session = leader_.id()};
  WEIR_RETURN_IF_ERROR(CheckCheckpointStart(world_.files, job.checkpoint_start, owner, job.graph));
  if (!world_.metadata.persistent()) return Status::Ok();
  const std::string& hash = job.plugin.content_hash();
  std::string plugin;
  if (!hash.empty()) {
    WEIR_ASSIGN_OR_RETURN(plugin, FindBlob(hash));
  }
  return world_.metadata.AddJob(RecordOf(job, now_ms), plugin);
}

void JobManager::OnJobTerminal(const JobMaster& job) {
  if (!world_.metadata.persistent()) return;
  proto::JobResult result =
      ToRecord(ArchiveOf(job, world_.clock.WallMillis()), job.submission().graph);
  if (const auto to_clear = job.CheckpointsToClear()) {
    *result.mutable_checkpoints_to_clear() = *to_clear;
    to_clear_[job.job_id()] = *to_clear;
  }
  unstored_.insert(job.job_id());
  StoreResult(std::make_shared<const proto::JobResult>(std::move(result)));
}

void JobManager::StoreResult(std::shared_ptr<const proto::JobResult> result) {
  world_.blocking.Post([this, alive = std::weak_ptr<bool>(alive_), result] {
    if (alive.expired()) return;
    const Status stored = world_.metadata.AddResult(*result);
    if (stored.ok()) {
      return PostToLoop([this, job_id = result->job_id()] {
        unstored_.erase(job_id);
        ClearCheckpointsOf(job_id);
      });
    }
    log_.Error("job ", result->job_id(), " is ", result->state(),
               ", but the metadata store could not be told: ", stored.message());
    world_.loop.Schedule(kStoreAgainMillis, [this, alive, result] {
      if (!alive.expired()) StoreResult(result);
    });
  });
}

void JobManager::OnJobEnded(const JobSubmission& job) {
  Unpin(job.plugin.content_hash());
  ClearCheckpointsOf(job.job_id);
}

void JobManager::OnTakenOver() {
  std::vector<std::string> ended;
  for (const auto& [job_id, to_clear] : to_clear_) {
    if (jobs_.Find(job_id) == nullptr) ended.push_back(job_id);
  }
  for (const std::string& job_id : ended) ClearCheckpointsOf(job_id);
}

void JobManager::ClearCheckpointsOf(const std::string& job_id) {
  const auto found = to_clear_.find(job_id);
  if (found == to_clear_.end()) return;
  // A job whose end is not stored would be recovered, and miss them; one that has a JobMaster may
  // have workers that write.
  if (unstored_.contains(job_id) || jobs_.Find(job_id) != nullptr) return;
  const auto cleared = [this, job_id](const Status& status) {
    if (status.ok()) {
      to_clear_.erase(job_id);
      return;
    }
    log_.Error("of job ", job_id, ", which has ended, checkpoints stay behind: ", status.message());
    // What does not pass is left to the next JobManager, or to whoever reads the log.
    if (!MayPass(status)) return;
    world_.loop.Schedule(kStoreAgainMillis, [this, alive = std::weak_ptr<bool>(alive_), job_id] {
      if (!alive.expired()) ClearCheckpointsOf(job_id);
    });
  };
  world_.blocking.Post(
      [this, alive = std::weak_ptr<bool>(alive_), job_id, to_clear = found->second, cleared] {
        if (alive.expired()) return;
        Status status = ClearCheckpoints(world_.files, options_.cluster_id, job_id, to_clear);
        if (status.ok()) status = world_.metadata.SetCheckpointsCleared(job_id);
        PostToLoop([cleared, status] { cleared(status); });
      });
}

void JobManager::OnTaskManagerLost(const std::string& id) {
  if (!world_.metadata.persistent()) return;
  // What still runs there ends within a lease of its last loss: an earlier one counts no more.
  TimerId& timer = loss_timers_[id];
  world_.loop.Cancel(timer);
  timer = world_.loop.Schedule(options_.timings.lease_ms + options_.timings.worker_end_ms,
                               [this, alive = std::weak_ptr<bool>(alive_), id] {
                                 if (alive.expired()) return;
                                 loss_timers_.erase(id);
                                 if (jobs_.resources().Find(id) != nullptr) return;
                                 known_task_managers_.Remove(id, [] {});
                               });
}

}  // namespace weir::jobmanager
