#include "jobmanager/scheduler/resource_manager.h"

#include <utility>

#include "common/socket_address.h"
#include "common/text.h"

namespace weir::jobmanager {

std::string RegisteredTaskManager::endpoint() const {
  return SocketAddress{.host = hello.host(), .port = static_cast<std::uint16_t>(hello.data_port())}
      .ToString();
}

ResourceManager::ResourceManager(EventLoop& loop, Clock& clock, proto::LeaderSession leader,
                                 HeartbeatSettings heartbeats, ResourceListener& listener)
    : loop_(loop),
      clock_(clock),
      leader_(std::move(leader)),
      heartbeats_(heartbeats),
      listener_(listener) {
  heartbeat_timer_ = loop_.Schedule(heartbeats_.interval_ms, [this] { Beat(); });
}

ResourceManager::~ResourceManager() {
  loop_.Cancel(heartbeat_timer_);
}

void ResourceManager::Register(proto::TaskManagerHello hello,
                               std::shared_ptr<TaskManagerSession> session,
                               proto::Welcome welcome) {
  const std::string id = hello.task_manager_id();
  const auto known = task_managers_.find(id);
  const bool returned = known != task_managers_.end() &&
                        known->second.hello.start_time_ms() == hello.start_time_ms() &&
                        known->second.hello.slot_count() == hello.slot_count();
  if (known != task_managers_.end() && !returned) {
    Lose(id, Concat("TaskManager ", id, " was replaced by a new process of the same id"));
  }
  proto::TaskManagerStatistics statistics;
  if (returned) {
    std::swap(statistics, known->second.statistics);
    known->second.session->Close(Status::Unavailable("the TaskManager has a newer session"));
    log_.Info("TaskManager ", id, " is back over a new connection");
  } else {
    slots_.AddTaskManager(id, hello.slot_count());
    log_.Info("TaskManager ", id, " registered with ", hello.slot_count(), " slots");
  }
  RegisteredTaskManager& registered = task_managers_[id];
  registered = {.hello = std::move(hello),
                .session = std::move(session),
                .last_heard_ms = clock_.MonotonicMillis(),
                .last_heard_wall_ms = clock_.WallMillis(),
                .statistics = std::move(statistics)};
  proto::TaskManagerCommand command;
  *command.mutable_welcome() = std::move(welcome);
  Send(id, std::move(command));
  if (returned) {
    const proto::TaskManagerHello copy = registered.hello;
    listener_.OnTaskManagerReturned(copy);
  }
  AnnounceSlots();
}

void ResourceManager::OnSessionClosed(const TaskManagerSession* session, const Status& reason) {
  for (const auto& [id, registered] : task_managers_) {
    if (registered.session.get() != session) continue;
    const std::string lost = id;
    return Lose(lost, Concat("TaskManager ", lost, " was lost: ", reason.message()));
  }
}

void ResourceManager::OnLeaving(const std::string& id, const std::string& reason) {
  const std::string sentence = Concat("TaskManager ", id, " leaves the cluster: ", reason);
  if (Remove(id, sentence) != nullptr) listener_.OnTaskManagerLost(id, sentence);
}

void ResourceManager::OnHeard(const std::string& id) {
  const auto found = task_managers_.find(id);
  if (found == task_managers_.end()) return;
  found->second.last_heard_ms = clock_.MonotonicMillis();
  found->second.last_heard_wall_ms = clock_.WallMillis();
}

void ResourceManager::OnStatistics(const std::string& id, proto::TaskManagerStatistics statistics) {
  const auto found = task_managers_.find(id);
  if (found != task_managers_.end()) found->second.statistics = std::move(statistics);
}

const RegisteredTaskManager* ResourceManager::Find(const std::string& id) const {
  const auto found = task_managers_.find(id);
  return found == task_managers_.end() ? nullptr : &found->second;
}

void ResourceManager::Send(const std::string& id, proto::TaskManagerCommand command) {
  const auto found = task_managers_.find(id);
  if (found == task_managers_.end()) return;
  *command.mutable_leader() = leader_;
  found->second.session->Send(std::move(command));
}

void ResourceManager::CloseAll(const Status& reason) {
  loop_.Cancel(std::exchange(heartbeat_timer_, kNoTimer));
  for (const auto& [id, registered] : task_managers_) registered.session->Close(reason);
}

void ResourceManager::Release(const std::string& job_id, const std::vector<SlotId>& slots) {
  for (const SlotId& slot : slots) slots_.Release(job_id, slot);
  AnnounceSlots();
}

void ResourceManager::ReleaseAll(const std::string& job_id) {
  slots_.ReleaseAll(job_id);
  AnnounceSlots();
}

void ResourceManager::Lose(const std::string& id, const std::string& reason) {
  const std::shared_ptr<TaskManagerSession> session = Remove(id, reason);
  if (session == nullptr) return;
  session->Close(Status::Unavailable(reason));
  listener_.OnTaskManagerLost(id, reason);
}

std::shared_ptr<TaskManagerSession> ResourceManager::Remove(const std::string& id,
                                                            const std::string& reason) {
  const auto found = task_managers_.find(id);
  if (found == task_managers_.end()) return nullptr;
  log_.Warning(reason);
  std::shared_ptr<TaskManagerSession> session = std::move(found->second.session);
  task_managers_.erase(found);
  slots_.RemoveTaskManager(id);
  return session;
}

void ResourceManager::AnnounceSlots() {
  if (std::exchange(announced_, true)) return;
  loop_.Post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    announced_ = false;
    listener_.OnSlotsAvailable();
  });
}

void ResourceManager::Beat() {
  const std::int64_t now_ms = clock_.MonotonicMillis();
  std::vector<std::string> silent;
  for (auto& [id, registered] : task_managers_) {
    if (now_ms - registered.last_heard_ms >= heartbeats_.timeout_ms) {
      silent.push_back(id);
      continue;
    }
    proto::TaskManagerCommand command;
    command.mutable_heartbeat()->set_sequence(++registered.heartbeats_sent);
    Send(id, std::move(command));
  }
  for (const std::string& id : silent) {
    Lose(id,
         Concat("TaskManager ", id, " was lost: no heartbeat for ", heartbeats_.timeout_ms, " ms"));
  }
  heartbeat_timer_ = loop_.Schedule(heartbeats_.interval_ms, [this] { Beat(); });
}

}  // namespace weir::jobmanager
