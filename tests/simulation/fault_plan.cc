#include "tests/simulation/fault_plan.h"

#include <utility>

namespace weir::simulation {

FaultPlan::FaultPlan(SimulatedTime& time, History& history, SimulatedCluster& cluster,
                     FaultLevels& faults, std::vector<std::string> task_managers,
                     std::uint32_t slots)
    : time_(time),
      history_(history),
      cluster_(cluster),
      faults_(faults),
      task_managers_(std::move(task_managers)),
      slots_(slots) {}

void FaultPlan::Begin(std::int64_t until_ns) {
  until_ns_ = until_ns;
  faults_.on = true;
  faults_.message_ms = 1 + time_.Below(20);
  faults_.stalls_of_1000 = time_.Below(10);
  faults_.disk_ms = 1 + time_.Below(50);
  faults_.slow_of_1000 = time_.Below(50);
  faults_.call_of_1000 = time_.Below(3);
  faults_.disk_errors_of_10000 = time_.Chance(1, 2) ? 0 : time_.Below(50);
  faults_.snapshot_errors_of_1000 = time_.Chance(1, 2) ? 0 : time_.Below(30);
  pause_ms_ = 50 + time_.Below(1'500);
  ScheduleNext();
}

void FaultPlan::ScheduleNext() {
  time_.After(time_.Below(2 * pause_ms_ * kMilli), [this] {
    if (time_.now_ns() >= until_ns_) return;
    ++acts_;
    Act();
    ScheduleNext();
  });
}

void FaultPlan::Act() {
  switch (time_.Below(17)) {
    case 0:
    case 1:
    case 2:
      return KillAWorker(false);
    case 3:
      return KillAWorker(true);
    case 4:
      return KillAWorkerAtDisk();
    case 5:
      return KillATaskManager();
    case 6:
    case 7:
      return KillTheJobManager();
    case 8:
      history_.Note("a session breaks");
      return cluster_.sessions().BreakOne();
    case 9:
      history_.Note("a connection of two workers breaks");
      return cluster_.data().BreakOne();
    case 10:
      cluster_.LosePower();
      return Restart();
    case 11:
      return StopATaskManager();
    default:
      return Restart();
  }
}

void FaultPlan::KillAWorker(bool coordinator) {
  std::vector<SimulatedWorker*> workers;
  for (SimulatedWorker* const worker : cluster_.Workers()) {
    if (worker->is_coordinator() == coordinator) workers.push_back(worker);
  }
  if (workers.empty()) return;
  workers[static_cast<std::size_t>(time_.Below(static_cast<std::int64_t>(workers.size())))]->Kill(
      9);
}

void FaultPlan::KillAWorkerAtDisk() {
  const std::vector<SimulatedWorker*> workers = cluster_.Workers();
  if (workers.empty()) return;
  workers[static_cast<std::size_t>(time_.Below(static_cast<std::int64_t>(workers.size())))]
      ->DieAtDisk(1 + static_cast<std::uint64_t>(time_.Below(8)));
}

const std::string& FaultPlan::AnyTaskManager() {
  return task_managers_[static_cast<std::size_t>(
      time_.Below(static_cast<std::int64_t>(task_managers_.size())))];
}

void FaultPlan::KillATaskManager() {
  const std::string& id = AnyTaskManager();
  if (cluster_.has_task_manager(id)) cluster_.KillTaskManager(id);
}

void FaultPlan::StopATaskManager() {
  const std::string& id = AnyTaskManager();
  if (cluster_.has_task_manager(id)) cluster_.StopTaskManager(id);
}

void FaultPlan::KillTheJobManager() {
  if (!cluster_.has_job_manager()) return;
  if (time_.Chance(1, 2)) return cluster_.KillJobManager();
  cluster_.KillJobManagerAtDisk(1 + static_cast<std::uint64_t>(time_.Below(30)));
}

void FaultPlan::Restart() {
  if (!cluster_.has_job_manager()) cluster_.StartJobManager();
  for (const std::string& id : task_managers_) {
    if (!cluster_.has_task_manager(id)) cluster_.StartTaskManager(id, slots_);
  }
}

void FaultPlan::End() {
  history_.Note("nothing fails any more");
  faults_ = FaultLevels();
  cluster_.SpareProcesses();
  Restart();
}

}  // namespace weir::simulation
