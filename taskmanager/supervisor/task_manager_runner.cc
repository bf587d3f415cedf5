#include "taskmanager/supervisor/task_manager_runner.h"

#include <cstdio>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <unistd.h>

#include "common/clock.h"
#include "common/exit_status.h"
#include "common/file_system.h"
#include "common/logging.h"
#include "common/process_spawner.h"
#include "common/process_statistics.h"
#include "common/random.h"
#include "common/server_process.h"
#include "common/settings.h"
#include "common/socket_address.h"
#include "common/text.h"
#include "common/thread_event_loop.h"
#include "common/worker_programs.h"
#include "taskmanager/network/data_port.h"
#include "taskmanager/network/descriptor_passing.h"
#include "taskmanager/network/worker_registry.h"
#include "taskmanager/scratch/scratch_folder.h"
#include "taskmanager/session/grpc_job_manager_client.h"
#include "taskmanager/supervisor/container_limits.h"
#include "taskmanager/supervisor/plugin_cache.h"
#include "taskmanager/supervisor/process_worker_launcher.h"
#include "taskmanager/supervisor/task_manager.h"

namespace weir::supervisor {
namespace {

// How long workers have to end when this process is asked to: what a service manager allows by
// default is longer.
constexpr std::int64_t kStopGraceMillis = 5'000;

std::string JobManagerAddress(const Configuration& configuration) {
  return SocketAddress{
      .host = configuration.Get(settings::kJobManagerRpcAddress),
      .port = static_cast<std::uint16_t>(configuration.Get(settings::kJobManagerRpcPort))}
      .ToString();
}

TaskManagerOptions OptionsFrom(const Configuration& configuration, const MachineResources& machine,
                               const std::string& host, std::uint16_t data_port) {
  TaskManagerOptions options{
      .task_manager_id = configuration.Find(settings::kTaskManagerId)
                             .value_or("tm-" + RandomHexId(SystemRandom(), 8)),
      .cluster_id = configuration.Get(settings::kHighAvailabilityClusterId),
      .host = host,
      .data_port = data_port,
      .slot_count = static_cast<std::uint32_t>(configuration.Get(settings::kTaskManagerSlots)),
      .cpu_cores = static_cast<std::uint32_t>(machine.usable_cores()),
      .memory_bytes = static_cast<std::uint64_t>(machine.usable_memory_bytes()),
      .process_id = ::getpid(),
      .stuck_threshold_ms = configuration.Get(settings::kTaskStuckThreshold).count()};
  if (const auto size = configuration.Find(settings::kTaskManagerMemoryProcessSize)) {
    options.memory_bytes = static_cast<std::uint64_t>(size->bytes);
  }
  return options;
}

// Everything of the process.
class Runner {
 public:
  Runner(const Configuration& configuration, const MachineResources& machine, std::string directory,
         TerminationSignals& signals)
      : configuration_(configuration),
        machine_(machine),
        directory_(std::move(directory)),
        signals_(signals) {}

  Status Run() {
    WEIR_RETURN_IF_ERROR(OpenDataPort());
    const auto programs = FindWorkerPrograms(FolderOfThisProgram());
    if (programs.empty()) {
      return Status::NotFound(
          Concat("no lib/weir/abi-<N>/weir-worker is installed beside ", FolderOfThisProgram()));
    }
    const TaskManagerOptions options =
        OptionsFrom(configuration_, machine_, host_, data_port_->port());
    WEIR_ASSIGN_OR_RETURN(const Configuration worker_configuration, WorkerConfiguration());
    client_ = session::ConnectToJobManager(JobManagerAddress(configuration_));
    launcher_.emplace(LauncherOptions(options, programs, worker_configuration), spawner_,
                      SystemClock(), Hooks());
    plugins_.emplace(directory_ + "/plugins", LocalFileSystem(), *client_);
    loop_.Start();
    blocking_.Start();
    manager_.emplace(options,
                     TaskManagerWorld{.loop = loop_,
                                      .clock = SystemClock(),
                                      .client = *client_,
                                      .launcher = *launcher_,
                                      .plugins = *plugins_,
                                      .blocking = blocking_},
                     [this](Status reason) {
                       fatal_ = std::move(reason);
                       signals_.Request();
                     });
    log_.Info("TaskManager ", options.task_manager_id, " with ", options.slot_count,
              " slots, data port ", host_, ":", data_port_->port(), ", JobManager ",
              client_->address());
    loop_.Post([this] { manager_->Start(); });
    const int signal = signals_.Wait();
    if (signal != 0) log_.Info("stopping: ", SignalName(signal));
    StopManager();
    return fatal_;
  }

