#include "tests/simulation/simulated_task_manager.h"

#include <utility>

namespace weir::simulation {
namespace {

constexpr std::int64_t kStopGraceMs = 5'000;

// The supervisor's way to a worker that may have ended.
class Handle final : public supervisor::RunningWorker {
 public:
  Handle(SimulatedTime& time, std::weak_ptr<SimulatedWorker> worker)
      : time_(time), worker_(std::move(worker)) {}
  std::int32_t process_id() const override { return 4711; }
  void Terminate() override { End(15); }
  void Kill() override { End(9); }
  std::vector<supervisor::RunningStep> RunningSteps() const override { return {}; }
  Result<supervisor::WorkerResources> Resources() const override {
    return Status(StatusCode::kUnsupported, "simulated workers have no memory of their own");
  }

 private:
  void End(int signal) {
    time_.After(time_.Below(20 * kMilli), [worker = worker_, signal] {
      if (const auto lives = worker.lock()) lives->Kill(signal);
    });
  }

  SimulatedTime& time_;
  const std::weak_ptr<SimulatedWorker> worker_;
};

}  // namespace

SimulatedTaskManager::SimulatedTaskManager(const WorkerSurroundings& surroundings,
                                           const std::string& id, std::uint32_t slots)
    : surroundings_(surroundings),
      id_(id),
      loop_(surroundings.time),
      blocking_(surroundings.time, surroundings.speeds.pooled_work),
      client_(surroundings.sessions, id) {
  manager_ = std::make_unique<supervisor::TaskManager>(
      supervisor::TaskManagerOptions{.task_manager_id = id,
                                     .cluster_id = "default",
                                     .host = "simulated",
                                     .data_port = 1,
                                     .slot_count = slots,
                                     .process_id = 4711},
      supervisor::TaskManagerWorld{.loop = loop_,
                                   .clock = surroundings.time.clock(),
                                   .client = client_,
                                   .launcher = *this,
                                   .plugins = *this,
                                   .blocking = blocking_},
      [this](const Status& reason) {
        surroundings_.history.Note(id_ + " was refused: " + reason.message());
      });
  loop_.Post([this] { manager_->Start(); });
}

SimulatedTaskManager::~SimulatedTaskManager() {
  for (const std::shared_ptr<SimulatedWorker>& worker : workers_) worker->Vanish();
  manager_.reset();
}

void SimulatedTaskManager::Leave() {
  if (std::exchange(leaves_, true)) return;
  loop_.Post([this] {
    manager_->Stop(kStopGraceMs, [this] {
      surroundings_.history.Note("TaskManager " + id_ + " has left");
      has_left_ = true;
    });
  });
}

std::vector<SimulatedWorker*> SimulatedTaskManager::Workers() const {
  std::vector<SimulatedWorker*> alive;
  for (const std::shared_ptr<SimulatedWorker>& worker : workers_) {
    if (worker->alive()) alive.push_back(worker.get());
  }
  return alive;
}

Result<std::unique_ptr<supervisor::RunningWorker>> SimulatedTaskManager::Launch(
    const supervisor::WorkerLaunch& launch, std::function<void(supervisor::WorkerEnd)> on_end) {
  std::erase_if(workers_,
                [](const std::shared_ptr<SimulatedWorker>& worker) { return !worker->alive(); });
  workers_.push_back(std::make_shared<SimulatedWorker>(
      surroundings_, launch, id_, kLeaseMs, [this, on_end = std::move(on_end)](const auto& end) {
        // The operating system tells the supervisor, in its time.
        loop_.Schedule(surroundings_.time.Below(20), [on_end, end] { on_end(end); });
      }));
  return std::unique_ptr<supervisor::RunningWorker>(
      std::make_unique<Handle>(surroundings_.time, workers_.back()));
}

}  // namespace weir::simulation
