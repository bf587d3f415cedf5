// ResourceManager: the TaskManagers of the cluster: their registrations, their slots, whether they
// live.
//
// On the JobManager's event loop only. Knows nothing of jobs but the ids that hold slots; who needs
// to know of changes listens.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/status.h>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/logging.h"
#include "jobmanager/scheduler/sessions.h"
#include "jobmanager/scheduler/slot_manager.h"

namespace weir::jobmanager {

struct HeartbeatSettings {
  std::int64_t interval_ms = 10'000;
  std::int64_t timeout_ms = 50'000;
};

struct RegisteredTaskManager {
  proto::TaskManagerHello hello;  // as it registered last
  std::shared_ptr<TaskManagerSession> session;
  std::int64_t last_heard_ms = 0;       // monotonic
  std::int64_t last_heard_wall_ms = 0;  // wall clock, for people
  std::uint64_t heartbeats_sent = 0;
  proto::TaskManagerStatistics statistics;  // empty until it reported

  std::string endpoint() const;  // "host:data-port"
};

class ResourceListener {
 public:
  virtual ~ResourceListener() = default;
  // Slots were added or set free: whoever waits may try again.
  virtual void OnSlotsAvailable() = 0;
  // It is no longer registered; its slots are gone already. `reason` is a whole sentence.
  virtual void OnTaskManagerLost(const std::string& id, const std::string& reason) = 0;
  // The same process came again over a new connection before its old one was seen to break;
  // `hello.workers` says what still runs there.
  virtual void OnTaskManagerReturned(const proto::TaskManagerHello& hello) = 0;
};

class ResourceManager {
 public:
  // `listener` is called on the loop, never inside a call of Allocate.
  ResourceManager(EventLoop& loop, Clock& clock, proto::LeaderSession leader,
                  HeartbeatSettings heartbeats, ResourceListener& listener);
  ~ResourceManager();

  // Registers and welcomes. One with the same id gives way: if it is the same process, its slots
  // and workers stay; else it counts as lost first.
  void Register(proto::TaskManagerHello hello, std::shared_ptr<TaskManagerSession> session,
                proto::Welcome welcome);
  // The session has ended. Ignored when it is not the present one of its TaskManager.
  void OnSessionClosed(const TaskManagerSession* session, const Status& reason);
  // It was asked to stop: counts as lost from now on, with what its workers run. Its session is
  // left to the caller.
  void OnLeaving(const std::string& id, const std::string& reason);
  // Something came from it.
  void OnHeard(const std::string& id);
  void OnStatistics(const std::string& id, proto::TaskManagerStatistics statistics);

  // Null for an id that is not registered.
  const RegisteredTaskManager* Find(const std::string& id) const;
  const std::map<std::string, RegisteredTaskManager>& task_managers() const {
    return task_managers_;
  }
  // Under this leader session; dropped when it is not registered.
  void Send(const std::string& id, proto::TaskManagerCommand command);
  // Closes every session: the JobManager stops.
  void CloseAll(const Status& reason);

  const SlotManager& slots() const { return slots_; }
  std::optional<std::vector<SlotId>> Allocate(const std::string& job_id, std::uint32_t count) {
    return slots_.Allocate(job_id, count);
  }
  // Tells the listener (posted).
  void Release(const std::string& job_id, const std::vector<SlotId>& slots);
  void ReleaseAll(const std::string& job_id);

 private:
  void Lose(const std::string& id, const std::string& reason);
  // It is no longer registered; gives its session, null when it was not.
  std::shared_ptr<TaskManagerSession> Remove(const std::string& id, const std::string& reason);
  void AnnounceSlots();
  void Beat();

  EventLoop& loop_;
  Clock& clock_;
  const proto::LeaderSession leader_;
  const HeartbeatSettings heartbeats_;
  ResourceListener& listener_;
  const ComponentLogger log_{"resource-manager"};
  SlotManager slots_;
  std::map<std::string, RegisteredTaskManager> task_managers_;
  bool announced_ = false;  // a posted OnSlotsAvailable has not run yet
  TimerId heartbeat_timer_ = kNoTimer;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::jobmanager
