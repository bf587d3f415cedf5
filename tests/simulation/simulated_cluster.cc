#include "tests/simulation/simulated_cluster.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include "jobmanager/job_configuration.h"
#include "jobmanager/job_describer.h"
#include "taskmanager/worker/job_graph_conversion.h"
#include "tests/simulation/simulated_task_manager.h"

namespace weir::simulation {
namespace {

class NoDescriber final : public jobmanager::JobDescriber {
 public:
  std::vector<std::uint32_t> abi_numbers() const override { return {1}; }
  void Describe(const jobmanager::DescribeRequest&, Callback callback) override {
    callback(Status::InvalidArgument("nothing is described here"));
  }
};

TemporaryDirectory MakeDirectory() {
  Result<TemporaryDirectory> directory = TemporaryDirectory::Create("weir-simulation-");
  if (!directory.ok()) std::abort();
  return *std::move(directory);
}

jobmanager::JobTimings Timings() {
  return {.slot_request_timeout_ms = 60'000,
          .cancellation_timeout_ms = 5'000,
          .lease_ms = kLeaseMs,
          .worker_end_ms = 500,
          .heartbeat_interval_ms = 300,
          .heartbeat_timeout_ms = 1'500,
          .exit_report_wait_ms = 300,
          .shutdown_grace_ms = 500};
}

}  // namespace

class SimulatedCluster::Jobs final : public worker::JobLoader {
 public:
  void Set(std::shared_ptr<const internal::CompiledJob> job) { job_ = std::move(job); }
  const internal::CompiledJob& job() const { return *job_; }
  Result<std::shared_ptr<const internal::CompiledJob>> Load(const std::string&,
                                                            internal::JobInputs) override {
    return job_;
  }

 private:
  std::shared_ptr<const internal::CompiledJob> job_;
};

class SimulatedCluster::JobManagerProcess {
 public:
  explicit JobManagerProcess(SimulatedCluster& cluster)
      : cluster_(cluster),
        files_(cluster.disk_, FaultInjectingFileSystem::Syncs::kPassed),
        loop_(cluster.time_),
        blocking_(cluster.time_, [&cluster] { return cluster.faults_.Disk(cluster.time_); }),
        store_(files_, cluster.directory_.path() + "/metadata",
               ha::FileMetadataStore::kMostResults) {
    files_.SetHook(cluster.worker_surroundings_.disk_faults);
  }
  // It has died: nothing that it does at its end reaches anybody.
  ~JobManagerProcess() {
    files_.DieAfter(0);
    cluster_.sessions_.StopListening();
    manager_.reset();
  }

  Status Start() {
    proto::LeaderRecord leader;
    leader.set_lease_ms(Timings().lease_ms);
    WEIR_RETURN_IF_ERROR(store_.Open(std::move(leader)));
    jobmanager::JobManagerOptions options;
    options.timings = Timings();
    options.plugin_directory = "/plugins";
    manager_ = std::make_unique<jobmanager::JobManager>(
        jobmanager::JobManagerWorld{.loop = loop_,
                                    .blocking = blocking_,
                                    .clock = cluster_.time_.clock(),
                                    .random = cluster_.time_.random(),
                                    .files = files_,
                                    .describer = describer_,
                                    .metadata = store_,
                                    .on_leadership_lost =
                                        [this](const Status& reason) {
                                          cluster_.history_.Note("leadership lost: " +
                                                                 reason.message());
                                        }},
        options);
    WEIR_RETURN_IF_ERROR(manager_->Open());
    cluster_.sessions_.Listen(manager_->sessions());
    return Status::Ok();
  }

  jobmanager::JobManager& manager() { return *manager_; }
  FaultInjectingFileSystem& files() { return files_; }

