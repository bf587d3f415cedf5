// CheckpointStatistics: what can be seen of a job's checkpoints: counts, a history, figures of each
// subtask, a summary. Books only; on the JobManager's event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "jobmanager/checkpoint/checkpoint_plan.h"
#include "proto/checkpoint.pb.h"

namespace weir::jobmanager {

enum class CheckpointStatus : std::uint8_t { kInProgress, kCompleted, kFailed };

struct SubtaskCheckpoint {
  SubtaskIndex index;
  bool finished = false;  // had ended before the checkpoint: nothing was asked of it
  bool acknowledged = false;
  std::int64_t acknowledge_time_ms = -1;  // wall clock
  std::int64_t end_to_end_ms = 0;         // from the trigger to the acknowledgement
  proto::SubtaskCheckpointMetrics metrics{};
};

struct CheckpointRecord {
  std::uint64_t id = 0;
  CheckpointStatus status = CheckpointStatus::kInProgress;
  std::int64_t trigger_time_ms = -1;             // wall clock
  std::int64_t latest_acknowledge_time_ms = -1;  // wall clock
  std::int64_t end_time_ms = -1;                 // wall clock; -1: in progress
  std::int64_t duration_ms = 0;                  // to its end, else to the latest acknowledgement
  std::uint64_t state_bytes = 0;                 // full size
  std::uint64_t written_bytes = 0;               // of this checkpoint alone
  std::size_t acknowledged = 0;                  // subtasks
  std::string path{};                            // of a completed one
  std::string failure{};                         // of a failed one
  bool discarded = false;                        // its files were removed
  std::vector<SubtaskCheckpoint> subtasks{};  // by vertex, then subtask; empty before the trigger
};

// What the job was last restored from.
struct RestoredCheckpoint {
  std::uint64_t id = 0;
  std::int64_t restore_time_ms = -1;  // wall clock
  std::string path;
};

// Of values in the order they came: all for least, most and average, the newest for percentiles.
class SampleSummary {
 public:
  static constexpr std::size_t kMostSamples = 1'000;

  void Add(std::int64_t value);
  std::uint64_t count() const { return count_; }
  std::int64_t minimum() const { return minimum_; }  // 0 without samples, as all the others
  std::int64_t maximum() const { return maximum_; }
  std::int64_t average() const;
  // The least sample that is not below `part` (0 to 1) of them.
  std::int64_t Percentile(double part) const;

 private:
  std::uint64_t count_ = 0;
  std::int64_t minimum_ = 0;
  std::int64_t maximum_ = 0;
  double sum_ = 0;
  std::vector<std::int64_t> newest_;  // a ring once it is full
};

struct CheckpointCounts {
  std::uint64_t restored = 0;
  std::uint64_t in_progress = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t total() const { return in_progress + completed + failed; }
};

class CheckpointStatistics {
 public:
  // Checkpoints that are remembered (Flink's web.checkpoints.history).
  static constexpr std::size_t kHistorySize = 10;

  void OnStarted(std::uint64_t id, std::int64_t trigger_time_ms);
  void OnTriggered(std::uint64_t id, const CheckpointPlan& plan);
  void OnAcknowledged(std::uint64_t id, SubtaskIndex task,
                      const proto::SubtaskCheckpointMetrics& metrics, std::int64_t now_ms,
                      std::int64_t end_to_end_ms);
  void OnCompleted(std::uint64_t id, std::string path, std::int64_t now_ms,
                   std::int64_t duration_ms);
  void OnFailed(std::uint64_t id, std::string failure, std::int64_t now_ms,
                std::int64_t duration_ms);
  void OnRestored(RestoredCheckpoint restored);
  // The files of a completed checkpoint are gone.
  void OnDiscarded(std::uint64_t id);

  const CheckpointCounts& counts() const { return counts_; }
  // Newest first; those in progress among them.
  const std::deque<CheckpointRecord>& history() const { return history_; }
  const std::optional<CheckpointRecord>& latest_completed() const { return latest_completed_; }
  const std::optional<CheckpointRecord>& latest_failed() const { return latest_failed_; }
  const std::optional<RestoredCheckpoint>& latest_restored() const { return latest_restored_; }
  // Null when it is not remembered.
  const CheckpointRecord* Find(std::uint64_t id) const;

  // Of completed checkpoints.
  const SampleSummary& durations_ms() const { return durations_ms_; }
  const SampleSummary& state_bytes() const { return state_bytes_; }
  const SampleSummary& written_bytes() const { return written_bytes_; }

 private:
  CheckpointRecord* InProgress(std::uint64_t id);
  void End(CheckpointRecord& record, CheckpointStatus status, std::int64_t now_ms,
           std::int64_t duration_ms);
  void DropOldest();

  CheckpointCounts counts_;
  std::deque<CheckpointRecord> history_;
  std::optional<CheckpointRecord> latest_completed_;
  std::optional<CheckpointRecord> latest_failed_;
  std::optional<RestoredCheckpoint> latest_restored_;
  SampleSummary durations_ms_;
  SampleSummary state_bytes_;
  SampleSummary written_bytes_;
};

}  // namespace weir::jobmanager
