// Answers about the cluster, its jobs and its TaskManagers. Plugins: job_manager_plugins.cc; what
// outlives the JobManager: job_manager_metadata.cc.
#include "jobmanager/job_manager.h"

#include <algorithm>
#include <utility>

#include "common/content_hash.h"
#include "common/text.h"
#include "jobmanager/job_view.h"

namespace weir::jobmanager {
namespace {

proto::LeaderSession NewLeaderSession(std::uint64_t epoch, Random& random) {
  proto::LeaderSession leader;
  leader.set_epoch(epoch);
  leader.set_id(RandomHexId(random));
  return leader;
}

Status UnknownJob(const std::string& job_id) {
  return Status::NotFound(Concat("there is no job ", job_id));
}

}  // namespace

JobManager::JobManager(JobManagerWorld world, JobManagerOptions options)
    : world_(world),
      options_(std::move(options)),
      leader_(NewLeaderSession(world_.metadata.leader_epoch(), world_.random)),
      plugins_(world_.files, world_.clock, world_.random, options_.plugin_directory),
      jobs_(world_.loop, world_.clock, world_.random, leader_, options_,
            CheckpointServices{.blocking = world_.blocking,
                               .files = world_.files,
                               .metadata = world_.metadata,
                               .cluster_id = options_.cluster_id},
            *this),
      known_task_managers_(world_.loop, world_.blocking, world_.metadata),
      sessions_(options_, leader_, jobs_, known_task_managers_) {
  log_.Info("leader session ", leader_.id(), ", epoch ", leader_.epoch(), ", of cluster '",
            options_.cluster_id, "'");
}

JobManager::~JobManager() = default;

void JobManager::PostToLoop(std::function<void()> function) {
  world_.loop.Post([alive = std::weak_ptr<bool>(alive_), function = std::move(function)] {
    if (!alive.expired()) function();
  });
}

void JobManager::Stop(std::function<void()> stopped) {
  PostToLoop([this, stopped = std::move(stopped)] {
    const std::string reason = "the JobManager stops";
    jobs_.SuspendAll(reason, [this, reason, stopped] {
      jobs_.resources().CloseAll(Status::Unavailable(reason));
      // Behind everything that the store was told.
      world_.blocking.Post([alive = std::weak_ptr<bool>(alive_), &loop = world_.loop, stopped] {
        loop.Post([alive, stopped] {
          if (!alive.expired()) stopped();
        });
      });
    });
  });
}

Result<std::string> JobManager::FindBlob(const std::string& content_hash) const {
  if (!IsContentHash(content_hash)) {
    return Status::NotFound(Concat("'", content_hash, "' is no content hash"));
  }
  std::string path = plugins_.BlobPath(content_hash);
  WEIR_ASSIGN_OR_RETURN(const bool exists, world_.files.Exists(path));
  if (exists) return path;
  std::string recovered;
  {
    MutexLock lock(recovered_plugins_mutex_);
    const auto found = recovered_plugins_.find(content_hash);
    if (found != recovered_plugins_.end()) recovered = found->second;
  }
  if (!recovered.empty()) {
    WEIR_ASSIGN_OR_RETURN(const bool kept, world_.files.Exists(recovered));
    if (kept) return recovered;
  }
  return Status::NotFound(Concat("there is no blob ", content_hash));
}

void JobManager::GetOverview(rest::Callback<rest::ClusterOverview> callback) {
  PostToLoop([this, callback = std::move(callback)] {
    rest::ClusterOverview overview;
    overview.task_managers = static_cast<int>(jobs_.resources().task_managers().size());
    overview.slots_total = static_cast<int>(jobs_.resources().slots().total());
    overview.slots_available = static_cast<int>(jobs_.resources().slots().free());
    for (const rest::JobSummary& job : jobs_.Summaries()) {
      if (job.state == ToString(JobState::kFinished)) {
        ++overview.jobs_finished;
      } else if (job.state == ToString(JobState::kCanceled)) {
        ++overview.jobs_cancelled;
      } else if (job.state == ToString(JobState::kFailed)) {
        ++overview.jobs_failed;
      } else {
        ++overview.jobs_running;
      }
    }
    callback(overview);
  });
}

void JobManager::ListJobs(rest::Callback<std::vector<rest::JobSummary>> callback) {
  PostToLoop([this, callback = std::move(callback)] { callback(jobs_.Summaries()); });
}

void JobManager::GetJob(const std::string& job_id, rest::Callback<rest::JobDetails> callback) {
  PostToLoop([this, job_id, callback = std::move(callback)] {
    if (const JobMaster* const job = jobs_.Find(job_id)) {
      rest::JobDetails details = DetailsOf(*job, world_.clock.WallMillis());
      if (job->phase() == JobPhase::kNotStarted) {
        details.summary.status_details = jobs_.DescribeTakeover();
        details.warnings.push_back(Concat("The job ", details.summary.status_details));
      }
      return callback(std::move(details));
    }
    const ArchivedJob* const archived = jobs_.FindArchived(job_id);
    if (archived == nullptr) return callback(UnknownJob(job_id));
    rest::JobDetails details = archived->details;
    details.now_ms = world_.clock.WallMillis();
    callback(std::move(details));
  });
}

void JobManager::GetJobExceptions(const std::string& job_id,
                                  rest::Callback<rest::JobExceptions> callback) {
  PostToLoop([this, job_id, callback = std::move(callback)] {
    if (const JobMaster* const job = jobs_.Find(job_id)) return callback(ExceptionsOf(*job));
    const ArchivedJob* const archived = jobs_.FindArchived(job_id);
    if (archived == nullptr) return callback(UnknownJob(job_id));
    callback(archived->exceptions);
  });
}

void JobManager::GetJobAccumulators(const std::string& job_id,
                                    rest::Callback<std::vector<rest::AccumulatorInfo>> callback) {
  PostToLoop([this, job_id, callback = std::move(callback)] {
    if (const JobMaster* const job = jobs_.Find(job_id)) return callback(AccumulatorsOf(*job));
    const ArchivedJob* const archived = jobs_.FindArchived(job_id);
    if (archived == nullptr) return callback(UnknownJob(job_id));
    callback(archived->accumulators);
  });
}

void JobManager::CancelJob(const std::string& job_id, rest::StatusCallback callback) {
  PostToLoop([this, job_id, callback = std::move(callback)] { callback(jobs_.Cancel(job_id)); });
}

void JobManager::ListTaskManagers(rest::Callback<std::vector<rest::TaskManagerDetails>> callback) {
  PostToLoop([this, callback = std::move(callback)] {
    std::vector<rest::TaskManagerDetails> all;
    for (const auto& [id, registered] : jobs_.resources().task_managers()) {
      all.push_back(TaskManagerDetailsOf(registered, jobs_.resources().slots(), jobs_.Running()));
    }
    callback(std::move(all));
  });
}

void JobManager::GetTaskManager(const std::string& id,
                                rest::Callback<rest::TaskManagerDetails> callback) {
  PostToLoop([this, id, callback = std::move(callback)] {
    const RegisteredTaskManager* const registered = jobs_.resources().Find(id);
    if (registered == nullptr) {
      return callback(Status::NotFound(Concat("there is no TaskManager ", id)));
    }
    callback(TaskManagerDetailsOf(*registered, jobs_.resources().slots(), jobs_.Running()));
  });
}

}  // namespace weir::jobmanager
