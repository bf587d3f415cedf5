#include "tests/simulation/simulated_worker.h"

#include <utility>

#include "common/configuration.h"
#include "taskmanager/worker/worker_settings.h"

namespace weir::simulation {
namespace {

worker::WorkerOptions OptionsOf(const supervisor::WorkerLaunch& launch,
                                const std::string& task_manager_id, std::int64_t first_lease_ms) {
  Configuration configuration;
  for (const auto& [key, value] : launch.configuration) {
    const Status set = configuration.Set(key, value, "the job");
    if (!set.ok()) std::abort();
  }
  worker::WorkerOptions options{
      .identity = {.worker_id = launch.worker_id,
                   .job_id = launch.job_id,
                   .task_manager_id = task_manager_id,
                   .cluster_id = "default",
                   .job_epoch = launch.job_epoch,
                   .leader_epoch = launch.leader_epoch,
                   .leader_id = launch.leader_id,
                   .role = launch.role == supervisor::WorkerRole::kCoordinator
                               ? worker::WorkerRole::kCoordinator
                               : worker::WorkerRole::kWorker,
                   .process_id = 4711},
      .first_lease_ms = first_lease_ms};
  options.engine = worker::EngineOptionsOf(
      options.identity, {.count = launch.slot_count, .of_job = launch.job_slot_count},
      configuration);
  return options;
}

}  // namespace

SimulatedWorker::SimulatedWorker(const WorkerSurroundings& surroundings,
                                 const supervisor::WorkerLaunch& launch,
                                 const std::string& task_manager_id, std::int64_t first_lease_ms,
                                 std::function<void(supervisor::WorkerEnd)> on_end)
    : surroundings_(surroundings),
      launch_(launch),
      name_((launch.role == supervisor::WorkerRole::kCoordinator ? "coordinator " : "worker ") +
            launch.worker_id.substr(0, 4) + " on " + task_manager_id),
      on_end_(std::move(on_end)),
      files_(surroundings.disk, FaultInjectingFileSystem::Syncs::kPassed),
      loop_(surroundings.time),
      blocking_(surroundings.time, surroundings.speeds.pooled_work),
      client_(surroundings.sessions, name_),
      threads_(surroundings.time, surroundings.speeds) {
  files_.SetHook(surroundings.disk_faults);
  if (!is_coordinator()) {
    data_plane_ = std::make_unique<SimulatedDataPlane>(surroundings.data, launch.worker_id);
  }
  worker_ = std::make_unique<worker::Worker>(
      OptionsOf(launch, task_manager_id, first_lease_ms),
      worker::WorkerWorld{.loop = loop_,
                          .blocking = blocking_,
                          .clock = surroundings.time.clock(),
                          .client = client_,
                          .jobs = surroundings.jobs,
                          .data_plane = data_plane_.get(),
                          .files = &files_,
                          .threads = &threads_},
      [this](const Status& reason) {
        surroundings_.history.Note(name_ + " ends: " + reason.ToString());
        surroundings_.time.After(0, [this, exists = std::weak_ptr(exists_)] {
          if (!exists.expired()) Kill(0);
        });
      });
  worker_->Start();
}

SimulatedWorker::~SimulatedWorker() {
  Vanish();
}

void SimulatedWorker::Vanish() {
  if (!alive()) return;
  files_.DieAfter(0);
  threads_.EndAll();
  worker_.reset();
  data_plane_.reset();
}

void SimulatedWorker::Kill(int signal) {
  if (!alive()) return;
  surroundings_.history.Note(name_ + " is gone, signal " + std::to_string(signal));
  Vanish();
  on_end_({.reason = "ended by the simulation",
           .exit_status = signal == 0 ? 0 : -1,
           .signal = signal,
           .last_output = "",
           .running = {}});
}

}  // namespace weir::simulation
