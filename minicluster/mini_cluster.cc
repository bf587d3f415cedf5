#include "minicluster/mini_cluster.h"

#include <future>
#include <optional>
#include <utility>

#include <unistd.h>

#include <weir/internal/plugin.h>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/file_system.h"
#include "common/random.h"
#include "common/settings.h"
#include "common/temporary_directory.h"
#include "common/text.h"
#include "common/thread_event_loop.h"
#include "jobmanager/graph/job_graph_check.h"
#include "jobmanager/job_configuration.h"
#include "jobmanager/job_manager.h"
#include "minicluster/in_process_launcher.h"
#include "minicluster/in_process_sessions.h"
#include "minicluster/job_table.h"
#include "taskmanager/network/data_port.h"
#include "taskmanager/supervisor/task_manager.h"
#include "taskmanager/worker/job_graph_conversion.h"

namespace weir::minicluster {
namespace {

// How often WaitForEnd() asks, as a client of the REST API would.
constexpr std::int64_t kAskAgainMillis = 5;
constexpr std::int64_t kStopGraceMillis = 5'000;

// Jobs come as objects; nobody asks for a description.
class NoDescriber final : public jobmanager::JobDescriber {
 public:
  std::vector<std::uint32_t> abi_numbers() const override { return {}; }
  void Describe(const jobmanager::DescribeRequest&, Callback callback) override {
    callback(Status(StatusCode::kUnsupported,
                    "a MiniCluster runs jobs of its own program, not plugins"));
  }
};

// Nothing to fetch: the job is in the JobTable.
class NoPlugins final : public supervisor::PluginSource {
 public:
  Result<std::string> Fetch(const std::string&, std::uint64_t) override { return std::string(); }
};

// Runs `function` on the loop and waits for what it returns.
template <class Function>
auto OnLoop(EventLoop& loop, Function function) -> decltype(function()) {
  std::promise<decltype(function())> promise;
  auto future = promise.get_future();
  loop.Post([&] {
    if constexpr (std::is_void_v<decltype(function())>) {
      function();
      promise.set_value();
    } else {
      promise.set_value(function());
    }
  });
  return future.get();
}

}  // namespace

// One TaskManager with its threads.
class LocalTaskManager {
 public:
  LocalTaskManager(std::string id, const MiniClusterOptions& options, InProcessSessions& sessions,
                   JobTable& jobs)
      : id_(std::move(id)),
        cluster_id_(options.configuration.Get(settings::kHighAvailabilityClusterId)),
        slots_(options.slots_per_task_manager),
        sessions_(sessions),
        launcher_(id_, cluster_id_, options.configuration,
                  {.client = sessions, .jobs = jobs, .registry = registry_}) {}

  ~LocalTaskManager() {
    std::promise<void> stopped;
    loop_.Post([&] {
      if (!manager_) return stopped.set_value();
      manager_->Stop(kStopGraceMillis, [&] { stopped.set_value(); });
    });
    stopped.get_future().wait();
    loop_.Stop();
    blocking_.Stop();
  }

  Status Start(std::int64_t stuck_threshold_ms) {
    loop_.Start();
    blocking_.Start();
    WEIR_ASSIGN_OR_RETURN(data_port_,
                          network::DataPort::Open({.cluster_id = cluster_id_}, registry_));
    loop_.Post([this, stuck_threshold_ms] {
      manager_.emplace(
          supervisor::TaskManagerOptions{.task_manager_id = id_,
                                         .cluster_id = cluster_id_,
                                         .host = "127.0.0.1",
                                         .data_port = data_port_->port(),
                                         .slot_count = slots_,
                                         .process_id = ::getpid(),
                                         .stuck_threshold_ms = stuck_threshold_ms},
          supervisor::TaskManagerWorld{.loop = loop_,
                                       .clock = SystemClock(),
                                       .client = sessions_,
                                       .launcher = launcher_,
                                       .plugins = no_plugins_,
                                       .blocking = blocking_},
          [](const Status& reason) {
            ComponentLogger("minicluster").Error("a TaskManager was refused: ", reason.message());
          });
      manager_->Start();
    });
    return Status::Ok();
  }

 private:
  const std::string id_;
  const std::string cluster_id_;
  const std::uint32_t slots_;
  InProcessSessions& sessions_;
  network::WorkerRegistry registry_;
  InProcessLauncher launcher_;
  NoPlugins no_plugins_;
  std::unique_ptr<network::DataPort> data_port_;
  ThreadEventLoop loop_{"taskmanager"};
  ThreadEventLoop blocking_{"tm-blocking"};
  std::optional<supervisor::TaskManager> manager_;  // loop_'s thread
};

class MiniCluster::Parts {
 public:
  Parts(MiniClusterOptions options, TemporaryDirectory directory)
      : options_(std::move(options)),
        directory_(std::move(directory)),
        manager_({.loop = loop_,
                  .blocking = blocking_,
                  .clock = SystemClock(),
                  .random = SystemRandom(),
                  .files = LocalFileSystem(),
                  .describer = describer_},
                 jobmanager::JobManagerOptions::FromConfiguration(options_.configuration,
                                                                  directory_.path())),
        sessions_(loop_, manager_.sessions()) {
    loop_.Start();
    blocking_.Start();
  }

  ~Parts() {
    std::promise<void> stopped;
    manager_.Stop([&] { stopped.set_value(); });
    stopped.get_future().wait();
    task_managers_.clear();
    loop_.Stop();
    blocking_.Stop();
  }

