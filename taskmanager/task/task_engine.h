// TaskEngine: runs the subtasks of one job in one worker.
//
// Deploy() makes subtasks and registers their incoming channels; Start(), once every worker of the
// job has deployed, opens their outgoing channels and runs them. Channels between two subtasks of
// this worker carry typed batches; the others go through the data plane.
//
// Thread rules: Deploy(), Start(), Cancel(), CancelAll(), OnCoordinatorEvent() and what concerns
// checkpoints from one control thread; Statistics() from any. None of them waits for user code. The
// destructor cancels what runs and waits for it: it returns as soon as the steps, Open() and
// Close() calls under way return (a worker whose user code hangs is killed by its supervisor).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include <weir/internal/compiled_job.h>
#include <weir/status.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "taskmanager/network/byte_channel.h"
#include "taskmanager/task/slot_page.h"
#include "taskmanager/task/task_description.h"
#include "taskmanager/task/task_resources.h"
#include "taskmanager/task/task_threads.h"
#include "taskmanager/task/thread_pool.h"

namespace weir::task {

class Task;
struct CheckpointEnd;

// References live longer than the engine; no state change comes after its destructor has returned.
struct TaskEngineDependencies {
  std::shared_ptr<const internal::CompiledJob> job;
  const Clock& clock;
  network::DataPlane& data_plane;
  TaskEngineEvents& events;
  TaskLoggerFactory make_logger;
  // Memory for SlotPageSize(options.slot_count, floating_entries) bytes shared with the supervisor,
  // or null.
  void* slot_page = nullptr;
  std::uint32_t floating_entries = 0;
  FileSystem* files = &LocalFileSystem();  // where checkpoints are
  TaskThreads* threads = nullptr;          // null: the engine has its own
};

class TaskEngine final : private TaskEngineEvents {
 public:
  TaskEngine(TaskEngineOptions options, TaskEngineDependencies dependencies);
  ~TaskEngine() override;
  TaskEngine(const TaskEngine&) = delete;
  TaskEngine& operator=(const TaskEngine&) = delete;

  // All or nothing. Ended tasks of earlier deployments are forgotten. Fails when the deployment
  // does not fit the job or the slots, or a channel cannot be registered.
  Status Deploy(const Deployment& deployment);
  // FailedPrecondition when it was not deployed, or started before. A task whose outgoing channels
  // cannot be opened is reported FAILED.
  Status Start(std::uint64_t deployment_id);
  // Attempts that are unknown or have ended are left out.
  void Cancel(const std::vector<TaskAttempt>& tasks);
  void CancelAll();
  // False: that attempt is not here (any more).
  bool OnCoordinatorEvent(CoordinatorEvent event);

  // Starts a barrier at these tasks, in order with OnCoordinatorEvent(). A task that is not here or
  // not RUNNING declines, at once, from within this call.
  // `announced_to`: tasks that do not wait for barriers; those that are not here are left out.
  void TriggerCheckpoint(const std::vector<TaskAttempt>& tasks, const internal::Barrier& barrier,
                         const std::vector<TaskAttempt>& announced_to = {});
  // To all tasks: the checkpoint holds, or never will.
  void NotifyCheckpointCompleted(std::uint64_t checkpoint_id);
  void NotifyCheckpointAborted(std::uint64_t checkpoint_id);

  // Of all tasks that have not been forgotten.
  std::vector<TaskStatistics> Statistics() const;

 private:
  struct PendingStart;

  void OnTaskState(TaskStateChange change) override;
  void OnEventToCoordinator(CoordinatorEvent event) override;
  void OnCheckpointAcknowledged(CheckpointAcknowledgement acknowledgement) override;
  void OnCheckpointDeclined(CheckpointDecline decline) override;
  void OnCheckpointRequested(const TaskAttempt& task) override;

  Status Check(const Deployment& deployment) const;
  void PostToTasks(const CheckpointEnd& end);
  Status Trigger(const TaskAttempt& attempt, const internal::Barrier& barrier);
  TaskThreads::SlotThread MakeSlot(SlotPageEntry* entry, bool floating);
  std::shared_ptr<Task> MakeTask(const TaskDeployment& deployment);
  void ForgetEnded();
  std::vector<std::shared_ptr<Task>> Tasks() const;
  // Null when it is not here.
  std::shared_ptr<Task> Find(const TaskAttempt& attempt) const;

  const TaskEngineOptions options_;
  const TaskEngineDependencies dependencies_;
  std::unique_ptr<SlotPage> page_;
  std::unique_ptr<checkpoint::CheckpointStorage> storage_;  // null: there is no place for any
  state::StoreBackend stores_;

  mutable Mutex mutex_;
  CondVar ended_;
  std::map<TaskAttempt, std::shared_ptr<Task>> tasks_ WEIR_GUARDED_BY(mutex_);
  std::uint32_t unfinished_ WEIR_GUARDED_BY(mutex_) = 0;

  // The control thread's.
  std::map<std::uint64_t, std::unique_ptr<PendingStart>> pending_;
  std::vector<TaskThreads::SlotThread> slots_;
  const TaskResources resources_;
  // Last, so that all threads have ended before anything else goes.
  ThreadPool pool_;
};

}  // namespace weir::task
