#include "jobmanager/job_manager_runner.h"

#include <memory>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/event_loop.h"
#include "common/exit_status.h"
#include "common/file_system.h"
#include "common/logging.h"
#include "common/mutex.h"
#include "common/process_spawner.h"
#include "common/random.h"
#include "common/settings.h"
#include "common/socket_address.h"
#include "common/text.h"
#include "common/thread_event_loop.h"
#include "common/worker_programs.h"
#include "jobmanager/ha/open_metadata_store.h"
#include "jobmanager/job_manager.h"
#include "jobmanager/process_job_describer.h"
#include "jobmanager/rest/rest_server.h"
#include "jobmanager/rpc_server.h"

namespace weir::jobmanager {
namespace {

// Workers get this long to end in good order; then their lease or their TaskManager ends them.
constexpr std::int64_t kStopTimeoutMillis = 10'000;

// Everything of the process, in the order in which it must be taken down again.
class Runner {
 public:
  Runner(const RunnerOptions& options, WorkingDirectory directory, TerminationSignals& signals)
      : options_(options), directory_(std::move(directory)), signals_(signals) {}
  ~Runner() {
    if (rest_) rest_->Stop();
    if (rpc_) rpc_->Stop();
    loop_.Stop();
    blocking_.Stop();
  }

  Status Start() {
    const Configuration& configuration = options_.configuration;
    WEIR_RETURN_IF_ERROR(CheckBindHost(configuration, settings::kJobManagerBindHost,
                                       configuration.Get(settings::kJobManagerBindHost)));
    const std::string plugins = configuration.Find(settings::kWebUploadDirectory)
                                    .value_or(Concat(directory_.path(), "/uploads"));
    auto programs = FindWorkerPrograms(options_.program_directory);
    if (programs.empty()) {
      return Status::NotFound(Concat("no lib/weir/abi-<N>/weir-worker is installed beside ",
                                     options_.program_directory));
    }
    describer_.emplace(std::move(programs), spawner_, blocking_);
    WEIR_ASSIGN_OR_RETURN(metadata_,
                          ha::OpenMetadataStore(configuration, LocalFileSystem(), SystemClock()));
    manager_.emplace(
        JobManagerWorld{
            .loop = loop_,
            .blocking = blocking_,
            .clock = SystemClock(),
            .random = SystemRandom(),
            .files = LocalFileSystem(),
            .describer = *describer_,
            .metadata = metadata_ ? *metadata_ : ha::NoMetadataStore(),
            .on_leadership_lost = [this](const Status& reason) { OnLeadershipLost(reason); }},
        JobManagerOptions::FromConfiguration(configuration, plugins));
    WEIR_RETURN_IF_ERROR(manager_->Open());
    loop_.Start();
    blocking_.Start();
    rpc_.emplace(MakeJobManagerService(
        loop_, manager_->sessions(),
        [this](const std::string& content_hash) { return manager_->FindBlob(content_hash); }));
    WEIR_RETURN_IF_ERROR(
        rpc_->Start(configuration.Get(settings::kJobManagerBindHost),
                    static_cast<int>(configuration.Get(settings::kJobManagerRpcPort))));
    rest_.emplace(rest::RestServerOptions::FromConfiguration(configuration, plugins), *manager_,
                  SystemClock());
    WEIR_RETURN_IF_ERROR(rest_->Start());
    return Announce();
  }

  void Stop() {
    struct Waiter {
      Mutex mutex;
      CondVar changed;
      bool stopped WEIR_GUARDED_BY(mutex) = false;
    };
    const auto waiter = std::make_shared<Waiter>();
    manager_->Stop([waiter] {
      MutexLock lock(waiter->mutex);
      waiter->stopped = true;
      waiter->changed.SignalAll();
    });
    const std::int64_t deadline_ns =
        SystemClock().MonotonicNanos() + kStopTimeoutMillis * 1'000'000;
    MutexLock lock(waiter->mutex);
    while (!waiter->stopped && waiter->changed.WaitUntil(waiter->mutex, deadline_ns)) {
    }
    if (!waiter->stopped) log_.Warning("some workers did not end in time");
  }

  // Not OK once a later leader has the metadata store.
  Status leadership() {
    MutexLock lock(mutex_);
    return leadership_;
  }

 private:
  void OnLeadershipLost(const Status& reason) {
    {
      MutexLock lock(mutex_);
      leadership_ = reason.WithContext("this JobManager was replaced");
    }
    signals_.Request();
  }

  Status Announce() {
    const Configuration& configuration = options_.configuration;
    const std::string rpc_host = configuration.Get(settings::kJobManagerRpcAddress);
    const std::string rest_host = configuration.Find(settings::kRestAddress).value_or(rpc_host);
    const std::string rpc_address =
        SocketAddress{.host = rpc_host, .port = static_cast<std::uint16_t>(rpc_->port())}
            .ToString();
    const std::string rest_address =
        SocketAddress{.host = rest_host, .port = static_cast<std::uint16_t>(rest_->port())}
            .ToString();
    log_.Info("RPC at ", rpc_address, ", REST at http://", rest_address);
    if (options_.address_file.empty()) return Status::Ok();
    const nlohmann::json addresses = {{"rpc", rpc_address}, {"rest", rest_address}};
    return LocalFileSystem().WriteFileAtomically(options_.address_file, addresses.dump() + "\n",
                                                 FileDurability::kNone);
  }

  const RunnerOptions& options_;
  const WorkingDirectory directory_;
  TerminationSignals& signals_;
  Mutex mutex_;
  Status leadership_ WEIR_GUARDED_BY(mutex_);
  const ComponentLogger log_{"jobmanager"};
  ThreadEventLoop loop_{"jobmanager"};
  ThreadEventLoop blocking_{"jm-blocking"};
  ProcessSpawner spawner_;  // ends its children's callbacks before the loops go
  std::optional<ProcessJobDescriber> describer_;
  std::unique_ptr<ha::MetadataStore> metadata_;  // null: none
  std::optional<JobManager> manager_;
  std::optional<RpcServer> rpc_;
  std::optional<rest::RestServer> rest_;
};

}  // namespace

Status RunJobManager(const RunnerOptions& options, TerminationSignals& signals) {
  WEIR_ASSIGN_OR_RETURN(WorkingDirectory directory,
                        WorkingDirectory::Open(options.configuration, "jobmanager"));
  Runner runner(options, std::move(directory), signals);
  WEIR_RETURN_IF_ERROR(runner.Start());
  const int signal = signals.Wait();
  const Status leadership = runner.leadership();
  ComponentLogger("jobmanager")
      .Info("stopping: ", leadership.ok() ? SignalName(signal) : leadership.message());
  runner.Stop();
  return leadership;
}

}  // namespace weir::jobmanager