 private:
  Status OpenDataPort() {
    const std::string bind_host = configuration_.Get(settings::kTaskManagerBindHost);
    WEIR_RETURN_IF_ERROR(CheckBindHost(configuration_, settings::kTaskManagerBindHost, bind_host));
    WEIR_ASSIGN_OR_RETURN(host_, AdvertisedHost(configuration_));
    WEIR_ASSIGN_OR_RETURN(
        data_port_,
        network::DataPort::Open(
            {.bind_host = bind_host,
             .port = static_cast<std::uint16_t>(configuration_.Get(settings::kTaskManagerDataPort)),
             .cluster_id = configuration_.Get(settings::kHighAvailabilityClusterId)},
            registry_));
    return Status::Ok();
  }

  ProcessWorkerOptions LauncherOptions(const TaskManagerOptions& options,
                                       const std::map<std::uint32_t, std::string>& programs,
                                       const Configuration& worker_configuration) const {
    return {
        .programs = programs,
        .job_manager_address = client_->address(),
        .task_manager_id = options.task_manager_id,
        .cluster_id = options.cluster_id,
        .data_host = host_,
        .log_directory = configuration_.Find(settings::kLogDirectory).value_or(directory_ + "/log"),
        .configuration = worker_configuration,
        .first_lease_ms = configuration_.Get(settings::kJobManagerWorkerLeaseDuration).count()};
  }

  // With a folder for the state of running jobs, in which nothing is left of workers that ended
  // with an earlier TaskManager.
  Result<Configuration> WorkerConfiguration() const {
    Configuration result = configuration_;
    if (!result.IsSet(settings::kRocksDbLocalDirectory)) {
      WEIR_RETURN_IF_ERROR(result.Set(settings::kRocksDbLocalDirectory, directory_ + "/state"));
    }
    WEIR_ASSIGN_OR_RETURN(
        const std::vector<std::string> removed,
        scratch::ScratchFolder::RemoveLeftovers(result.Get(settings::kRocksDbLocalDirectory)));
    for (const std::string& path : removed) log_.Info("removed what a dead worker left: ", path);
    return result;
  }

  DataPortHooks Hooks() {
    return {.register_worker = [this](const std::string& worker_id) -> Result<UniqueFd> {
              WEIR_ASSIGN_OR_RETURN(network::DescriptorPair pair, network::MakeDescriptorPair());
              registry_.Register(worker_id, network::DescriptorSender::AsTarget(
                                                std::make_shared<network::DescriptorSender>(
                                                    std::move(pair.task_manager_end))));
              return std::move(pair.worker_end);
            },
            .unregister_worker =
                [this](const std::string& worker_id) { registry_.Unregister(worker_id); }};
  }

  void StopManager() {
    std::promise<void> stopped;
    loop_.Post([this, &stopped] {
      manager_->Stop(kStopGraceMillis, [&stopped] { stopped.set_value(); });
    });
    stopped.get_future().wait();
    blocking_.Stop();
    loop_.Stop();
  }

  const Configuration& configuration_;
  const MachineResources machine_;
  const std::string directory_;
  TerminationSignals& signals_;
  const ComponentLogger log_{"taskmanager"};
  std::string host_;
  Status fatal_;
  network::WorkerRegistry registry_;
  ProcessSpawner spawner_;
  ThreadEventLoop loop_{"taskmanager"};
  ThreadEventLoop blocking_{"blocking"};
  std::unique_ptr<network::DataPort> data_port_;
  std::unique_ptr<session::JobManagerClient> client_;
  std::optional<ProcessWorkerLauncher> launcher_;
  std::optional<PluginCache> plugins_;
  std::optional<TaskManager> manager_;
};

int Report(const Status& status, int exit_code) {
  std::fprintf(stderr, "weir-taskmanager: %s\n", status.message().c_str());
  return exit_code;
}

}  // namespace

int RunTaskManager(ConfigurationSources sources) {
  TerminationSignals signals;
  auto configuration = LoadServerConfiguration(std::move(sources));
  if (!configuration.ok()) return Report(configuration.status(), 2);
  auto machine = ReadMachineResources();
  if (machine.ok()) {
    if (const Status status = ApplyContainerLimits(*machine, *configuration); !status.ok()) {
      return Report(status, 2);
    }
  }
  if (const Status status = ConfigureServerLogging(*configuration, "weir-taskmanager");
      !status.ok()) {
    return Report(status, 2);
  }
  const MachineResources known = ResourcesOrWarning(std::move(machine));
  std::optional<WorkingDirectory> directory;
  if (auto opened = WorkingDirectory::Open(*configuration, "weir-taskmanager"); opened.ok()) {
    directory = *std::move(opened);
  } else {
    return Report(opened.status(), 2);
  }
  // Never taken down: gRPC's threads may still be handling the end of the last stream.
  auto* const runner = new Runner(*configuration, known, directory->path(), signals);
  const Status status = runner->Run();
  directory.reset();
  EndServerProcess(status.ok() ? 0 : Report(status, 1));
}

}  // namespace weir::supervisor
