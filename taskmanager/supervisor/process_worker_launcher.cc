#include "taskmanager/supervisor/process_worker_launcher.h"

#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include "common/configuration_loader.h"
#include "common/file_system.h"
#include "common/logging.h"
#include "common/mutex.h"
#include "common/process_statistics.h"
#include "common/settings.h"
#include "common/system_error.h"
#include "common/text.h"
#include "taskmanager/scratch/scratch_folder.h"
#include "taskmanager/supervisor/running_steps.h"
#include "taskmanager/task/inherited_descriptors.h"
#include "taskmanager/task/slot_page.h"

namespace weir::supervisor {
namespace {

constexpr std::size_t kLastOutputBytes = 4096;
// Above everything else: when memory runs out the kernel ends a worker, which costs a job one
// restart.
constexpr int kWorkerOomScoreAdjustment = 800;
// Threads of a worker that run user code beside its slots (Open, Close, parked calls).
constexpr std::uint32_t kFloatingEntries = 64;

// A child finds its inherited descriptors from 3 on (common/child_process.h).
static_assert(task::kDataSocketDescriptor == 3 && task::kSlotPageDescriptor == 4);

// Memory shared with one worker.
class SharedPage {
 public:
  static Result<std::shared_ptr<SharedPage>> Create(std::size_t size) {
    UniqueFd descriptor(::memfd_create("weir-slot-page", MFD_CLOEXEC));
    if (!descriptor.valid()) return SystemError("memfd_create", errno);
    if (::ftruncate(descriptor.get(), static_cast<off_t>(size)) != 0)
      return SystemError("ftruncate", errno);
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0);
    if (memory == MAP_FAILED) return SystemError("mmap", errno);
    return std::make_shared<SharedPage>(std::move(descriptor), memory, size);
  }

  SharedPage(UniqueFd descriptor, void* memory, std::size_t size)
      : descriptor_(std::move(descriptor)), memory_(memory), size_(size) {}
  ~SharedPage() { ::munmap(memory_, size_); }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  int descriptor() const { return descriptor_.get(); }

  std::vector<RunningStep> Read(std::int64_t now_ms) const {
    return ReadRunningSteps(memory_, size_, now_ms);
  }

 private:
  const UniqueFd descriptor_;
  void* const memory_;
  const std::size_t size_;
};

class WorkerProcess final : public RunningWorker {
 public:
  WorkerProcess(std::shared_ptr<ChildProcess> child, std::shared_ptr<SharedPage> page, Clock& clock)
      : child_(std::move(child)), page_(std::move(page)), clock_(clock) {}

  std::int32_t process_id() const override { return child_->pid(); }
  void Terminate() override { Signal(SIGTERM); }
  void Kill() override { Signal(SIGKILL); }
  std::vector<RunningStep> RunningSteps() const override {
    return page_->Read(clock_.MonotonicMillis());
  }
  Result<WorkerResources> Resources() const override {
    WEIR_ASSIGN_OR_RETURN(const ProcessStatistics statistics, ReadProcessStatistics(child_->pid()));
    return WorkerResources{.resident_bytes = static_cast<std::uint64_t>(statistics.resident_bytes),
                           .cpu_seconds = statistics.cpu_seconds,
                           .threads = static_cast<std::uint32_t>(statistics.threads),
                           .open_files = static_cast<std::uint32_t>(statistics.open_descriptors)};
  }

 private:
  // The only way to fail is a process that is not ours any more: its end is on the way.
  void Signal(int signal) {
    if (const Status status = child_->Kill(signal); !status.ok()) {
      ComponentLogger("worker").Warning("cannot send ", SignalName(signal), " to process ",
                                        child_->pid(), ": ", status.message());
    }
  }

  const std::shared_ptr<ChildProcess> child_;
  const std::shared_ptr<SharedPage> page_;
  Clock& clock_;
};

// What on_exit needs of the child, which exists only after Spawn returned.
struct ExitReport {
  Mutex mutex;
  std::shared_ptr<ChildProcess> child WEIR_GUARDED_BY(mutex);
  std::optional<ExitStatus> early WEIR_GUARDED_BY(mutex);  // it ended before Spawn returned
};

// The configuration that the worker starts with.
Result<Configuration> ConfigurationFor(Configuration configuration, const WorkerLaunch& launch) {
  for (const auto& [key, value] : launch.configuration) {
    WEIR_RETURN_IF_ERROR(configuration.Set(key, value, Concat("job ", launch.job_id)));
  }
  return configuration;
}

// A worker that was killed could not remove its own.
void RemoveScratchFolders(const std::optional<std::string>& root) {
  if (!root) return;
  const auto removed = scratch::ScratchFolder::RemoveLeftovers(*root);
  if (!removed.ok()) ComponentLogger("worker").Warning(removed.status().message());
}

// With the cause where the kernel's own counter tells it.
std::string ReasonOf(const ExitStatus& status, MemoryKills& memory_kills) {
  if (status.signal != SIGKILL || !memory_kills.TakeOne()) return status.ToString();
  const auto machine = ReadMachineResources();
  const std::string limit =
      machine.ok() ? Concat("; the limit is ", machine->usable_memory_bytes() >> 20, " MiB") : "";
  return Concat(status.ToString(), ": out of memory", limit,
                ", shared by this TaskManager and all its workers");
}

WorkerEnd DescribeEnd(const ExitStatus& status, const ChildProcess& child, const SharedPage& page,
                      Clock& clock, MemoryKills& memory_kills) {
  return {.reason = ReasonOf(status, memory_kills),
          .exit_status = status.signal != 0 ? -1 : status.exit_code,
          .signal = status.signal,
          .last_output = child.StandardErrorTail(kLastOutputBytes).text,
          .running = page.Read(clock.MonotonicMillis())};
}

}  // namespace