  Status Start() {
    WEIR_RETURN_IF_ERROR(manager_.Open());
    const std::int64_t stuck_threshold_ms =
        options_.configuration.Get(settings::kTaskStuckThreshold).count();
    for (std::uint32_t i = 0; i < options_.task_managers; ++i) {
      task_managers_.push_back(std::make_unique<LocalTaskManager>(Concat("taskmanager-", i + 1),
                                                                  options_, sessions_, jobs_));
      WEIR_RETURN_IF_ERROR(task_managers_.back()->Start(stuck_threshold_ms));
    }
    return WaitUntil([this] {
      return manager_.jobs().resources().task_managers().size() == options_.task_managers;
    });
  }

  Result<std::string> Submit(std::shared_ptr<const internal::CompiledJob> job,
                             const std::map<std::string, std::string>& settings) {
    jobmanager::JobSubmission submission;
    submission.job_id = RandomHexId(SystemRandom());
    submission.entry = submission.job_id;
    worker::ToProto(job->graph(), &submission.graph);
    submission.plugin.set_abi_number(internal::kAbiNumber);
    WEIR_RETURN_IF_ERROR(jobmanager::CheckJobGraph(submission.graph));
    Configuration configuration = options_.configuration;
    WEIR_RETURN_IF_ERROR(jobmanager::AddJobSettings(settings, "the submission", configuration));
    WEIR_RETURN_IF_ERROR(jobmanager::AddJobSettings(
        job->graph().configuration, Concat("job '", job->graph().name, "'"), configuration));
    submission.configuration = jobmanager::JobSettingsOf(configuration);
    const std::string job_id = submission.job_id;
    jobs_.Add(job_id, std::move(job));
    const Status status =
        OnLoop(loop_, [&] { return manager_.jobs().Submit(std::move(submission), configuration); });
    if (!status.ok()) {
      jobs_.Remove(job_id);
      return status;
    }
    return job_id;
  }

  Result<JobExecutionResult> WaitForEnd(const std::string& job_id) {
    const bool known = OnLoop(loop_, [&] {
      return manager_.jobs().Find(job_id) != nullptr ||
             manager_.jobs().FindArchived(job_id) != nullptr;
    });
    if (!known) return Status::NotFound(Concat("no job ", job_id));
    WEIR_RETURN_IF_ERROR(
        WaitUntil([&] { return manager_.jobs().FindArchived(job_id) != nullptr; }));
    jobs_.Remove(job_id);
    return OnLoop(loop_, [&] { return ResultOf(*manager_.jobs().FindArchived(job_id)); });
  }

  rest::ClusterControl& control() { return manager_; }

 private:
  static JobExecutionResult ResultOf(const jobmanager::ArchivedJob& job) {
    const rest::JobSummary& summary = job.details.summary;
    JobExecutionResult result{.job_id = summary.id,
                              .final_state = summary.state,
                              .failure = Status::Ok(),
                              .duration_ms = summary.end_time_ms - summary.start_time_ms,
                              .accumulators = {}};
    if (summary.state != "FINISHED") {
      const auto& failures = job.exceptions.entries;
      result.failure = failures.empty() ? Status(StatusCode::kCanceled, "the job was canceled")
                                        : Status::UserError(failures.front().stacktrace);
    }
    for (const rest::AccumulatorInfo& accumulator : job.accumulators) {
      if (const auto value = ParseDouble(accumulator.value); value.ok()) {
        result.accumulators[accumulator.name] = *value;
      }
    }
    return result;
  }

  // Blocks until `condition`, asked on the loop, holds.
  template <class Condition>
  Status WaitUntil(Condition condition) {
    std::promise<void> reached;
    std::function<void()> ask = [&] {
      if (condition()) return reached.set_value();
      loop_.Schedule(kAskAgainMillis, ask);
    };
    loop_.Post(ask);
    reached.get_future().wait();
    return Status::Ok();
  }

  const MiniClusterOptions options_;
  const TemporaryDirectory directory_;
  ThreadEventLoop loop_{"jobmanager"};
  ThreadEventLoop blocking_{"jm-blocking"};
  NoDescriber describer_;
  JobTable jobs_;
  jobmanager::JobManager manager_;
  InProcessSessions sessions_;
  std::vector<std::unique_ptr<LocalTaskManager>> task_managers_;
};

Result<std::unique_ptr<MiniCluster>> MiniCluster::Start(MiniClusterOptions options) {
  WEIR_ASSIGN_OR_RETURN(TemporaryDirectory directory,
                        TemporaryDirectory::Create("weir-minicluster-"));
  auto parts = std::make_unique<Parts>(std::move(options), std::move(directory));
  WEIR_RETURN_IF_ERROR(parts->Start());
  return std::unique_ptr<MiniCluster>(new MiniCluster(std::move(parts)));
}

MiniCluster::MiniCluster(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
MiniCluster::~MiniCluster() = default;

Result<std::string> MiniCluster::Submit(std::shared_ptr<const internal::CompiledJob> job,
                                        const std::map<std::string, std::string>& settings) {
  return parts_->Submit(std::move(job), settings);
}

Result<JobExecutionResult> MiniCluster::WaitForEnd(const std::string& job_id) {
  return parts_->WaitForEnd(job_id);
}

rest::ClusterControl& MiniCluster::control() {
  return parts_->control();
}

}  // namespace weir::minicluster
