#include "taskmanager/task/state_saver.h"

#include <utility>

#include "taskmanager/task/user_code.h"

namespace weir::task {

using internal::ChainedKeyedTable;
using internal::ChainedOperatorState;
using internal::OperatorStateItems;
using internal::OperatorStateMode;

std::string DescribeTask(const internal::JobVertex& vertex, const TaskAttempt& attempt) {
  return "subtask " + std::to_string(attempt.subtask) + " (attempt " +
         std::to_string(attempt.attempt) + ") of '" + vertex.name + "'";
}

StateSaver::StateSaver(const TaskResources& resources, const TaskAttempt& attempt,
                       std::shared_ptr<TaskMailbox> mailbox, std::uint64_t checkpoint_id,
                       FrozenState state, const CheckpointMetrics& metrics)
    : resources_(resources),
      attempt_(attempt),
      mailbox_(std::move(mailbox)),
      checkpoint_id_(checkpoint_id),
      state_(std::move(state)),
      metrics_(metrics) {}

const internal::JobVertex& StateSaver::vertex() const {
  return resources_.job.graph().vertices[attempt_.vertex];
}

Status StateSaver::Start() {
  if (state_.empty()) {
    Answer(SubtaskState());
    done_.store(true, std::memory_order_release);
    return Status::Ok();
  }
  return resources_.pool.Run([self = shared_from_this()] { self->Run(); });
}

void StateSaver::Run() {
  const std::int64_t began_ns = resources_.clock.MonotonicNanos();
  // Serializers are user code.
  Result<SubtaskState> saved = RunUserCode([this] { return Save(); });
  metrics_.async_ms = (resources_.clock.MonotonicNanos() - began_ns) / 1'000'000;
  Answer(std::move(saved));
  {
    MutexLock lock(mutex_);
    done_.store(true, std::memory_order_release);
    changed_.SignalAll();
  }
  mailbox_->NotifySaved();
}

void StateSaver::WaitUntilDone() {
  MutexLock lock(mutex_);
  while (!done()) changed_.Wait(mutex_);
}

Status StateSaver::CheckAborted() const {
  if (!aborted_.load(std::memory_order_relaxed)) return Status::Ok();
  return Status(StatusCode::kCanceled, "the checkpoint was aborted");
}

Result<SubtaskState> StateSaver::Save() {
  WEIR_RETURN_IF_ERROR(CheckAborted());
  const std::string name =
      vertex().id + "-" + std::to_string(attempt_.subtask) + "-" + std::to_string(attempt_.attempt);
  WEIR_ASSIGN_OR_RETURN(auto writer, resources_.storage->Create(checkpoint_id_, name));
  WEIR_RETURN_IF_ERROR(SaveTables(*writer));
  WEIR_RETURN_IF_ERROR(SaveOperatorState(*writer));
  WEIR_RETURN_IF_ERROR(CheckAborted());
  WEIR_ASSIGN_OR_RETURN(checkpoint::StateHandle handle, writer->Finish());
  SubtaskState state{.has_operator_state = !state_.operator_state.empty()};
  for (const ChainedOperatorState& of_operator : state_.operator_state) {
    for (const OperatorStateItems& items : of_operator.states) {
      state.has_union_state |=
          items.mode == OperatorStateMode::kUnion || items.mode == OperatorStateMode::kBroadcast;
    }
  }
  state.handles.push_back(std::move(handle));
  return state;
}

Status StateSaver::SaveTables(checkpoint::StateFileWriter& writer) {
  for (const ChainedKeyedTable& table : state_.tables) {
    const internal::OperatorDescription& of = vertex().operators[table.operator_index];
    internal::StateWriter& section = writer.keyed(
        writer.AddKeyedTable(of.id, table.name, table.schema, vertex().max_parallelism));
    for (bool more = true; more;) {
      WEIR_RETURN_IF_ERROR(CheckAborted());
      Result<bool> saved = table.table->SaveNext(section);
      if (!saved.ok()) {
        return saved.status().WithContext("operator '" + of.name + "', state '" + table.name + "'");
      }
      more = *saved;
    }
  }
  return Status::Ok();
}

Status StateSaver::SaveOperatorState(checkpoint::StateFileWriter& writer) {
  for (const ChainedOperatorState& state : state_.operator_state) {
    const internal::OperatorDescription& of = vertex().operators[state.operator_index];
    WEIR_RETURN_IF_ERROR(writer.WriteOperatorState(writer.AddOperatorState(of.id), state.states)
                             .WithContext("operator '" + of.name + "'"));
  }
  return Status::Ok();
}

void StateSaver::Answer(Result<SubtaskState> saved) {
  if (!saved.ok()) {
    if (!CheckAborted().ok()) return;
    resources_.events.OnCheckpointDeclined(
        {.task = attempt_,
         .checkpoint_id = checkpoint_id_,
         .cause = saved.status().WithContext(DescribeTask(vertex(), attempt_))});
    return;
  }
  for (const checkpoint::StateHandle& handle : saved->handles) {
    metrics_.state_bytes += handle.size_bytes();
  }
  resources_.events.OnCheckpointAcknowledged({.task = attempt_,
                                              .checkpoint_id = checkpoint_id_,
                                              .state = *std::move(saved),
                                              .metrics = metrics_});
}

}  // namespace weir::task
