// What an engine tells its owner, remembered for a test.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/runtime_context.h>

#include "taskmanager/task/task_resources.h"
#include "tests/unit/eventually.h"

namespace weir::task {

using test::kDeadline;

class SilentLogger final : public Logger {
 public:
  bool Enabled(LogLevel) const override { return false; }
  void Log(LogLevel, std::string_view) override {}
};

// What engines report. Thread-safe.
class RecordedEvents final : public TaskEngineEvents {
 public:
  void OnTaskState(TaskStateChange change) override {
    const std::lock_guard lock(mutex_);
    history_[change.task].push_back(change.state);
    last_[change.task] = std::move(change);
    changed_.notify_all();
  }
  void OnEventToCoordinator(CoordinatorEvent event) override {
    const std::lock_guard lock(mutex_);
    states_at_events_.push_back(last_[event.task].state);
    coordinator_events_.push_back(std::move(event));
    changed_.notify_all();
  }
  void OnCheckpointAcknowledged(CheckpointAcknowledgement acknowledgement) override {
    const std::lock_guard lock(mutex_);
    const auto key = std::pair(acknowledgement.checkpoint_id, acknowledgement.task);
    acknowledged_[key] = std::move(acknowledgement);
    changed_.notify_all();
  }
  void OnCheckpointDeclined(CheckpointDecline decline) override {
    const std::lock_guard lock(mutex_);
    const auto key = std::pair(decline.checkpoint_id, decline.task);
    declined_[key] = std::move(decline.cause);
    changed_.notify_all();
  }
  void OnCheckpointRequested(const TaskAttempt& task) override {
    const std::lock_guard lock(mutex_);
    requested_.push_back(task);
    changed_.notify_all();
  }

  bool WaitFor(const TaskAttempt& task, TaskState state) {
    return WaitUntil([&] { return last_.contains(task) && last_[task].state == state; });
  }
  // Whether `condition`, which may look at what is recorded, comes true in time.
  bool WaitUntil(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, condition);
  }
  TaskStateChange Last(const TaskAttempt& task) {
    const std::lock_guard lock(mutex_);
    return last_[task];
  }
  std::vector<TaskState> History(const TaskAttempt& task) {
    const std::lock_guard lock(mutex_);
    return history_[task];
  }
  std::vector<CoordinatorEvent> CoordinatorEvents() {
    const std::lock_guard lock(mutex_);
    return coordinator_events_;
  }
  // What was last reported of the sender when each event came.
  std::vector<TaskState> StatesAtCoordinatorEvents() {
    const std::lock_guard lock(mutex_);
    return states_at_events_;
  }
  using OfCheckpoint = std::pair<std::uint64_t, TaskAttempt>;
  bool WaitForAcknowledgement(std::uint64_t checkpoint_id, const TaskAttempt& task) {
    return WaitUntil([&] { return acknowledged_.contains({checkpoint_id, task}); });
  }
  bool WaitForDecline(std::uint64_t checkpoint_id, const TaskAttempt& task) {
    return WaitUntil([&] { return declined_.contains({checkpoint_id, task}); });
  }
  // All `tasks` have answered.
  bool WaitForAnswers(std::uint64_t checkpoint_id, std::size_t tasks) {
    return WaitUntil([&] {
      std::size_t answers = 0;
      for (const auto& [key, answer] : acknowledged_) answers += key.first == checkpoint_id;
      for (const auto& [key, answer] : declined_) answers += key.first == checkpoint_id;
      return answers == tasks;
    });
  }
  std::map<OfCheckpoint, CheckpointAcknowledgement> Acknowledged() {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }
  std::map<OfCheckpoint, Status> Declined() {
    const std::lock_guard lock(mutex_);
    return declined_;
  }
  // What is known, all of one moment.
  struct View {
    const std::map<TaskAttempt, TaskStateChange>& last;
    const std::map<OfCheckpoint, CheckpointAcknowledgement>& acknowledged;
    const std::map<OfCheckpoint, Status>& declined;
  };
  template <class Function>
  auto Look(Function&& look) {
    const std::lock_guard lock(mutex_);
    return look(View{last_, acknowledged_, declined_});
  }
  bool WaitUntilKnown(const std::function<bool(const View&)>& condition) {
    return WaitUntil([&] { return condition({last_, acknowledged_, declined_}); });
  }
  bool WaitForRequests(std::size_t count) {
    return WaitUntil([&] { return requested_.size() >= count; });
  }
  std::vector<TaskAttempt> Requested() {
    const std::lock_guard lock(mutex_);
    return requested_;
  }
  std::size_t ended() const {
    std::size_t count = 0;
    for (const auto& [task, change] : last_) count += IsTerminal(change.state) ? 1 : 0;
    return count;
  }
  bool WaitForEnds(std::size_t count) {
    return WaitUntil([&] { return ended() == count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<TaskAttempt, std::vector<TaskState>> history_;
  std::map<TaskAttempt, TaskStateChange> last_;
  std::vector<CoordinatorEvent> coordinator_events_;
  std::vector<TaskState> states_at_events_;
  std::map<OfCheckpoint, CheckpointAcknowledgement> acknowledged_;
  std::map<OfCheckpoint, Status> declined_;
  std::vector<TaskAttempt> requested_;
};

}  // namespace weir::task