 private:
  SimulatedCluster& cluster_;
  FaultInjectingFileSystem files_;
  SimulatedLoop loop_;
  SimulatedLoop blocking_;
  NoDescriber describer_;
  ha::FileMetadataStore store_;
  std::unique_ptr<jobmanager::JobManager> manager_;
};

SimulatedCluster::SimulatedCluster(SimulatedTime& time, History& history, OutsideWorld& outside,
                                   const FaultLevels& faults)
    : time_(time),
      history_(history),
      faults_(faults),
      directory_(MakeDirectory()),
      sessions_(time, history, [this] { return faults_.Message(time_); }),
      data_(time, [this] { return faults_.Message(time_); }),
      job_surroundings_{
          .time = time,
          .outside = outside,
          .snapshot_fails =
              [this] { return faults_.on && time_.Chance(faults_.snapshot_errors_of_1000, 1000); },
          .outside_latency = [this] { return faults_.Disk(time_); }},
      jobs_(std::make_unique<Jobs>()),
      worker_surroundings_{
          .time = time,
          .history = history,
          .sessions = sessions_,
          .data = data_,
          .disk = disk_,
          .jobs = *jobs_,
          .disk_faults = [this](const FileOperation& operation) -> Status {
            if (!faults_.on || !time_.Chance(faults_.disk_errors_of_10000, 10'000)) {
              return Status::Ok();
            }
            // Folders outside of the simulation have other names in each run.
            const std::string name = operation.path.substr(operation.path.rfind('/') + 1);
            history_.Note("the disk fails at " + name);
            return Status::IoError("the disk fails at " + name);
          },
          .speeds = {.pooled_work = [this] { return faults_.Disk(time_); },
                     .turn = [this] { return faults_.Turn(time_); }}} {
  // Failures on the way are the simulation's own: these folders are made before it begins.
  const auto make = [this](const std::string& path) {
    if (!disk_.CreateDirectories(path).ok()) std::abort();
  };
  make(checkpoint_directory_);
  make(directory_.path() + "/metadata");
  disk_.SyncAll();
  if (!LocalFileSystem().CreateDirectories(directory_.path() + "/metadata").ok()) std::abort();
}

SimulatedCluster::~SimulatedCluster() {
  task_managers_.clear();
  job_manager_.reset();
}

void SimulatedCluster::StartJobManager() {
  auto process = std::make_unique<JobManagerProcess>(*this);
  job_surroundings_.outside.NextLeader();
  const Status started = process->Start();
  history_.Note("JobManager starts: " + started.ToString());
  if (started.ok()) job_manager_ = std::move(process);
}

void SimulatedCluster::KillJobManager() {
  history_.Note("JobManager is gone");
  job_ended_ |= JobState() == "FINISHED";
  job_manager_.reset();
}

void SimulatedCluster::KillJobManagerAtDisk(std::uint64_t changes) {
  history_.Note("JobManager will die at change " + std::to_string(changes) + " of the disk");
  job_manager_->files().DieAfter(changes);
}

void SimulatedCluster::LosePower() {
  history_.Note("the power is lost");
  if (has_job_manager()) KillJobManager();
  while (!task_managers_.empty()) KillTaskManager(std::string(task_managers_.begin()->first));
  disk_.LosePower(time_);
  if (!job_ended_ && on_power_lost) on_power_lost();
}

void SimulatedCluster::SpareProcesses() {
  if (job_manager_ != nullptr) job_manager_->files().DieAfter(std::nullopt);
  for (SimulatedWorker* const worker : Workers()) worker->DieAtDisk(std::nullopt);
}

void SimulatedCluster::StartTaskManager(const std::string& id, std::uint32_t slots) {
  history_.Note("TaskManager " + id + " starts");
  task_managers_[id] = std::make_unique<SimulatedTaskManager>(worker_surroundings_, id, slots);
}

void SimulatedCluster::KillTaskManager(const std::string& id) {
  history_.Note("TaskManager " + id + " is gone");
  task_managers_.erase(id);
}

void SimulatedCluster::StopTaskManager(const std::string& id) {
  history_.Note("TaskManager " + id + " is asked to stop");
  task_managers_.at(id)->Leave();
}

void SimulatedCluster::Submit(const JobShape& shape,
                              const std::map<std::string, std::string>& settings,
                              const std::string& initial_checkpoint) {
  job_id_ = std::string(31, '0') + std::to_string(++jobs_submitted_);
  job_ended_ = false;
  jobs_->Set(MakeNumberedJob(shape, job_surroundings_));
  jobmanager::JobSubmission submission;
  submission.job_id = job_id_;
  submission.entry = "numbers";
  submission.checkpoint_start.initial_path = initial_checkpoint;
  worker::ToProto(jobs_->job().graph(), &submission.graph);
  submission.plugin.set_abi_number(1);
  Configuration configuration;
  for (const auto& [key, value] : settings) {
    const Status set = configuration.Set(key, value, "the simulation");
    if (!set.ok()) {
      history_.Note(set.ToString());
      std::abort();
    }
  }
  submission.configuration = jobmanager::JobSettingsOf(configuration);
  job_manager_->manager().Submit(
      std::move(submission), configuration,
      [this](const Status& status) { history_.Note("submitted: " + status.ToString()); });
}

void SimulatedCluster::CancelJob() {
  const Status canceled = job_manager_->manager().jobs().Cancel(job_id_);
  history_.Note("canceled: " + canceled.ToString());
}

std::string SimulatedCluster::JobState() const {
  if (job_manager_ == nullptr) return "";
  jobmanager::JobRegistry& jobs = job_manager_->manager().jobs();
  if (const jobmanager::JobMaster* const job = jobs.Find(job_id_)) return ToString(job->state());
  const jobmanager::ArchivedJob* const archived = jobs.FindArchived(job_id_);
  return archived == nullptr ? "" : archived->details.summary.state;
}

std::string SimulatedCluster::Why() const {
  if (job_manager_ == nullptr) return "there is no JobManager";
  const jobmanager::JobMaster* const job = job_manager_->manager().jobs().Find(job_id_);
  if (job == nullptr) return "the JobManager does not run the job";
  std::string why = job->StatusDetails();
  for (const jobmanager::JobFailure& failure : job->exceptions().entries()) {
    why += "; " + failure.status.message();
    break;
  }
  return why;
}

std::vector<SimulatedWorker*> SimulatedCluster::Workers() {
  std::vector<SimulatedWorker*> workers;
  for (const auto& [id, task_manager] : task_managers_) {
    for (SimulatedWorker* const worker : task_manager->Workers()) workers.push_back(worker);
  }
  return workers;
}

void SimulatedCluster::ReapProcesses() {
  if (job_manager_ != nullptr && job_manager_->files().dead()) KillJobManager();
  std::erase_if(task_managers_, [](const auto& entry) { return entry.second->has_left(); });
  for (SimulatedWorker* const worker : Workers()) {
    if (worker->dead_at_disk()) {
      worker->Kill(9);
    } else {
      worker->Wake();
    }
  }
}

bool SimulatedCluster::RunUntil(std::int64_t until_ns, const std::function<bool()>& done) {
  while (!done()) {
    if (!time_.RunNext(until_ns)) return done();
    ReapProcesses();
  }
  return true;
}

}  // namespace weir::simulation
