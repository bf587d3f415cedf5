#include "jobmanager/job_registry.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "jobmanager/job_configuration.h"
#include "jobmanager/job_view.h"

namespace weir::jobmanager {

JobRegistry::JobRegistry(EventLoop& loop, Clock& clock, Random& random, proto::LeaderSession leader,
                         const JobManagerOptions& options, CheckpointServices checkpoints,
                         JobRegistryListener& listener)
    : loop_(loop),
      clock_(clock),
      random_(random),
      leader_(std::move(leader)),
      options_(options),
      checkpoints_(std::move(checkpoints)),
      listener_(listener),
      resources_(loop, clock, leader_,
                 HeartbeatSettings{.interval_ms = options.timings.heartbeat_interval_ms,
                                   .timeout_ms = options.timings.heartbeat_timeout_ms},
                 *this) {}

JobRegistry::~JobRegistry() {
  loop_.Cancel(takeover_timer_);
}

Status JobRegistry::Submit(JobSubmission submission, const Configuration& configuration) {
  const std::string job_id = submission.job_id;
  WEIR_RETURN_IF_ERROR(AddJob(std::move(submission), configuration));
  Find(job_id)->Start();
  return Status::Ok();
}

Status JobRegistry::AddJob(JobSubmission submission, const Configuration& configuration) {
  const std::string job_id = submission.job_id;
  if (Find(job_id) != nullptr || FindArchived(job_id) != nullptr) {
    return Status(StatusCode::kAlreadyExists, Concat("there is a job with the id ", job_id),
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<RestartStrategy> restart_strategy,
                        MakeRestartStrategy(configuration, random_));
  WEIR_ASSIGN_OR_RETURN(submission.checkpoint_start.configuration,
                        CheckpointConfigurationOf(configuration));
  submission.failover_strategy = configuration.Get(settings::kFailoverStrategy);
  jobs_.push_back(std::make_unique<JobMaster>(
      JobServices{.loop = loop_,
                  .clock = clock_,
                  .random = random_,
                  .resources = resources_,
                  .leader = leader_,
                  .checkpoints = &checkpoints_,
                  .on_terminal = [this, job_id] { OnJobTerminal(job_id); }},
      std::move(submission), TimingsOf(options_.timings, configuration),
      std::move(restart_strategy), options_.exception_history_size,
      [this, job_id] { OnJobEnded(job_id); }));
  return Status::Ok();
}

void JobRegistry::Recover(Recovery recovery) {
  for (ArchivedJob& job : recovery.ended) Archive(std::move(job));
  AddRecovered(std::move(recovery.jobs));
  takeover_.emplace(recovery.task_managers);
  // Nobody can name the TaskManagers then: the lease alone says when their workers are gone.
  if (!recovery.task_managers_known) takeover_->AwaitLease();
  const std::int64_t lease_ms = std::max(options_.timings.lease_ms, recovery.earlier_lease_ms);
  takeover_timer_ =
      loop_.Schedule(lease_ms + options_.timings.worker_end_ms, [this] { TakeoverLeaseEnded(); });
  CheckTakeover();
}

void JobRegistry::AddRecovered(std::vector<RecoveredJob> jobs) {
  for (RecoveredJob& job : jobs) {
    const std::string id = job.submission.job_id;
    if (const Status status = AddJob(std::move(job.submission), job.configuration); !status.ok()) {
      Archive(UnrecoverableJob(id, "", status, clock_.WallMillis()));
    }
  }
}

void JobRegistry::RecoverMore(Recovery recovery) {
  const auto forget = [this](const std::string& id) {
    std::erase_if(archive_, [&](const ArchivedJob& job) { return job.details.summary.id == id; });
  };
  for (ArchivedJob& job : recovery.ended) {
    forget(job.details.summary.id);
    Archive(std::move(job));
  }
  for (const RecoveredJob& job : recovery.jobs) forget(job.submission.job_id);
  AddRecovered(std::move(recovery.jobs));
  if (taken_over()) StartRecovered();
}

void JobRegistry::StartRecovered() {
  for (const auto& job : jobs_) {
    // One that was canceled meanwhile has ended without a start.
    if (job->phase() == JobPhase::kNotStarted) job->Start();
  }
}

void JobRegistry::TakeoverLeaseEnded() {
  takeover_timer_ = kNoTimer;
  if (!takeover_) return;
  const std::set<std::string> missing = takeover_->unregistered();
  takeover_->OnLeaseEnded();
  CheckTakeover();
  for (const std::string& id : missing) listener_.OnTaskManagerLost(id);
}

void JobRegistry::CheckTakeover() {
  if (!takeover_ || !takeover_->complete()) return;
  takeover_.reset();
  StartRecovered();
  listener_.OnTakenOver();
}

void JobRegistry::OnTaskManagerRegistered(const std::string& id,
                                          const std::vector<std::string>& old_workers) {
  if (!takeover_) return;
  takeover_->OnRegistered(id, old_workers);
  CheckTakeover();
}

void JobRegistry::OnTaskManagerLeft(const std::string& id) {
  if (!takeover_) return;
  takeover_->OnLeft(id);
  CheckTakeover();
}

JobMaster* JobRegistry::Find(const std::string& job_id) {
  const auto found =
      std::ranges::find_if(jobs_, [&](const auto& job) { return job->job_id() == job_id; });
  return found == jobs_.end() ? nullptr : found->get();
}

const ArchivedJob* JobRegistry::FindArchived(const std::string& job_id) const {
  const auto found = std::ranges::find_if(
      archive_, [&](const ArchivedJob& job) { return job.details.summary.id == job_id; });
  return found == archive_.end() ? nullptr : &*found;
}

Status JobRegistry::Cancel(const std::string& job_id) {
  if (JobMaster* const job = Find(job_id)) return job->Cancel();
  const ArchivedJob* const archived = FindArchived(job_id);
  if (archived == nullptr) return Status::NotFound(Concat("there is no job ", job_id));
  const std::string& state = archived->details.summary.state;
  if (state == ToString(JobState::kCanceled)) return Status::Ok();
  return Status(StatusCode::kFailedPrecondition,
                Concat("job ", job_id, " cannot be canceled: it is ", state), ErrorDomain::kUser,
                RetryHint::kNoRetry);
}

std::vector<rest::JobSummary> JobRegistry::Summaries() const {
  std::vector<rest::JobSummary> summaries;
  for (const ArchivedJob& job : archive_) summaries.push_back(job.details.summary);
  for (const auto& job : jobs_) {
    summaries.push_back(SummaryOf(*job));
    if (job->phase() == JobPhase::kNotStarted) summaries.back().status_details = DescribeTakeover();
  }
  std::ranges::stable_sort(summaries, {}, &rest::JobSummary::start_time_ms);
  return summaries;
}

std::vector<const JobMaster*> JobRegistry::Running() const {
  std::vector<const JobMaster*> running;
  for (const auto& job : jobs_) running.push_back(job.get());
  return running;
}

void JobRegistry::SuspendAll(const std::string& reason, std::function<void()> done) {
  suspended_ = std::move(done);
  for (const auto& job : jobs_) job->Suspend(reason);
  if (jobs_.empty()) loop_.Post(std::exchange(suspended_, nullptr));
}

bool JobRegistry::KnowsWorker(const std::string& worker_id) const {
  return std::ranges::any_of(jobs_, [&](const auto& job) {
    const auto found = job->workers().find(worker_id);
    return found != job->workers().end() && !found->second.orphaned;
  });
}

void JobRegistry::OnWorkerStarted(const proto::WorkerStarted& started) {
  // One of an earlier leader whose plugin was still on the way: it will never be a process.
  if (takeover_ && started.has_error()) {
    takeover_->OnWorkerExited(started.worker_id());
    CheckTakeover();
  }
  for (const auto& job : jobs_) {
    if (job->OnWorkerStarted(started)) return;
  }
}

void JobRegistry::OnWorkerExited(const proto::WorkerExited& exited) {
  if (takeover_) {
    takeover_->OnWorkerExited(exited.worker_id());
    CheckTakeover();
  }
  for (const auto& job : jobs_) {
    if (job->OnWorkerExited(exited)) return;
  }
}

void JobRegistry::OnStuckStep(const proto::StuckStep& stuck) {
  for (const auto& job : jobs_) {
    if (job->OnStuckStep(stuck)) return;
  }
}

void JobRegistry::OnWorkerClosed(const WorkerSession* session, const Status& reason) {
  for (const auto& job : jobs_) job->OnWorkerClosed(session, reason);
}

// Whoever waits longest asks first; a small job may pass a large one that still does not fit.
void JobRegistry::OnSlotsAvailable() {
  for (const auto& job : jobs_) job->OnSlotsAvailable();
}

void JobRegistry::OnTaskManagerLost(const std::string& id, const std::string& reason) {
  for (const auto& job : jobs_) job->OnTaskManagerLost(id, reason);
  listener_.OnTaskManagerLost(id);
}

void JobRegistry::OnTaskManagerReturned(const proto::TaskManagerHello& hello) {
  for (const auto& job : jobs_) job->OnTaskManagerReturned(hello);
}

void JobRegistry::OnJobTerminal(const std::string& job_id) {
  if (const JobMaster* const job = Find(job_id)) listener_.OnJobTerminal(*job);
}

void JobRegistry::Archive(ArchivedJob job) {
  archive_.push_back(std::move(job));
  if (archive_.size() > options_.job_history_size) archive_.pop_front();
}

void JobRegistry::OnJobEnded(const std::string& job_id) {
  const auto found =
      std::ranges::find_if(jobs_, [&](const auto& job) { return job->job_id() == job_id; });
  if (found == jobs_.end()) return;
  const JobMaster& job = **found;
  Archive(ArchiveOf(job, clock_.WallMillis()));
  const JobSubmission submission = job.submission();
  jobs_.erase(found);
  listener_.OnJobEnded(submission);
  if (jobs_.empty() && suspended_) std::exchange(suspended_, nullptr)();
}

}  // namespace weir::jobmanager
