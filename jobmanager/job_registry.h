// JobRegistry: all jobs that the JobManager knows: those with a JobMaster, and what is left to see
// of those that ended. On the event loop only.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/status.h>

#include "jobmanager/job/job_master.h"
#include "jobmanager/job_manager_options.h"
#include "jobmanager/job_view.h"
#include "jobmanager/scheduler/resource_manager.h"

namespace weir::jobmanager {

// What can be seen of a job after its end.
struct ArchivedJob {
  rest::JobDetails details;
  rest::JobExceptions exceptions;
  std::vector<rest::AccumulatorInfo> accumulators;
};

class JobRegistry final : public ResourceListener {
 public:
  // `on_job_ended` is called on the loop when a job's JobMaster is about to go.
  JobRegistry(EventLoop& loop, Clock& clock, Random& random, proto::LeaderSession leader,
              const JobManagerOptions& options,
              std::function<void(const JobSubmission&)> on_job_ended);
  ~JobRegistry() override;

  // Starts a job. The submission's graph has been checked; `configuration` is the cluster's with
  // the job's over it. ALREADY_EXISTS when the id is known.
  Status Submit(JobSubmission submission, const Configuration& configuration);

  // Null when there is no such job, or it has ended.
  JobMaster* Find(const std::string& job_id);
  const ArchivedJob* FindArchived(const std::string& job_id) const;
  Status Cancel(const std::string& job_id);

  // In the order of submission.
  std::vector<rest::JobSummary> Summaries() const;
  std::vector<const JobMaster*> Running() const;

  ResourceManager& resources() { return resources_; }
  const ResourceManager& resources() const { return resources_; }

  // Suspends every job; `done` is called on the loop when no worker is left.
  void SuspendAll(const std::string& reason, std::function<void()> done);

  // Whether some job still counts on this worker.
  bool KnowsWorker(const std::string& worker_id) const;
  void OnWorkerStarted(const proto::WorkerStarted& started);
  void OnWorkerExited(const proto::WorkerExited& exited);
  void OnStuckStep(const proto::StuckStep& stuck);
  void OnWorkerClosed(const WorkerSession* session, const Status& reason);

 private:
  void OnSlotsAvailable() override;
  void OnTaskManagerLost(const std::string& id, const std::string& reason) override;
  void OnTaskManagerReturned(const proto::TaskManagerHello& hello) override;
  void OnJobEnded(const std::string& job_id);

  EventLoop& loop_;
  Clock& clock_;
  Random& random_;
  const proto::LeaderSession leader_;
  const JobManagerOptions& options_;
  const std::function<void(const JobSubmission&)> on_job_ended_;
  ResourceManager resources_;
  std::vector<std::unique_ptr<JobMaster>> jobs_;  // in the order of submission
  std::deque<ArchivedJob> archive_;               // oldest first
  std::function<void()> suspended_;
};

}  // namespace weir::jobmanager
