#include "jobmanager/checkpoint/pending_checkpoint.h"

#include <utility>

#include "jobmanager/graph/transition_table.h"

namespace weir::jobmanager {
namespace {

using enum PendingCheckpointState;

constexpr TransitionTable<PendingCheckpointState, kPendingCheckpointStateCount> kTable{{{
    {"PREPARING_FOLDER", FollowedBy(kSnapshottingCoordinators, kCollecting, kAborted)},
    {"SNAPSHOTTING_COORDINATORS", FollowedBy(kCollecting, kAborted)},
    {"COLLECTING", FollowedBy(kWritingMetadata, kAborted)},
    {"WRITING_METADATA", FollowedBy(kCompleted, kAborted)},
    {"COMPLETED", FollowedBy()},
    {"ABORTED", FollowedBy()},
}}};

proto::VertexState DescribeVertex(const proto::JobVertex& vertex) {
  proto::VertexState described;
  for (const proto::OperatorDescription& from : vertex.operators()) {
    proto::OperatorReference* const to = described.add_operators();
    to->set_id(from.id());
    to->set_uid(from.uid());
    to->set_name(from.name());
  }
  described.set_parallelism(vertex.parallelism());
  described.set_max_parallelism(vertex.max_parallelism());
  return described;
}

}  // namespace

const char* ToString(PendingCheckpointState state) {
  return kTable.NameOf(state);
}

bool CanTransition(PendingCheckpointState from, PendingCheckpointState to) {
  return kTable.Allows(from, to);
}

PendingCheckpoint::PendingCheckpoint(std::uint64_t id, std::int64_t trigger_time_ms,
                                     std::int64_t started_ms)
    : id_(id), trigger_time_ms_(trigger_time_ms), started_ms_(started_ms) {}

bool PendingCheckpoint::Transition(PendingCheckpointState to) {
  if (!CanTransition(state_, to)) return false;
  state_ = to;
  return true;
}

bool PendingCheckpoint::SnapshotCoordinators() {
  return Transition(kSnapshottingCoordinators);
}

bool PendingCheckpoint::SetCoordinatorStates(std::vector<proto::CoordinatorState> states) {
  if (state_ != kSnapshottingCoordinators) return false;
  coordinators_ = std::move(states);
  return true;
}

bool PendingCheckpoint::Collect(CheckpointPlan plan) {
  if (!Transition(kCollecting)) return false;
  plan_ = std::move(plan);
  acknowledged_.resize(plan_.size());
  states_.resize(plan_.size());
  for (std::size_t position = 0; position < plan_.size(); ++position) {
    const CheckpointTask& task = plan_[position];
    position_[task.index] = position;
    states_[position].set_subtask(task.index.subtask);
    states_[position].set_finished(task.finished);
    acknowledged_[position] = task.finished;
    if (!task.finished) ++missing_;
  }
  return true;
}

bool PendingCheckpoint::WriteMetadata() {
  return AllAcknowledged() && Transition(kWritingMetadata);
}

bool PendingCheckpoint::Complete() {
  return Transition(kCompleted);
}

bool PendingCheckpoint::Abort(Status reason) {
  if (!Transition(kAborted)) return false;
  reason_ = std::move(reason);
  return true;
}

AcknowledgeOutcome PendingCheckpoint::Acknowledge(SubtaskIndex task, std::uint32_t attempt,
                                                  proto::SubtaskState state) {
  if (state_ != kCollecting) return AcknowledgeOutcome::kTooLate;
  const auto found = position_.find(task);
  if (found == position_.end()) return AcknowledgeOutcome::kUnexpected;
  const std::size_t position = found->second;
  if (plan_[position].finished || plan_[position].attempt != attempt) {
    return AcknowledgeOutcome::kUnexpected;
  }
  if (acknowledged_[position]) return AcknowledgeOutcome::kRepeated;
  acknowledged_[position] = true;
  --missing_;
  state.set_subtask(task.subtask);
  states_[position] = std::move(state);
  return AcknowledgeOutcome::kAccepted;
}

bool PendingCheckpoint::Awaits(SubtaskIndex task) const {
  const auto found = position_.find(task);
  return state_ == kCollecting && found != position_.end() && !acknowledged_[found->second];
}

proto::CheckpointMetadata PendingCheckpoint::TakeMetadata(const proto::JobGraph& graph) {
  proto::CheckpointMetadata metadata;
  metadata.set_checkpoint_id(id_);
  metadata.set_kind(proto::CHECKPOINT);
  metadata.set_job_name(graph.name());
  metadata.set_trigger_time_ms(trigger_time_ms_);
  for (const proto::JobVertex& vertex : graph.vertices()) {
    *metadata.add_vertices() = DescribeVertex(vertex);
  }
  for (std::size_t position = 0; position < plan_.size(); ++position) {
    proto::VertexState* const vertex =
        metadata.mutable_vertices(static_cast<int>(plan_[position].index.vertex));
    *vertex->add_subtasks() = std::move(states_[position]);
  }
  for (proto::CoordinatorState& state : coordinators_) {
    *metadata.add_coordinators() = std::move(state);
  }
  return metadata;
}

}  // namespace weir::jobmanager
