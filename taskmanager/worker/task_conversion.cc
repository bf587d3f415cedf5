#include "taskmanager/worker/task_conversion.h"

#include "proto/conversion/status_conversion.h"
#include "proto/session.pb.h"

namespace weir::worker {
namespace {

task::TaskAttempt FromProto(const proto::TaskAttempt& message) {
  return {.vertex = message.vertex(), .subtask = message.subtask(), .attempt = message.attempt()};
}

checkpoint::StateHandle FromProto(const proto::StateHandle& message) {
  if (!message.has_file()) return {.location = checkpoint::InlineState{message.inline_()}};
  return {.location =
              checkpoint::StateFileLocation{.path = message.file().path(),
                                            .size_bytes = message.file().size_bytes(),
                                            .footer_checksum = message.file().footer_checksum()}};
}

task::OperatorStore FromProto(const proto::OperatorStore& message) {
  return {.operator_id = message.operator_id(), .snapshot = message.snapshot().SerializeAsString()};
}

void ToProto(const checkpoint::StateHandle& handle, proto::StateHandle* message) {
  if (const auto* state = std::get_if<checkpoint::InlineState>(&handle.location)) {
    message->set_inline_(state->bytes);
    return;
  }
  const auto& location = std::get<checkpoint::StateFileLocation>(handle.location);
  message->mutable_file()->set_path(location.path);
  message->mutable_file()->set_size_bytes(location.size_bytes);
  message->mutable_file()->set_footer_checksum(location.footer_checksum);
}

task::TaskRestore FromProto(const proto::TaskRestore& message) {
  task::TaskRestore restore{.checkpoint_id = message.checkpoint_id(),
                            .directory = message.directory(),
                            .sources = {},
                            .finished = message.finished()};
  for (const proto::RestoreSource& source : message.sources()) {
    task::RestoreSource& added = restore.sources.emplace_back();
    added.operator_ids.assign(source.operator_ids().begin(), source.operator_ids().end());
    added.subtask = source.subtask();
    added.parallelism = source.parallelism();
    added.max_parallelism = source.max_parallelism();
    for (const proto::StateHandle& handle : source.handles()) {
      added.handles.push_back(FromProto(handle));
    }
    for (const proto::OperatorStore& store : source.stores()) {
      added.stores.push_back(FromProto(store));
    }
  }
  return restore;
}

void ToProto(const task::TaskFailure& failure, const std::string& task_manager_id,
             proto::TaskFailure* message) {
  *message->mutable_error() = proto::ErrorFromStatus(failure.cause);
  message->set_vertex_id(failure.vertex_id);
  message->set_task_name(failure.task_name);
  message->set_subtask(failure.subtask);
  message->set_attempt(failure.attempt);
  message->set_operator_name(failure.operator_name);
  message->set_task_manager_id(task_manager_id);
  message->set_time_ms(failure.time_ms);
  message->set_restore_failed(failure.restore_failed);
}

}  // namespace

task::Deployment FromProto(const proto::DeployTasks& message) {
  task::Deployment deployment;
  deployment.deployment_id = message.deployment_id();
  for (const proto::TaskDeployment& task : message.tasks()) {
    task::TaskDeployment& added = deployment.tasks.emplace_back();
    added.task = {.vertex = task.vertex(), .subtask = task.subtask(), .attempt = task.attempt()};
    added.slot = task.slot();
    if (task.has_restore()) added.restore = FromProto(task.restore());
  }
  for (const proto::Peer& peer : message.peers()) {
    deployment.peers.push_back({.worker_id = peer.worker_id(),
                                .host = peer.host(),
                                .data_port = static_cast<std::uint16_t>(peer.data_port())});
  }
  for (const proto::VertexPlacement& placement : message.placement()) {
    deployment.placement.push_back(
        {.peer = {placement.peer().begin(), placement.peer().end()},
         .attempt = {placement.attempt().begin(), placement.attempt().end()}});
  }
  deployment.first_channel.assign(message.first_channel().begin(), message.first_channel().end());
  return deployment;
}

std::vector<task::TaskAttempt> FromProto(const proto::CancelTasks& message) {
  std::vector<task::TaskAttempt> attempts;
  for (const proto::TaskAttempt& attempt : message.tasks()) attempts.push_back(FromProto(attempt));
  return attempts;
}

task::CoordinatorEvent FromProto(const proto::OperatorEvent& message) {
  return {.task = {.vertex = message.vertex(),
                   .subtask = message.subtask(),
                   .attempt = message.attempt()},
          .operator_index = message.operator_index(),
          .payload = message.payload()};
}

CheckpointTrigger FromProto(const proto::TriggerCheckpoint& message) {
  CheckpointTrigger trigger{.barrier = {.checkpoint_id = message.checkpoint_id(),
                                        .trigger_time_ms = message.trigger_time_ms(),
                                        .kind = static_cast<internal::BarrierKind>(message.kind()),
                                        .unaligned = message.unaligned()},
                            .tasks = {},
                            .announced_to = {}};
  for (const proto::TaskAttempt& attempt : message.tasks()) {
    trigger.tasks.push_back(FromProto(attempt));
  }
  for (const proto::TaskAttempt& attempt : message.announced_to()) {
    trigger.announced_to.push_back(FromProto(attempt));
  }
  return trigger;
}

void ToProto(const task::TaskAttempt& attempt, proto::TaskAttempt* message) {
  message->set_vertex(attempt.vertex);
  message->set_subtask(attempt.subtask);
  message->set_attempt(attempt.attempt);
}

void ToProto(const task::CheckpointAcknowledgement& acknowledgement,
             proto::CheckpointAcknowledged* message) {
  ToProto(acknowledgement.task, message->mutable_task());
  message->set_checkpoint_id(acknowledgement.checkpoint_id);
  proto::SubtaskState* const state = message->mutable_state();
  state->set_subtask(acknowledgement.task.subtask);
  for (const checkpoint::StateHandle& handle : acknowledgement.state.handles) {
    ToProto(handle, state->add_handles());
  }
  state->set_has_operator_state(acknowledgement.state.has_operator_state);
  state->set_has_union_state(acknowledgement.state.has_union_state);
  state->set_has_channel_state(acknowledgement.state.has_channel_state);
  for (const task::OperatorStore& store : acknowledgement.state.stores) {
    proto::OperatorStore* const added = state->add_stores();
    added->set_operator_id(store.operator_id);
    // Our own bytes, just encoded.
    added->mutable_snapshot()->ParseFromString(store.snapshot);
  }
  proto::SubtaskCheckpointMetrics* const metrics = message->mutable_metrics();
  metrics->set_start_delay_ms(acknowledgement.metrics.start_delay_ms);
  metrics->set_alignment_ms(acknowledgement.metrics.alignment_ms);
  metrics->set_sync_us(acknowledgement.metrics.sync_us);
  metrics->set_async_ms(acknowledgement.metrics.async_ms);
  metrics->set_state_bytes(acknowledgement.metrics.state_bytes);
  metrics->set_written_bytes(acknowledgement.metrics.written_bytes);
  metrics->set_alignment_bytes(acknowledgement.metrics.alignment_bytes);
  metrics->set_unaligned(acknowledgement.metrics.unaligned);
}

void ToProto(const task::CheckpointDecline& decline, proto::CheckpointDeclined* message) {
  ToProto(decline.task, message->mutable_task());
  message->set_checkpoint_id(decline.checkpoint_id);
  *message->mutable_error() = proto::ErrorFromStatus(decline.cause);
}

void ToProto(const task::TaskStateChange& change, const std::string& task_manager_id,
             proto::TaskStateChange* message) {
  ToProto(change.task, message->mutable_task());
  message->set_state(static_cast<proto::TaskState>(change.state));
  if (change.failure) ToProto(*change.failure, task_manager_id, message->mutable_failure());
  if (change.final_statistics)
    ToProto(*change.final_statistics, message->mutable_final_statistics());
}

void ToProto(const task::TaskStatistics& statistics, proto::TaskStatistics* message) {
  ToProto(statistics.task, message->mutable_task());
  message->set_records_in(statistics.records_in);
  message->set_records_out(statistics.records_out);
  message->set_bytes_in(statistics.bytes_in);
  message->set_bytes_out(statistics.bytes_out);
  message->set_busy_ms(statistics.busy_ms);
  message->set_idle_ms(statistics.idle_ms);
  message->set_back_pressured_ms(statistics.back_pressured_ms);
  message->mutable_counters()->insert(statistics.counters.begin(), statistics.counters.end());
  message->mutable_gauges()->insert(statistics.gauges.begin(), statistics.gauges.end());
  for (const task::AccumulatorValue& accumulator : statistics.accumulators) {
    proto::AccumulatorValue* const value = message->add_accumulators();
    value->set_name(accumulator.name);
    value->set_kind(static_cast<std::uint32_t>(accumulator.kind));
    value->set_value(accumulator.value);
  }
  message->set_current_watermark_ms(statistics.current_watermark_ms);
}

void ToProto(const task::CoordinatorEvent& event, proto::OperatorEvent* message) {
  message->set_vertex(event.task.vertex);
  message->set_operator_index(event.operator_index);
  message->set_subtask(event.task.subtask);
  message->set_attempt(event.task.attempt);
  message->set_payload(event.payload);
}

}  // namespace weir::worker
