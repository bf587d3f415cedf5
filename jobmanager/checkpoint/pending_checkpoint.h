// PendingCheckpoint: one checkpoint between its start and its end, as a state machine. Pure: what
// its states bring about is the CheckpointCoordinator's business.
//
//   PREPARING_FOLDER -> SNAPSHOTTING_COORDINATORS -> COLLECTING -> WRITING_METADATA -> COMPLETED
// and from each of these but the last to ABORTED. A job without operator coordinators goes from the
// first to COLLECTING, which begins when the triggers are sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <weir/status.h>

#include "jobmanager/checkpoint/checkpoint_plan.h"
#include "proto/checkpoint.pb.h"

namespace weir::jobmanager {

enum class PendingCheckpointState : std::uint8_t {
  kPreparingFolder,
  kSnapshottingCoordinators,
  kCollecting,
  kWritingMetadata,
  kCompleted,
  kAborted,
};
inline constexpr std::size_t kPendingCheckpointStateCount = 6;
const char* ToString(PendingCheckpointState state);
bool CanTransition(PendingCheckpointState from, PendingCheckpointState to);

enum class AcknowledgeOutcome : std::uint8_t {
  kAccepted,
  kRepeated,    // this subtask has acknowledged before
  kUnexpected,  // not a task of this checkpoint, another attempt, or one that had finished
  kTooLate,     // the checkpoint does not collect (any more, or yet)
};

class PendingCheckpoint {
 public:
  // `trigger_time_ms` is wall clock, `started_ms` monotonic. Begins in PREPARING_FOLDER.
  PendingCheckpoint(std::uint64_t id, std::int64_t trigger_time_ms, std::int64_t started_ms);

  std::uint64_t id() const { return id_; }
  std::int64_t trigger_time_ms() const { return trigger_time_ms_; }
  std::int64_t started_ms() const { return started_ms_; }
  PendingCheckpointState state() const { return state_; }
  bool ended() const {
    return state_ == PendingCheckpointState::kCompleted ||
           state_ == PendingCheckpointState::kAborted;
  }

  // Each returns false, and changes nothing, in a state that does not allow it.
  bool SnapshotCoordinators();
  // In SNAPSHOTTING_COORDINATORS only; does not change the state.
  bool SetCoordinatorStates(std::vector<proto::CoordinatorState> states);
  // The triggers are sent to this plan's tasks.
  bool Collect(CheckpointPlan plan);
  bool WriteMetadata();
  bool Complete();
  bool Abort(Status reason);

  AcknowledgeOutcome Acknowledge(SubtaskIndex task, std::uint32_t attempt,
                                 proto::SubtaskState state);
  // While it collects: whether this unfinished task still has to acknowledge.
  bool Awaits(SubtaskIndex task) const;
  // While it collects, and later.
  bool AllAcknowledged() const { return missing_ == 0; }
  std::size_t missing() const { return missing_; }
  const CheckpointPlan& plan() const { return plan_; }
  // Of an aborted one.
  const Status& reason() const { return reason_; }

  // Everything that was collected, with the names of `graph`; the caller adds job id, times and
  // version. Moves the states out: once, in WRITING_METADATA.
  proto::CheckpointMetadata TakeMetadata(const proto::JobGraph& graph);

 private:
  bool Transition(PendingCheckpointState to);

  const std::uint64_t id_;
  const std::int64_t trigger_time_ms_;
  const std::int64_t started_ms_;
  PendingCheckpointState state_ = PendingCheckpointState::kPreparingFolder;
  CheckpointPlan plan_;
  std::map<SubtaskIndex, std::size_t> position_;  // in plan_
  std::vector<bool> acknowledged_;                // by position; true for finished tasks
  std::vector<proto::SubtaskState> states_;       // by position
  std::size_t missing_ = 0;
  std::vector<proto::CoordinatorState> coordinators_;
  Status reason_;
};

}  // namespace weir::jobmanager
