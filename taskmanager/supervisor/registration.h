// The TaskManager's session with the JobManager: dial, say hello, be welcomed, exchange heartbeats,
// dial again when it breaks. An explicit state machine over a session stream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/status.h>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/logging.h"
#include "taskmanager/session/job_manager_client.h"

namespace weir::proto {
class LeaderSession;
class StartWorker;
class StopWorker;
class TaskManagerHello;
}  // namespace weir::proto

namespace weir::supervisor {

enum class RegistrationState : std::uint8_t {
  kWaiting,      // for the next attempt
  kRegistering,  // dialled, hello sent
  kRegistered,   // welcomed
  kLeaving,      // said that it leaves; nobody dials again
  kLeft,         // said that nothing runs here any more; waits for the end of the session
  kStopped,
};

// What the registration asks of the TaskManager. Called on the loop.
class RegistrationHandler {
 public:
  virtual ~RegistrationHandler() = default;
  // Everything but the protocol version: who we are and which workers still run.
  virtual void FillHello(proto::TaskManagerHello* hello) = 0;
  virtual void OnRegistered() = 0;
  virtual void OnStartWorker(const proto::LeaderSession& leader,
                             const proto::StartWorker& command) = 0;
  virtual void OnStopWorker(const proto::StopWorker& command) = 0;
  // The JobManager refused us and dialling again does not help.
  virtual void OnRefused(Status reason) = 0;
};

// The loop's thread only.
class Registration {
 public:
  Registration(EventLoop& loop, Clock& clock, session::JobManagerClient& client,
               std::int64_t redial_delay_ms, RegistrationHandler& handler);
  ~Registration();

  void Start();
  void Stop();
  // Says that this TaskManager leaves. From then on events are dropped, and nobody dials again.
  void Leave(const std::string& reason);
  // Says that no worker runs here any more, so that nobody waits for one, then calls `done` once:
  // when the JobManager has ended the session, after a second without an answer, or at once when
  // there is no session. Precondition: Leave.
  void ReportLeft(std::function<void()> done);

  RegistrationState state() const { return state_; }

  // Queues an event under the current leader session; dropped, and false, when not registered: the
  // next hello's inventory says what became of the workers.
  bool Send(proto::TaskManagerEvent event);
  // Whether statistics may be sent now: registered, and nothing older waits.
  bool Idle() const;

 private:
  void Dial();
  void OnCommand(proto::TaskManagerCommand command);
  void OnWelcome(const proto::TaskManagerCommand& command);
  void OnClosed(const Status& reason);
  bool leaving() const;
  void SendUnderLeader(proto::TaskManagerEvent event);
  void FinishLeaving();
  void RedialLater();
  void SendHeartbeat();

  EventLoop& loop_;
  Clock& clock_;
  session::JobManagerClient& client_;
  const std::int64_t redial_delay_ms_;
  RegistrationHandler& handler_;
  const ComponentLogger log_{"registration"};
  RegistrationState state_ = RegistrationState::kStopped;
  std::unique_ptr<session::TaskManagerStream> stream_;
  std::unique_ptr<proto::LeaderSession> leader_;  // of the current or the last registration
  std::int64_t heartbeat_interval_ms_ = 0;
  std::int64_t heartbeat_timeout_ms_ = 0;
  std::int64_t last_heard_ms_ = 0;
  std::uint64_t heartbeat_sequence_ = 0;
  std::function<void()> left_;  // set in kLeft
  TimerId timer_ = kNoTimer;    // redial, heartbeat, or the end of a wait for the JobManager
  bool reported_away_ = false;  // log the JobManager's absence once, not at every attempt
};

}  // namespace weir::supervisor