ProcessWorkerLauncher::ProcessWorkerLauncher(ProcessWorkerOptions options, ProcessSpawner& spawner,
                                             Clock& clock, DataPortHooks hooks)
    : options_(std::move(options)),
      spawner_(spawner),
      clock_(clock),
      hooks_(std::move(hooks)),
      memory_kills_(std::make_shared<MemoryKills>([] { return ReadMemoryKills(); })) {}

std::vector<std::uint32_t> ProcessWorkerLauncher::abi_numbers() const {
  std::vector<std::uint32_t> numbers;
  for (const auto& [number, program] : options_.programs) numbers.push_back(number);
  return numbers;
}

std::vector<std::string> ProcessWorkerLauncher::ArgumentsFor(const WorkerLaunch& launch) const {
  return {Concat("--role=", launch.role == WorkerRole::kCoordinator ? "coordinator" : "worker"),
          Concat("--parent-pid=", ::getpid()),
          Concat("--job-manager=", options_.job_manager_address),
          Concat("--cluster-id=", options_.cluster_id),
          Concat("--task-manager-id=", options_.task_manager_id),
          Concat("--data-host=", options_.data_host),
          Concat("--worker-id=", launch.worker_id),
          Concat("--job-id=", launch.job_id),
          Concat("--job-epoch=", launch.job_epoch),
          Concat("--leader-epoch=", launch.leader_epoch),
          Concat("--leader-id=", launch.leader_id),
          Concat("--plugin=", launch.plugin_path),
          Concat("--slots=", launch.slot_count),
          Concat("--job-slots=", launch.job_slot_count),
          Concat("--floating-entries=", kFloatingEntries),
          Concat("--first-lease-ms=", options_.first_lease_ms)};
}

Result<std::unique_ptr<RunningWorker>> ProcessWorkerLauncher::Launch(
    const WorkerLaunch& launch, std::function<void(WorkerEnd)> on_end) {
  const auto program = options_.programs.find(launch.abi_number);
  if (program == options_.programs.end()) {
    return Status::InvalidArgument(Concat("the plugin needs a worker of ABI ", launch.abi_number,
                                          "; this TaskManager has none"));
  }
  WEIR_ASSIGN_OR_RETURN(const Configuration configuration,
                        ConfigurationFor(options_.configuration, launch));
  WEIR_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(options_.log_directory));
  WEIR_ASSIGN_OR_RETURN(
      const std::shared_ptr<SharedPage> page,
      SharedPage::Create(task::SlotPageSize(launch.slot_count, kFloatingEntries)));
  WEIR_ASSIGN_OR_RETURN(const UniqueFd data_socket, hooks_.register_worker(launch.worker_id));
  const std::string log_path = Concat(options_.log_directory, "/weir-worker-", launch.worker_id);
  auto report = std::make_shared<ExitReport>();
  const auto finish = [report, page, on_end = std::move(on_end),
                       unregister = hooks_.unregister_worker, worker_id = launch.worker_id,
                       state_root = configuration.Find(settings::kRocksDbLocalDirectory),
                       memory_kills = memory_kills_, &clock = clock_](const ExitStatus& status) {
    std::shared_ptr<ChildProcess> child;
    {
      MutexLock lock(report->mutex);
      child = report->child;
      if (!child) report->early = status;
    }
    if (!child) return;  // Launch reports it
    unregister(worker_id);
    on_end(DescribeEnd(status, *child, *page, clock, *memory_kills));
    RemoveScratchFolders(state_root);
  };
  ChildProcessOptions options{.program = program->second,
                              .arguments = ArgumentsFor(launch),
                              .environment = {{kPropertiesVariable, configuration.ToProperties()}},
                              .standard_output = StandardStream::File(log_path + ".out"),
                              .standard_error = StandardStream::File(log_path + ".log"),
                              // In the order of taskmanager/task/inherited_descriptors.h.
                              .inherited_descriptors = {data_socket.get(), page->descriptor()},
                              .new_process_group = true,
                              .oom_score_adjustment = kWorkerOomScoreAdjustment,
                              .on_exit = finish};
  auto spawned = spawner_.Spawn(std::move(options));
  if (!spawned.ok()) {
    hooks_.unregister_worker(launch.worker_id);
    return spawned.status();
  }
  const std::shared_ptr<ChildProcess> child = *std::move(spawned);
  std::optional<ExitStatus> early;
  {
    MutexLock lock(report->mutex);
    report->child = child;
    early = report->early;
  }
  if (early) finish(*early);
  return std::unique_ptr<RunningWorker>(std::make_unique<WorkerProcess>(child, page, clock_));
}

}  // namespace weir::supervisor
