// JobWorkers: the worker processes of one job and its coordinator process: starting them, their
// sessions, leases and heartbeats, and knowing for certain when they are gone.
//
// Owned by the JobMaster, on the event loop. What the tasks in them do is the JobMaster's business.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <weir/status.h>

#include "common/logging.h"
#include "jobmanager/job/job_failure.h"
#include "jobmanager/job/job_services.h"
#include "jobmanager/job/job_submission.h"
#include "jobmanager/job/worker_state_machine.h"

namespace weir::jobmanager {

struct JobWorker {
  std::string id;  // 32 hex digits, never reused
  std::string task_manager_id;
  proto::WorkerRole role = proto::WORKER;
  std::uint32_t slot_count = 0;
  WorkerState state = WorkerState::kStarting;
  std::int32_t process_id = -1;
  // Null before the hello and after the stream broke.
  std::shared_ptr<WorkerSession> session;
  std::int64_t last_heard_ms = 0;   // monotonic
  std::int64_t started_ms = 0;      // monotonic
  bool awaits_exit_report = false;  // its stream broke; how it ended is not known yet
  bool failed = false;              // OnWorkerFailed was called for it
  bool orphaned = false;            // its TaskManager was lost: nobody reports its end
  std::uint64_t heartbeats_sent = 0;
  TimerId timer = kNoTimer;  // until the exit report, or until a shutdown is enforced
};

class JobWorkersListener {
 public:
  virtual ~JobWorkersListener() = default;
  virtual void OnWorkerReady(JobWorker& worker) = 0;
  // It ended or cannot go on although nobody asked it to end. It is STOPPING or GONE.
  virtual void OnWorkerFailed(JobWorker& worker, JobFailure failure) = 0;
  // It is GONE and forgotten after this call.
  virtual void OnWorkerGone(JobWorker& worker) = 0;
};

class JobWorkers {
 public:
  using Workers = std::map<std::string, JobWorker>;  // by id

  // All references outlive the object. `graph` names operators in failures.
  JobWorkers(const JobServices& services, const JobSubmission& submission,
             const JobTimings& timings, const ExecutionGraph& graph, JobWorkersListener& listener);
  ~JobWorkers();

  struct Slots {
    std::uint32_t count = 0;   // of the TaskManager
    std::uint32_t of_job = 0;  // that the job has there now
  };
  // The worker is in state STARTING; the id is its key from now on.
  std::string Start(const std::string& task_manager_id, proto::WorkerRole role, const Slots& slots);
  // Null when there is none.
  JobWorker* Find(const std::string& id);
  const Workers& workers() const { return workers_; }
  bool empty() const { return workers_.empty(); }
  // Whether some worker is on its way up or down.
  bool AnyUnsettled() const;

  // Under this leader session and job epoch; dropped when it has no session.
  void Send(JobWorker& worker, proto::WorkerCommand command);
  // A worker with nothing to do ends in good order; enforced after the shutdown grace.
  void Shutdown(JobWorker& worker, const std::string& reason);
  // SIGTERM, and SIGKILL after `grace_ms`; 0: SIGKILL at once.
  void Stop(JobWorker& worker, std::int64_t grace_ms);
  // It reported that it cannot go on, or an answer of its is an error: stopped.
  void Fail(JobWorker& worker, JobFailure failure);

  // The stream of a worker: accepted (then welcomed and told to prepare), or why not.
  Status Attach(const proto::WorkerHello& hello, std::shared_ptr<WorkerSession> session,
                proto::Welcome welcome);
  void OnHeard(JobWorker& worker);
  void OnPrepared(JobWorker& worker, const proto::JobPrepared& prepared);
  void OnSessionClosed(const WorkerSession* session, const Status& reason);

  // From its TaskManager. Ids that are not ours are ignored.
  void OnStarted(const proto::WorkerStarted& started);
  void OnExited(const proto::WorkerExited& exited);
  void OnTaskManagerLost(const std::string& id, const std::string& reason);
  void OnTaskManagerReturned(const proto::TaskManagerHello& hello);

 private:
  void SetState(JobWorker& worker, WorkerState state);
  void SendStop(const JobWorker& worker, std::int64_t grace_ms);
  // Runs OnWorkerFailed unless the worker was told to end or has failed before.
  void ReportFailure(JobWorker& worker, JobFailure failure);
  void Gone(JobWorker& worker);
  void ExitReportOverdue(const std::string& id, const std::string& reason);
  void Tick();

  const JobServices& services_;
  const JobSubmission& submission_;
  const JobTimings& timings_;
  const ExecutionGraph& graph_;
  JobWorkersListener& listener_;
  const ComponentLogger log_{"job-workers"};
  Workers workers_;
  TimerId tick_timer_ = kNoTimer;
  std::int64_t last_heartbeats_ms_ = 0;
};

}  // namespace weir::jobmanager
