// What the REST server can see of a job's checkpoints, and ask for. A part of cluster_view.h, whose
// rules hold here too.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <weir/status.h>

namespace weir::rest {

template <class T>
using Callback = std::function<void(Result<T>)>;
using StatusCallback = std::function<void(Status)>;

struct CheckpointSubtask {
  int index = 0;
  bool acknowledged = false;
  bool finished = false;  // had ended before: nothing was asked of it
  std::int64_t acknowledge_time_ms = -1;
  std::int64_t end_to_end_ms = 0;
  std::int64_t start_delay_ms = 0;
  std::int64_t alignment_ms = 0;
  std::int64_t sync_ms = 0;
  std::int64_t async_ms = 0;
  std::int64_t state_bytes = 0;
  std::int64_t written_bytes = 0;
  bool unaligned = false;
  std::int64_t persisted_bytes = 0;  // records on their way, part of its state
};

struct CheckpointVertex {
  std::string id;
  std::vector<CheckpointSubtask> subtasks;
};

struct CheckpointDetails {
  std::uint64_t id = 0;
  std::string status;  // IN_PROGRESS COMPLETED FAILED
  std::int64_t trigger_time_ms = -1;
  std::int64_t latest_acknowledge_time_ms = -1;
  std::int64_t end_time_ms = -1;
  std::int64_t duration_ms = 0;
  std::int64_t state_bytes = 0;
  std::int64_t written_bytes = 0;
  std::string path;     // of a completed one
  std::string failure;  // of a failed one
  bool discarded = false;
  std::vector<CheckpointVertex> vertices;
};

// Over completed checkpoints, or over the subtasks of one.
struct Distribution {
  std::int64_t minimum = 0;
  std::int64_t maximum = 0;
  std::int64_t average = 0;
  std::int64_t p50 = 0;
  std::int64_t p90 = 0;
  std::int64_t p95 = 0;
  std::int64_t p99 = 0;
  std::int64_t p999 = 0;
};

struct RestoredCheckpointInfo {
  std::uint64_t id = 0;
  std::int64_t restore_time_ms = -1;
  std::string path;
};

struct CheckpointSettings {
  std::string mode;              // exactly_once at_least_once
  std::int64_t interval_ms = 0;  // 0: none are taken
  std::int64_t timeout_ms = 0;
  std::int64_t min_pause_ms = 0;
  std::int64_t max_concurrent = 1;
  std::int64_t tolerable_failures = 0;
  bool unaligned = false;
  std::int64_t aligned_timeout_ms = 0;
  bool retained = false;  // completed ones outlive the job in some case
  bool deleted_on_cancellation = true;
};

struct JobCheckpointsInfo {
  CheckpointSettings settings;
  std::uint64_t restored = 0;
  std::uint64_t in_progress = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  Distribution state_bytes;
  Distribution written_bytes;
  Distribution duration_ms;
  std::optional<CheckpointDetails> latest_completed;
  std::optional<CheckpointDetails> latest_failed;
  std::optional<RestoredCheckpointInfo> latest_restored;
  std::vector<CheckpointDetails> history;  // newest first
};

// A checkpoint that was asked for.
struct CheckpointTriggerInfo {
  bool ended = false;
  std::uint64_t checkpoint_id = 0;  // of one that completed
  Status failure;                   // of one that did not
};

// The part of the JobManager that answers for checkpoints.
class CheckpointControl {
 public:
  virtual ~CheckpointControl() = default;

  // kNotFound also for a job that takes no checkpoints (as Flink).
  virtual void GetJobCheckpoints(const std::string& job_id,
                                 Callback<JobCheckpointsInfo> callback) = 0;
  // Answers with an id to ask for the outcome with. kFailedPrecondition when none can be taken.
  virtual void TriggerCheckpoint(const std::string& job_id, Callback<std::string> callback) = 0;
  // Of one of the newest triggers; others are kNotFound.
  virtual void GetCheckpointTrigger(const std::string& job_id, const std::string& trigger_id,
                                    Callback<CheckpointTriggerInfo> callback) = 0;
};

}  // namespace weir::rest
