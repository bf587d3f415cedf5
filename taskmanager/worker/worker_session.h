// A worker's (or coordinator's) session with the JobManager and its lease: dial, say hello, be
// welcomed, exchange heartbeats, dial again while the lease lasts. An explicit state machine over a
// session stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <weir/status.h>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/logging.h"
#include "taskmanager/session/job_manager_client.h"
#include "taskmanager/worker/lease.h"

namespace weir::worker {

enum class WorkerRole : std::uint8_t { kWorker, kCoordinator };

// Who a worker is: fixed when its process starts.
struct WorkerIdentity {
  std::string worker_id;
  std::string job_id;
  std::string task_manager_id;
  std::string cluster_id;
  std::uint64_t job_epoch = 0;
  std::uint64_t leader_epoch = 0;
  std::string leader_id;
  WorkerRole role = WorkerRole::kWorker;
  std::int32_t process_id = 0;
};

enum class WorkerSessionState : std::uint8_t { kWaiting, kGreeting, kWelcomed, kEnded };

class WorkerSessionHandler {
 public:
  virtual ~WorkerSessionHandler() = default;
  // A command of our leader session and job epoch; everything else was dropped before.
  virtual void OnCommand(proto::WorkerCommand command) = 0;
  // The session is over for good: the lease has ended, or the JobManager refused us. The worker
  // stops.
  virtual void OnSessionEnded(Status reason) = 0;
};

// The loop's thread only.
class WorkerSession {
 public:
  WorkerSession(const WorkerIdentity& identity, EventLoop& loop, Clock& clock,
                session::JobManagerClient& client, std::int64_t first_lease_ms,
                WorkerSessionHandler& handler);
  ~WorkerSession();

  void Start();
  void Stop();
  WorkerSessionState state() const { return state_; }

  // Queues an event under our leader session and job epoch. Dropped when not welcomed: the
  // JobManager takes a broken stream for a lost worker and will not use this one again.
  void Send(proto::WorkerEvent event);
  // Whether statistics may be sent now: welcomed, and nothing older waits.
  bool Idle() const;

 private:
  void Dial();
  void OnCommand(proto::WorkerCommand command);
  void OnWelcome(const proto::WorkerCommand& command);
  void OnClosed(const Status& reason);
  void SendHeartbeat();
  void CheckLease();
  void End(Status reason);

  const WorkerIdentity& identity_;
  EventLoop& loop_;
  Clock& clock_;
  session::JobManagerClient& client_;
  WorkerSessionHandler& handler_;
  const ComponentLogger log_{"session"};
  Lease lease_;
  WorkerSessionState state_ = WorkerSessionState::kWaiting;
  std::unique_ptr<session::WorkerStream> stream_;
  std::int64_t heartbeat_interval_ms_ = 0;
  std::uint64_t heartbeat_sequence_ = 0;
  TimerId timer_ = kNoTimer;        // redial or heartbeat
  TimerId lease_timer_ = kNoTimer;  // when the lease ends
};

}  // namespace weir::worker
