#include "taskmanager/worker/coordinator_host.h"

#include "common/text.h"
#include "taskmanager/task/user_code.h"
#include "taskmanager/worker/component_task_logger.h"

namespace weir::worker {
// One coordinator and the context it was given. Shared with callbacks under way, which see
// `closed_`.
class CoordinatorHost::Hosted final : public internal::CoordinatorContext,
                                      public std::enable_shared_from_this<Hosted> {
 public:
  Hosted(CoordinatorHost& host, OperatorKey key, std::uint32_t parallelism, const std::string& name)
      : loop_(host.loop_),
        blocking_(host.blocking_),
        events_(host.events_),
        subtasks_restart_(host.subtasks_restart_),
        key_(key),
        parallelism_(parallelism),
        name_(name),
        logger_(Concat("coordinator.", name)) {}

  Status Start(const internal::CompiledJob& job,
               const std::optional<CoordinatorSnapshot>& restored) {
    const Status started = task::RunUserCode([&]() -> Status {
      coordinator_ = job.CreateCoordinator(key_.vertex, key_.operator_index, *this);
      if (restored) {
        WEIR_RETURN_IF_ERROR(
            coordinator_->Restore(restored->checkpoint_id, restored->state)
                .WithContext(Concat("cannot start from checkpoint ", restored->checkpoint_id)));
      }
      return coordinator_->Start();
    });
    return Named(started);
  }

  Result<std::string> Snapshot(std::uint64_t checkpoint_id) {
    if (!coordinator_) return Named(Status::Internal("it was not made"));
    Result<std::string> state =
        task::RunUserCode([&] { return coordinator_->Snapshot(checkpoint_id); });
    if (!state.ok()) return Named(state.status());
    return state;
  }
  void CheckpointComplete(std::uint64_t checkpoint_id) {
    if (!coordinator_) return;
    Call([&]() -> Status {
      coordinator_->CheckpointComplete(checkpoint_id);
      return Status::Ok();
    });
  }

  void SetReady(std::uint32_t subtask, std::uint32_t attempt) {
    attempts_[subtask] = attempt;
    Call([&] { return coordinator_->SubtaskReady(subtask, attempt); });
  }
  void SetFailed(std::uint32_t subtask, std::uint32_t attempt) {
    const auto found = attempts_.find(subtask);
    if (found == attempts_.end() || found->second != attempt) return;
    attempts_.erase(found);
    Call([&] { return coordinator_->SubtaskFailed(subtask, attempt); });
  }
  void Deliver(std::uint32_t subtask, std::uint32_t attempt, std::string_view payload) {
    const auto found = attempts_.find(subtask);
    if (found == attempts_.end() || found->second != attempt) return;
    Call([&] { return coordinator_->OnEvent(subtask, payload); });
  }
  void Close() {
    if (closed_) return;
    closed_ = true;
    if (!coordinator_) return;
    const Status status = task::RunUserCode([&]() -> Status {
      coordinator_->Close();
      return Status::Ok();
    });
    if (!status.ok()) logger_.Warning(Concat("closing it failed: ", status.message()));
  }

  std::uint32_t parallelism() const override { return parallelism_; }
  bool subtasks_restart() const override { return subtasks_restart_; }

  void SendToSubtask(std::uint32_t subtask, std::string payload) override {
    const auto found = attempts_.find(subtask);
    if (found == attempts_.end() || closed_)
      return;  // gone: SubtaskFailed has been or will be called
    events_.on_event(key_, subtask, found->second, std::move(payload));
  }

  void Fail(Status status) override {
    loop_.Post([self = shared_from_this(), status = std::move(status)] {
      if (!self->closed_) self->events_.on_failure(self->key_, status);
    });
  }

  void RunBlocking(std::function<void()> work, std::function<void()> done) override {
    blocking_.Post(
        [self = shared_from_this(), work = std::move(work), done = std::move(done)]() mutable {
          Status status = task::RunUserCode([&]() -> Status {
            work();
            return Status::Ok();
          });
          work = nullptr;
          // Only the loop's thread may drop the last reference: that destroys the coordinator.
          EventLoop& loop = self->loop_;
          loop.Post([self = std::move(self), done = std::move(done), status = std::move(status)] {
            if (status.ok()) return self->Run(done);
            if (!self->closed_) self->events_.on_failure(self->key_, status);
          });
        });
  }

  void Schedule(std::int64_t delay_ms, std::function<void()> task) override {
    loop_.Schedule(delay_ms,
                   [self = shared_from_this(), task = std::move(task)] { self->Run(task); });
  }

  Logger& logger() override { return logger_; }

 private:
  Status Named(const Status& status) const {
    return status.WithContext(Concat("coordinator of operator '", name_, "'"));
  }

  void Run(const std::function<void()>& function) {
    if (closed_) return;
    Call([&]() -> Status {
      function();
      return Status::Ok();
    });
  }

  template <class Function>
  void Call(const Function& function) {
    if (closed_) return;
    const Status status = task::RunUserCode(function);
    if (!status.ok()) events_.on_failure(key_, status);
  }

  EventLoop& loop_;
  EventLoop& blocking_;
  const CoordinatorEvents events_;
  const bool subtasks_restart_;
  const OperatorKey key_;
  const std::uint32_t parallelism_;
  const std::string name_;  // of the operator
  ComponentTaskLogger logger_;
  std::unique_ptr<internal::OperatorCoordinator> coordinator_;
  std::map<std::uint32_t, std::uint32_t> attempts_;  // of the subtasks that are ready
  bool closed_ = false;                              // the loop's thread only
};

CoordinatorHost::CoordinatorHost(EventLoop& loop, EventLoop& blocking, CoordinatorEvents events,
                                 bool subtasks_restart)
    : loop_(loop),
      blocking_(blocking),
      events_(std::move(events)),
      subtasks_restart_(subtasks_restart) {}

CoordinatorHost::~CoordinatorHost() {
  CloseAll();
}

Status CoordinatorHost::Start(const internal::CompiledJob& job, OperatorKey key,
                              const std::optional<CoordinatorSnapshot>& restored) {
  const internal::JobVertex& vertex = job.graph().vertices.at(key.vertex);
  const std::string& name = vertex.operators.at(key.operator_index).name;
  if (Hosted* const earlier = Find(key)) earlier->Close();
  auto hosted = std::make_shared<Hosted>(*this, key, vertex.parallelism, name);
  coordinators_[key] = hosted;
  return hosted->Start(job, restored);
}

Result<std::map<OperatorKey, std::string>> CoordinatorHost::Snapshot(std::uint64_t checkpoint_id) {
  std::map<OperatorKey, std::string> states;
  for (const auto& [key, hosted] : coordinators_) {
    WEIR_ASSIGN_OR_RETURN(states[key], hosted->Snapshot(checkpoint_id));
  }
  return states;
}

void CoordinatorHost::CheckpointComplete(std::uint64_t checkpoint_id) {
  for (const auto& [key, hosted] : coordinators_) hosted->CheckpointComplete(checkpoint_id);
}

void CoordinatorHost::SubtaskReady(OperatorKey key, std::uint32_t subtask, std::uint32_t attempt) {
  if (Hosted* const hosted = Find(key)) hosted->SetReady(subtask, attempt);
}

void CoordinatorHost::SubtaskFailed(OperatorKey key, std::uint32_t subtask, std::uint32_t attempt) {
  if (Hosted* const hosted = Find(key)) hosted->SetFailed(subtask, attempt);
}

void CoordinatorHost::OnEvent(OperatorKey key, std::uint32_t subtask, std::uint32_t attempt,
                              std::string_view payload) {
  if (Hosted* const hosted = Find(key)) hosted->Deliver(subtask, attempt, payload);
}

void CoordinatorHost::CloseAll() {
  for (const auto& [key, hosted] : coordinators_) hosted->Close();
  coordinators_.clear();
}

CoordinatorHost::Hosted* CoordinatorHost::Find(OperatorKey key) {
  const auto found = coordinators_.find(key);
  return found == coordinators_.end() ? nullptr : found->second.get();
}

}  // namespace weir::worker
