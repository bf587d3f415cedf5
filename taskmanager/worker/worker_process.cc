#include "taskmanager/worker/worker_process.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include <weir/status.h>

#include "common/clock.h"
#include "common/exit_status.h"
#include "common/logging.h"
#include "common/process_lifetime.h"
#include "common/server_process.h"
#include "common/settings.h"
#include "common/system_error.h"
#include "common/thread_event_loop.h"
#include "taskmanager/network/descriptor_passing.h"
#include "taskmanager/network/tcp_data_plane.h"
#include "taskmanager/session/grpc_job_manager_client.h"
#include "taskmanager/task/inherited_descriptors.h"
#include "taskmanager/task/slot_page.h"
#include "taskmanager/worker/crash_handler.h"
#include "taskmanager/worker/job_loader.h"
#include "taskmanager/worker/worker.h"
#include "taskmanager/worker/worker_settings.h"

namespace weir::worker {
namespace {

// How long user code may take to return when the process ends; the supervisor's SIGKILL comes
// later.
constexpr std::chrono::seconds kEndTimeout{3};

enum ExitCode : int { kInOrder = 0, kFailed = 1, kDidNotReturn = 3 };

Result<void*> MapSlotPage(std::uint32_t slots, std::uint32_t floating_entries) {
  const std::size_t size = task::SlotPageSize(slots, floating_entries);
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, task::kSlotPageDescriptor, 0);
  if (memory == MAP_FAILED)
    return SystemError("the slot page handed down by the TaskManager", errno);
  return memory;
}

// Everything of the process. Ends by _exit, so nothing but the worker itself is ever taken down.
class WorkerProcess {
 public:
  WorkerProcess(WorkerProcessOptions options, Configuration configuration,
                TerminationSignals& signals)
      : options_(std::move(options)), configuration_(std::move(configuration)), signals_(signals) {}

  Status Start() {
    client_ = session::ConnectToJobManager(options_.job_manager_address);
    jobs_ = std::make_unique<PluginJobLoader>(options_.plugin_path);
    loop_.Start();
    blocking_.Start();
    WorkerWorld world{.loop = loop_,
                      .blocking = blocking_,
                      .clock = SystemClock(),
                      .client = *client_,
                      .jobs = *jobs_,
                      .floating_entries = options_.floating_entries};
    if (options_.identity.role == WorkerRole::kWorker) {
      WEIR_ASSIGN_OR_RETURN(world.slot_page,
                            MapSlotPage(options_.slots.count, options_.floating_entries));
      OpenDataPlane();
      world.data_plane = data_plane_.get();
    }
    WorkerOptions worker_options{
        .identity = options_.identity,
        .engine = EngineOptionsOf(options_.identity, options_.slots, configuration_),
        .subtasks_restart = SubtasksRestart(configuration_),
        .first_lease_ms = options_.first_lease_ms};
    loop_.Post([this, worker_options, world] {
      worker_ = std::make_unique<Worker>(worker_options, world, [this](const Status& reason) {
        ended_ = reason;
        signals_.Request();
      });
      worker_->Start();
    });
    return Status::Ok();
  }

  // Waits for the end; returns the exit code.
  int Run() {
    const int signal = signals_.Wait();
    std::promise<Status> gone;
    loop_.Post([this, &gone] {
      worker_.reset();
      gone.set_value(ended_);
    });
    auto result = gone.get_future();
    if (result.wait_for(kEndTimeout) != std::future_status::ready) {
      log_.Error("user code did not return within ", kEndTimeout.count(),
                 " s: ending the process without it");
      return kDidNotReturn;
    }
    const Status reason = result.get();
    if (!reason.ok()) log_.Error("ending: ", reason.message());
    if (signal != 0) log_.Info("ended by ", SignalName(signal));
    return reason.ok() ? kInOrder : kFailed;
  }

 private:
  void OpenDataPlane() {
    data_plane_ = std::make_unique<network::TcpDataPlane>(options_.identity.worker_id,
                                                          JobIdentityOf(options_.identity),
                                                          NetworkOptionsOf(configuration_));
    descriptors_ = std::make_unique<network::DescriptorReceiver>(
        UniqueFd(task::kDataSocketDescriptor),
        [this](UniqueFd connection, const network::Handshake& handshake) {
          data_plane_->AcceptConnection(std::move(connection), handshake);
        },
        [this](const Status&) {
          // The TaskManager is gone, and with it what supervises us.
          signals_.Request();
        });
  }

  const WorkerProcessOptions options_;
  const Configuration configuration_;
  TerminationSignals& signals_;
  const ComponentLogger log_{"worker"};
  ThreadEventLoop loop_{"worker"};
  ThreadEventLoop blocking_{"blocking"};
  std::unique_ptr<session::JobManagerClient> client_;
  std::unique_ptr<PluginJobLoader> jobs_;
  std::unique_ptr<network::TcpDataPlane> data_plane_;
  std::unique_ptr<network::DescriptorReceiver> descriptors_;
  std::unique_ptr<Worker> worker_;  // the loop's thread
  Status ended_;                    // the loop's thread
};

[[noreturn]] void Exit(int code) {
  FlushLogs();
  std::fflush(stdout);
  ::_exit(code);
}

[[noreturn]] void Fail(const Status& status) {
  std::fprintf(stderr, "weir-worker: %s\n", status.message().c_str());
  Exit(kFailed);
}

}  // namespace

int RunWorkerProcess(WorkerProcessOptions options) {
  if (const Status status = DieWithParent(options.parent_process_id); !status.ok()) Fail(status);
  TerminationSignals signals;
  const auto configuration = LoadServerConfiguration({});
  if (!configuration.ok()) Fail(configuration.status());
  // Standard error is this worker's log file.
  const Status logging = ConfigureLogging({.level = configuration->Get(settings::kLogLevel),
                                           .file = "",
                                           .format = configuration->Get(settings::kLogFormat)});
  if (!logging.ok()) Fail(logging);
  InstallCrashHandler();
  options.identity.process_id = ::getpid();
  WorkerProcess process(std::move(options), *configuration, signals);
  if (const Status status = process.Start(); !status.ok()) Fail(status);
  Exit(process.Run());
}

}  // namespace weir::worker
