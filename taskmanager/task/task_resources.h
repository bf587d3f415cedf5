// What the engine hands to every task.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/internal/compiled_job.h>
#include <weir/runtime_context.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "taskmanager/checkpoint/checkpoint_storage.h"
#include "taskmanager/state/store_backend.h"
#include "taskmanager/state/store_uploads.h"
#include "taskmanager/task/slot_page.h"
#include "taskmanager/task/task_description.h"
#include "taskmanager/task/task_threads.h"

namespace weir::task {

struct TaskEngineOptions {
  std::string worker_id;  // 32 hex digits: which of Deployment::peers this worker is
  std::string job_id;     // 32 hex digits
  std::uint32_t slot_count = 1;
  // Batches a channel within the process may have under way to its receiver, where the fan-out is
  // small (task_outputs.h: LocalCredits).
  std::uint32_t credits_per_channel = 8;
  // Batches that a subtask may emit into full channels before its thread parks; 0 counts as 1.
  std::uint32_t overdraft_batches = 20;
  // How long a subtask that is not idle keeps a partly filled batch. 0: never keeps one.
  std::int64_t buffer_timeout_ms = 100;
  // How often watermark generators are asked; 0: never.
  std::int64_t auto_watermark_interval_ms = 200;
  // Records that the partly filled batches of one output may hold together. With 256 x 256 channels
  // of bids 32768 took four times the memory and, for the time it takes to touch it, of the time.
  std::uint32_t output_budget_records = 2 * 1024;
  // Records of a batch at most, however few the channels.
  std::uint32_t maximum_batch_records = 1024;
  // Largest encoded record that a remote channel carries.
  std::size_t maximum_record_bytes = std::size_t{64} << 20;
  // A call that emits without end lets the slot's other tasks run this often.
  std::int64_t yield_interval_ms = 10;
  // Turns that a slot looks for work before its thread sleeps (some tens of nanoseconds each). More
  // cost more than they save: 256 took 6 % of all CPU time of a shuffle between two processes.
  std::uint32_t spins_before_sleep = 16;
  // Whether the job takes checkpoints by itself (an interval is set).
  bool checkpoints_enabled = false;
  // Barriers hold back the channels that brought them. Without: at-least-once.
  bool exactly_once = true;
  // Of the records on their way to a subtask that a checkpoint may have; a buffer more at most.
  std::uint64_t maximum_channel_state_bytes = std::uint64_t{256} << 20;
  // Where the job's state files go ("<execution.checkpointing.dir>/<job id>"). Empty: nowhere, the
  // tasks decline every checkpoint.
  std::string checkpoint_directory;
  // State of a subtask up to this size travels in the acknowledgement.
  std::size_t inline_state_bytes = std::size_t{20} << 10;
  // Keyed state lies in stores on the local disk; else in memory.
  bool keyed_state_in_stores = false;
  state::StoreBackendOptions store_backend;
  state::StoreUploads::Mode uploads = state::StoreUploads::Mode::kIncremental;
};

// What the engine tells its owner. Called from the engine's threads (state changes of not yet
// started tasks: from the caller of the engine) without a lock of the engine held; must not block
// nor call the engine. In order for each task.
class TaskEngineEvents {
 public:
  virtual ~TaskEngineEvents() = default;
  // INITIALIZING, RUNNING, and one of FINISHED, CANCELED, FAILED. After a terminal one nothing of
  // the attempt runs any more: its chain is closed and destroyed.
  virtual void OnTaskState(TaskStateChange change) = 0;
  virtual void OnEventToCoordinator(CoordinatorEvent event) = 0;
  // The task's part of a checkpoint is written; or will not be. One of the two for each checkpoint
  // of which a barrier, or its trigger, reached the task, unless the checkpoint was aborted or the
  // task ended other than FINISHED first.
  virtual void OnCheckpointAcknowledged(CheckpointAcknowledgement acknowledgement) = 0;
  virtual void OnCheckpointDeclined(CheckpointDecline decline) = 0;
  // The task has ended its input and emitted everything; it waits for one more completed
  // checkpoint. Until then it takes part in all: as a task where barriers start, once all before it
  // have finished, and passing barriers on behind the ends of its output. Once.
  virtual void OnCheckpointRequested(const TaskAttempt& task) = 0;
};

// Makes the logger of one task.
using TaskLoggerFactory = std::function<std::unique_ptr<Logger>(const TaskInformation&)>;

struct TaskResources {
  const TaskEngineOptions& options;
  const internal::CompiledJob& job;
  const Clock& clock;
  TaskEngineEvents& events;
  const TaskLoggerFactory& make_logger;
  WorkPool& pool;
  SlotPage* page;  // may be null
  FileSystem& files;
  checkpoint::CheckpointStorage* storage;  // null: there is no place for checkpoints
  state::StoreBackend& stores;
};

}  // namespace weir::task
