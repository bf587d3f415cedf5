// The simulated cluster's JobManager: started, killed, asked for its jobs.
#include <cstdlib>
#include <utility>

#include "common/file_system.h"
#include "common/text.h"
#include "jobmanager/job_configuration.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {

void SimulatedCluster::StartJobManager(bool reconnect) {
  ++generation_;
  JobManagerOptions options;
  options.timings = timings_;
  options.plugin_directory = directory_.path() + "/plugins";
  if (metadata_ == Metadata::kFile) {
    store_ = std::make_unique<ha::FileMetadataStore>(metadata_files_, metadata_directory_,
                                                     ha::FileMetadataStore::kMostResults);
    proto::LeaderRecord leader;
    leader.set_lease_ms(timings_.lease_ms);
    if (!store_->Open(std::move(leader)).ok()) std::abort();
  }
  ha::MetadataStore& metadata = store_ ? *store_ : ha::NoMetadataStore();
  manager_ = std::make_unique<JobManager>(
      JobManagerWorld{.loop = loop_,
                      .blocking = loop_,
                      .clock = clock_,
                      .random = random_,
                      .files = LocalFileSystem(),
                      .describer = describer_,
                      .metadata = metadata,
                      .on_leadership_lost =
                          [this](const Status& reason) { leadership_lost.push_back(reason); }},
      options);
  if (!manager_->Open().ok()) std::abort();
  if (!reconnect) return;
  loop_.Schedule(250, [this, generation = generation_] {
    if (generation != generation_) return;
    for (auto& [id, task_manager] : task_managers_) {
      if (task_manager.alive && task_manager.session == nullptr) Register(task_manager);
      for (const auto& [worker_id, worker] : task_manager.workers) {
        if (worker->alive && worker->session == nullptr) Connect(worker);
      }
    }
  });
}

void SimulatedCluster::KillJobManager() {
  ++generation_;
  manager_.reset();
  store_.reset();
  for (auto& [id, task_manager] : task_managers_) {
    task_manager.session = nullptr;
    for (const auto& [worker_id, worker] : task_manager.workers) {
      worker->session = nullptr;
      loop_.Schedule(timings_.lease_ms, [this, worker] {
        if (worker->session == nullptr) EndWorker(worker, 15);
      });
    }
  }
}

void SimulatedCluster::DeliverToServer(std::function<void()> function, std::int64_t& last_due_ms) {
  Deliver(
      [this, generation = generation_, function = std::move(function)] {
        if (generation == generation_) function();
      },
      last_due_ms);
}

JobMaster& SimulatedCluster::Submit(proto::JobGraph graph,
                                    const std::map<std::string, std::string>& settings) {
  JobSubmission submission;
  submission.job_id = Concat(std::string(28, '0'), 1000 + ++jobs_);
  submission.entry = "job";
  submission.graph = std::move(graph);
  Configuration configuration;
  for (const auto& [key, value] : settings) {
    if (!configuration.Set(key, value).ok()) std::abort();
  }
  const std::string id = submission.job_id;
  if (metadata_ == Metadata::kNone) {
    if (!manager_->jobs().Submit(std::move(submission), configuration).ok()) std::abort();
    return *job(id);
  }
  submission.configuration = JobSettingsOf(configuration);
  Status submitted = Status::Internal("not answered");
  manager_->Submit(std::move(submission), configuration,
                   [&](Status status) { submitted = std::move(status); });
  loop_.RunUntilIdle();
  if (!submitted.ok()) std::abort();
  return *job(id);
}

std::string SimulatedCluster::StateOf(const std::string& id) {
  if (const JobMaster* const running = job(id)) return ToString(running->state());
  const ArchivedJob* const archived = manager_->jobs().FindArchived(id);
  return archived == nullptr ? "" : archived->details.summary.state;
}

std::vector<std::string> SimulatedCluster::ExceptionsOf(const std::string& id) {
  std::vector<std::string> messages;
  if (const JobMaster* const running = job(id)) {
    for (const JobFailure& failure : running->exceptions().entries()) {
      messages.push_back(failure.status.message());
    }
    return messages;
  }
  if (const ArchivedJob* const archived = manager_->jobs().FindArchived(id)) {
    for (const rest::ExceptionEntry& entry : archived->exceptions.entries) {
      messages.push_back(entry.stacktrace);
    }
  }
  return messages;
}

}  // namespace weir::jobmanager
