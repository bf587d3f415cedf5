// JobRegistry: all jobs that the JobManager knows: those with a JobMaster, and what is left to see
// of those that ended. On the event loop only.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/status.h>

#include "jobmanager/ha/leader_takeover.h"
#include "jobmanager/job/job_master.h"
#include "jobmanager/job_manager_options.h"
#include "jobmanager/job_recovery.h"
#include "jobmanager/job_result.h"
#include "jobmanager/scheduler/resource_manager.h"

namespace weir::jobmanager {

// Called on the loop.
class JobRegistryListener {
 public:
  virtual ~JobRegistryListener() = default;
  // The job has become FINISHED, CANCELED or FAILED: it must not run again, whatever happens.
  virtual void OnJobTerminal(const JobMaster& job) = 0;
  // No process of the job is left, and its JobMaster is gone.
  virtual void OnJobEnded(const JobSubmission& job) = 0;
  // Nothing of what an earlier leader started runs any more.
  virtual void OnTakenOver() = 0;
  // It is not registered any more; workers there may still run until their leases end.
  virtual void OnTaskManagerLost(const std::string& id) = 0;
};

class JobRegistry final : public ResourceListener {
 public:
  // All references outlive the object.
  JobRegistry(EventLoop& loop, Clock& clock, Random& random, proto::LeaderSession leader,
              const JobManagerOptions& options, CheckpointServices checkpoints,
              JobRegistryListener& listener);
  ~JobRegistry() override;

  // Starts a job. The submission's graph has been checked; `configuration` is the cluster's with
  // the job's over it. ALREADY_EXISTS when the id is known.
  Status Submit(JobSubmission submission, const Configuration& configuration);

  // Takes over what an earlier leader left. Its jobs wait until none of its workers can be alive
  // (LeaderTakeover). Once, before the first TaskManager registers.
  void Recover(Recovery recovery);
  // What could not be read then: takes the place of what is known of these jobs.
  void RecoverMore(Recovery recovery);
  // Whether nothing of what an earlier leader started can run any more.
  bool taken_over() const { return !takeover_; }
  // What recovered jobs wait for, in one sentence without a full stop; empty when they do not.
  std::string DescribeTakeover() const { return takeover_ ? takeover_->Describe() : ""; }

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
  // `old_workers` of earlier leaders run there; they have been told to end.
  void OnTaskManagerRegistered(const std::string& id, const std::vector<std::string>& old_workers);
  // It was asked to stop, and all of its workers have ended. Not while it is registered.
  void OnTaskManagerLeft(const std::string& id);
  void OnWorkerStarted(const proto::WorkerStarted& started);
  void OnWorkerExited(const proto::WorkerExited& exited);
  void OnStuckStep(const proto::StuckStep& stuck);
  void OnWorkerClosed(const WorkerSession* session, const Status& reason);

 private:
  void OnSlotsAvailable() override;
  void OnTaskManagerLost(const std::string& id, const std::string& reason) override;
  void OnTaskManagerReturned(const proto::TaskManagerHello& hello) override;
  Status AddJob(JobSubmission submission, const Configuration& configuration);
  void OnJobTerminal(const std::string& job_id);
  void OnJobEnded(const std::string& job_id);
  void Archive(ArchivedJob job);
  void AddRecovered(std::vector<RecoveredJob> jobs);
  void StartRecovered();
  // Starts the recovered jobs when they may start.
  void CheckTakeover();
  void TakeoverLeaseEnded();

  EventLoop& loop_;
  Clock& clock_;
  Random& random_;
  const proto::LeaderSession leader_;
  const JobManagerOptions& options_;
  const CheckpointServices checkpoints_;
  JobRegistryListener& listener_;
  ResourceManager resources_;
  std::vector<std::unique_ptr<JobMaster>> jobs_;  // in the order of submission
  std::deque<ArchivedJob> archive_;               // oldest first
  std::function<void()> suspended_;
  std::optional<ha::LeaderTakeover> takeover_;  // while recovered jobs wait
  TimerId takeover_timer_ = kNoTimer;
};

}  // namespace weir::jobmanager
