// SessionFrontend: what comes over the sessions, checked and handed on: who may speak (protocol
// version, cluster, credential, leader session, job epoch), and to whom the message belongs.
//
// On the event loop only. Whoever carries the sessions (gRPC, a test, the simulation) calls it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <weir/status.h>

#include "common/logging.h"
#include "jobmanager/job_manager_options.h"
#include "jobmanager/job_registry.h"
#include "jobmanager/known_task_managers.h"
#include "jobmanager/scheduler/sessions.h"

namespace weir::jobmanager {

class SessionFrontend {
 public:
  // All references outlive the object.
  SessionFrontend(const JobManagerOptions& options, proto::LeaderSession leader,
                  JobRegistry& registry, KnownTaskManagers& known);

  // The first event of a session is its hello. A session that is refused gets a Rejected and is
  // closed.
  void OnTaskManagerEvent(const std::shared_ptr<TaskManagerSession>& session,
                          proto::TaskManagerEvent event);
  void OnWorkerEvent(const std::shared_ptr<WorkerSession>& session, proto::WorkerEvent event);

  // The session has ended, whoever ended it. Once per session; also for one that never said hello.
  void OnTaskManagerClosed(const TaskManagerSession* session, const Status& reason);
  void OnWorkerClosed(const WorkerSession* session, const Status& reason);

  // Messages of another leader session or job epoch, or of a session that was replaced.
  std::uint64_t dropped_messages() const { return dropped_messages_; }

 private:
  struct WorkerKey {
    std::string job_id;
    std::string worker_id;
    std::uint64_t job_epoch = 0;
  };

  // The version to speak, or why we cannot.
  Result<std::uint32_t> CheckHello(const proto::Hello& hello) const;
  proto::Welcome MakeWelcome(std::uint32_t protocol) const;
  // FAILED_PRECONDITION when the peer has met a later leader than this one: it dials again, and
  // finds that one.
  Status CheckLeader(const proto::LeaderSession& met) const;
  Status CheckTaskManagerHello(const proto::TaskManagerEvent& event) const;
  void AdmitTaskManager(const std::shared_ptr<TaskManagerSession>& session,
                        const proto::TaskManagerEvent& event);
  void RegisterTaskManager(const std::shared_ptr<TaskManagerSession>& session,
                           proto::TaskManagerHello hello);
  void StopStrayWorkers(const proto::TaskManagerHello& hello);
  void OnLeaving(const std::shared_ptr<TaskManagerSession>& session, const std::string& reason);
  // An event of a TaskManager that leaves.
  void OnFarewell(const std::shared_ptr<TaskManagerSession>& session,
                  const proto::TaskManagerEvent& event);
  // Registered, or about to be.
  bool IsPresent(const std::string& task_manager_id) const;
  Status AdmitWorker(const std::shared_ptr<WorkerSession>& session,
                     const proto::WorkerEvent& event);
  // Final unless the status says to retry.
  void Reject(TaskManagerSession& session, const Status& reason);
  void Reject(WorkerSession& session, std::uint64_t job_epoch, const Status& reason);

  const JobManagerOptions& options_;
  const proto::LeaderSession leader_;
  JobRegistry& registry_;
  KnownTaskManagers& known_;
  const ComponentLogger log_{"sessions"};
  std::map<const TaskManagerSession*, std::string> task_managers_;  // to TaskManager ids
  // They said hello; the metadata store does not know them yet. To TaskManager ids.
  std::map<const TaskManagerSession*, std::string> arriving_;
  // They said that they leave; their workers may still run. To TaskManager ids.
  std::map<const TaskManagerSession*, std::string> leaving_;
  std::map<const WorkerSession*, WorkerKey> workers_;
  std::uint64_t dropped_messages_ = 0;
};

}  // namespace weir::jobmanager
