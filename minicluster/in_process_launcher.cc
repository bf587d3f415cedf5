#include "minicluster/in_process_launcher.h"

#include <utility>

#include <unistd.h>

#include <weir/internal/plugin.h>

#include "common/clock.h"
#include "common/text.h"
#include "taskmanager/network/tcp_data_plane.h"
#include "taskmanager/supervisor/running_steps.h"
#include "taskmanager/task/slot_page.h"
#include "taskmanager/worker/worker.h"
#include "taskmanager/worker/worker_settings.h"

namespace weir::minicluster {
namespace {

constexpr std::uint32_t kFloatingEntries = 64;

// Zeroed memory for a slot page, aligned as an entry.
class PageMemory {
 public:
  explicit PageMemory(std::uint32_t slots)
      : size_(task::SlotPageSize(slots, kFloatingEntries)), blocks_(size_ / sizeof(Block)) {}
  void* data() { return blocks_.data(); }
  const void* data() const { return blocks_.data(); }
  std::size_t size() const { return size_; }

 private:
  struct alignas(64) Block {
    std::byte bytes[64] = {};
  };
  const std::size_t size_;
  std::vector<Block> blocks_;
};

worker::WorkerIdentity IdentityOf(const supervisor::WorkerLaunch& launch,
                                  const std::string& task_manager_id,
                                  const std::string& cluster_id) {
  return {.worker_id = launch.worker_id,
          .job_id = launch.job_id,
          .task_manager_id = task_manager_id,
          .cluster_id = cluster_id,
          .job_epoch = launch.job_epoch,
          .leader_epoch = launch.leader_epoch,
          .leader_id = launch.leader_id,
          .role = launch.role == supervisor::WorkerRole::kCoordinator
                      ? worker::WorkerRole::kCoordinator
                      : worker::WorkerRole::kWorker,
          .process_id = ::getpid()};
}

// One worker with its threads. Shared by its handle and by what is under way.
class WorkerThreads : public std::enable_shared_from_this<WorkerThreads> {
 public:
  WorkerThreads(worker::WorkerOptions options, const network::NetworkOptions& network,
                InProcessLauncherWorld world, EventLoop& reaper,
                std::function<void(supervisor::WorkerEnd)> on_end)
      : options_(std::move(options)),
        network_(network),
        world_(world),
        reaper_(reaper),
        on_end_(std::move(on_end)),
        page_(options_.engine.slot_count) {}

  void Start() {
    loop_.Start();
    blocking_.Start();
    if (options_.identity.role == worker::WorkerRole::kWorker) OpenDataPlane();
    loop_.Post([self = shared_from_this()] { self->StartWorker(); });
  }

  void End(const Status& reason) {
    loop_.Post([self = shared_from_this(), reason] { self->EndOnLoop(reason); });
  }

  std::vector<supervisor::RunningStep> RunningSteps() const {
    return supervisor::ReadRunningSteps(page_.data(), page_.size(),
                                        SystemClock().MonotonicMillis());
  }

 private:
  void OpenDataPlane() {
    const worker::WorkerIdentity& identity = options_.identity;
    data_plane_ = std::make_shared<network::TcpDataPlane>(
        identity.worker_id, worker::JobIdentityOf(identity), network_);
    world_.registry.Register(identity.worker_id,
                             [plane = std::weak_ptr(data_plane_)](
                                 UniqueFd& socket, const network::Handshake& handshake) -> Status {
                               const auto target = plane.lock();
                               if (!target) return Status::Unavailable("the worker has ended");
                               target->AcceptConnection(std::move(socket), handshake);
                               return Status::Ok();
                             });
  }

  void StartWorker() {
    worker_ =
        std::make_unique<worker::Worker>(options_,
                                         worker::WorkerWorld{.loop = loop_,
                                                             .blocking = blocking_,
                                                             .clock = SystemClock(),
                                                             .client = world_.client,
                                                             .jobs = world_.jobs,
                                                             .data_plane = data_plane_.get(),
                                                             .slot_page = page_.data(),
                                                             .floating_entries = kFloatingEntries},
                                         [this](const Status& reason) { End(reason); });
    worker_->Start();
  }

  void EndOnLoop(const Status& reason) {
    if (std::exchange(ended_, true)) return;
    worker_.reset();
    reaper_.Post([self = shared_from_this(), reason] {
      self->blocking_.Stop();
      self->loop_.Stop();
      self->world_.registry.Unregister(self->options_.identity.worker_id);
      self->data_plane_.reset();
      self->on_end_({.reason = reason.ok() ? "ended in good order" : reason.message(),
                     .exit_status = reason.ok() ? 0 : 1,
                     .last_output = "",
                     .running = {}});
    });
  }

  const worker::WorkerOptions options_;
  const network::NetworkOptions network_;
  const InProcessLauncherWorld world_;
  EventLoop& reaper_;
  const std::function<void(supervisor::WorkerEnd)> on_end_;
  PageMemory page_;
  std::shared_ptr<network::TcpDataPlane> data_plane_;
  ThreadEventLoop loop_{"worker"};
  ThreadEventLoop blocking_{"worker-blocking"};
  std::unique_ptr<worker::Worker> worker_;  // loop_'s thread
  bool ended_ = false;                      // loop_'s thread
};

class Handle final : public supervisor::RunningWorker {
 public:
  explicit Handle(std::shared_ptr<WorkerThreads> threads) : threads_(std::move(threads)) {}
  std::int32_t process_id() const override { return ::getpid(); }
  void Terminate() override { threads_->End(Status::Ok()); }
  void Kill() override { threads_->End(Status::Ok()); }
  std::vector<supervisor::RunningStep> RunningSteps() const override {
    return threads_->RunningSteps();
  }
  Result<supervisor::WorkerResources> Resources() const override {
    return Status(StatusCode::kUnsupported, "workers of one process share its memory");
  }

 private:
  const std::shared_ptr<WorkerThreads> threads_;
};

}  // namespace

InProcessLauncher::InProcessLauncher(std::string task_manager_id, std::string cluster_id,
                                     const Configuration& configuration,
                                     InProcessLauncherWorld world)
    : task_manager_id_(std::move(task_manager_id)),
      cluster_id_(std::move(cluster_id)),
      configuration_(configuration),
      world_(world) {
  reaper_.Start();
}

InProcessLauncher::~InProcessLauncher() {
  reaper_.Stop();
}

std::vector<std::uint32_t> InProcessLauncher::abi_numbers() const {
  return {internal::kAbiNumber};
}

Result<std::unique_ptr<supervisor::RunningWorker>> InProcessLauncher::Launch(
    const supervisor::WorkerLaunch& launch, std::function<void(supervisor::WorkerEnd)> on_end) {
  Configuration configuration = configuration_;
  for (const auto& [key, value] : launch.configuration) {
    WEIR_RETURN_IF_ERROR(configuration.Set(key, value, Concat("job ", launch.job_id)));
  }
  worker::WorkerOptions options{.identity = IdentityOf(launch, task_manager_id_, cluster_id_)};
  options.engine = worker::EngineOptionsOf(
      options.identity, {.count = launch.slot_count, .of_job = launch.job_slot_count},
      configuration);
  options.subtasks_restart = worker::SubtasksRestart(configuration);
  auto threads =
      std::make_shared<WorkerThreads>(std::move(options), worker::NetworkOptionsOf(configuration),
                                      world_, reaper_, std::move(on_end));
  threads->Start();
  return std::unique_ptr<supervisor::RunningWorker>(std::make_unique<Handle>(std::move(threads)));
}

}  // namespace weir::minicluster
