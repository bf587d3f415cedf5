#include "jobmanager/job_registry.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "jobmanager/job_configuration.h"

namespace weir::jobmanager {

JobRegistry::JobRegistry(EventLoop& loop, Clock& clock, Random& random, proto::LeaderSession leader,
                         const JobManagerOptions& options,
                         std::function<void(const JobSubmission&)> on_job_ended)
    : loop_(loop),
      clock_(clock),
      random_(random),
      leader_(std::move(leader)),
      options_(options),
      on_job_ended_(std::move(on_job_ended)),
      resources_(loop, clock, leader_,
                 HeartbeatSettings{.interval_ms = options.timings.heartbeat_interval_ms,
                                   .timeout_ms = options.timings.heartbeat_timeout_ms},
                 *this) {}

JobRegistry::~JobRegistry() = default;

Status JobRegistry::Submit(JobSubmission submission, const Configuration& configuration) {
  const std::string job_id = submission.job_id;
  if (Find(job_id) != nullptr || FindArchived(job_id) != nullptr) {
    return Status(StatusCode::kAlreadyExists, Concat("there is a job with the id ", job_id),
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<RestartStrategy> restart_strategy,
                        MakeRestartStrategy(configuration, random_));
  jobs_.push_back(
      std::make_unique<JobMaster>(JobServices{.loop = loop_,
                                              .clock = clock_,
                                              .random = random_,
                                              .resources = resources_,
                                              .leader = leader_},
                                  std::move(submission), TimingsOf(options_.timings, configuration),
                                  std::move(restart_strategy), options_.exception_history_size,
                                  [this, job_id] { OnJobEnded(job_id); }));
  jobs_.back()->Start();
  return Status::Ok();
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
  for (const auto& job : jobs_) summaries.push_back(SummaryOf(*job));
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
  for (const auto& job : jobs_) {
    if (job->OnWorkerStarted(started)) return;
  }
}

void JobRegistry::OnWorkerExited(const proto::WorkerExited& exited) {
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
}

void JobRegistry::OnTaskManagerReturned(const proto::TaskManagerHello& hello) {
  for (const auto& job : jobs_) job->OnTaskManagerReturned(hello);
}

void JobRegistry::OnJobEnded(const std::string& job_id) {
  const auto found =
      std::ranges::find_if(jobs_, [&](const auto& job) { return job->job_id() == job_id; });
  if (found == jobs_.end()) return;
  const JobMaster& job = **found;
  archive_.push_back({.details = DetailsOf(job, clock_.WallMillis()),
                      .exceptions = ExceptionsOf(job),
                      .accumulators = AccumulatorsOf(job)});
  if (archive_.size() > options_.job_history_size) archive_.pop_front();
  on_job_ended_(job.submission());
  jobs_.erase(found);
  if (jobs_.empty() && suspended_) std::exchange(suspended_, nullptr)();
}

}  // namespace weir::jobmanager
