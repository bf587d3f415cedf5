#include "taskmanager/task/state_saver.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "taskmanager/task/user_code.h"

namespace weir::task {

using internal::ChainedKeyedTable;
using internal::ChainedOperatorState;
using internal::OperatorStateItems;
using internal::OperatorStateMode;

namespace {

// For tables that save into stores.
class NoWriter final : public internal::StateWriter {
 public:
  Status Write(std::uint32_t, std::uint32_t, std::span<const std::byte>) override {
    return Status::Internal("a table in a store was written to a state file");
  }
};

}  // namespace

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
  if (!state_.empty()) return resources_.pool.Run([self = shared_from_this()] { self->Run(); });
  tables_saved_.store(true, std::memory_order_release);
  if (AwaitsChannels(SubtaskState())) return Status::Ok();
  Answer(SubtaskState());
  done_.store(true, std::memory_order_release);
  return Status::Ok();
}

void StateSaver::Run() {
  const std::int64_t began_ns = resources_.clock.MonotonicNanos();
  // Serializers are user code.
  Result<SubtaskState> saved = RunUserCode([this] { return Save(); });
  metrics_.async_ms = (resources_.clock.MonotonicNanos() - began_ns) / 1'000'000;
  if (saved.ok() && AwaitsChannels(*saved)) return TablesSaved();
  Finish(std::move(saved));
}

// True: whoever brings the channels, or aborts, goes on.
bool StateSaver::AwaitsChannels(const SubtaskState& saved) {
  if (!state_.records_channels) return false;
  MutexLock lock(mutex_);
  if (channels_recorded_ || aborted()) return false;
  saved_ = saved;
  return true;
}

void StateSaver::ChannelsRecorded(ChannelState channels, std::int64_t alignment_ms) {
  std::optional<SubtaskState> saved;
  {
    MutexLock lock(mutex_);
    metrics_.alignment_ms = alignment_ms;
    channels_ = std::move(channels);
    channels_recorded_ = true;
    saved.swap(saved_);
  }
  if (!saved) return;
  const Status started = resources_.pool.Run(
      [self = shared_from_this(), state = *saved] { self->Finish(std::move(state)); });
  if (!started.ok()) Finish(started);
}

void StateSaver::Abort() {
  bool awaited = false;
  {
    MutexLock lock(mutex_);
    aborted_.store(true, std::memory_order_relaxed);
    awaited = saved_.has_value();
    saved_.reset();
  }
  if (awaited) End();
}

void StateSaver::Finish(Result<SubtaskState> saved) {
  if (saved.ok() && state_.records_channels) {
    const Status written = RunUserCode([&] { return SaveChannels(*saved); });
    if (!written.ok()) saved = written;
  }
  Answer(std::move(saved));
  End();
}

void StateSaver::End() {
  {
    MutexLock lock(mutex_);
    tables_saved_.store(true, std::memory_order_release);
    done_.store(true, std::memory_order_release);
    changed_.SignalAll();
  }
  mailbox_->NotifySaved();
}

Status StateSaver::SaveChannels(SubtaskState& state) {
  WEIR_RETURN_IF_ERROR(CheckAborted());
  ChannelState channels;
  {
    MutexLock lock(mutex_);
    channels = std::move(channels_);
  }
  metrics_.unaligned = true;
  if (channels.empty()) return Status::Ok();
  WEIR_ASSIGN_OR_RETURN(auto writer,
                        resources_.storage->Create(checkpoint_id_, FileName() + "-channels",
                                                   checkpoint::kChannelStateFileVersion));
  WEIR_RETURN_IF_ERROR(channels.Write(resources_.job, *writer));
  WEIR_ASSIGN_OR_RETURN(checkpoint::StateHandle handle, writer->Finish());
  metrics_.state_bytes += handle.size_bytes();
  metrics_.written_bytes += handle.size_bytes();
  metrics_.alignment_bytes = channels.size_bytes();
  state.handles.push_back(std::move(handle));
  state.has_channel_state = true;
  return Status::Ok();
}

std::string StateSaver::FileName() const {
  return vertex().id + "-" + std::to_string(attempt_.subtask) + "-" +
         std::to_string(attempt_.attempt);
}

void StateSaver::WaitUntilDone() {
  MutexLock lock(mutex_);
  while (!done()) changed_.Wait(mutex_);
}

Status StateSaver::CheckAborted() const {
  if (!aborted_.load(std::memory_order_relaxed)) return Status::Ok();
  return Status(StatusCode::kCanceled, "the checkpoint was aborted");
}

void StateSaver::TablesSaved() {
  tables_saved_.store(true, std::memory_order_release);
  mailbox_->NotifySaved();
}

Result<SubtaskState> StateSaver::Save() {
  WEIR_ASSIGN_OR_RETURN(const std::vector<TaskStores::Export> exports, SaveStores());
  SubtaskState state{.has_operator_state = !state_.operator_state.empty()};
  WEIR_RETURN_IF_ERROR(SaveFile(state));
  for (const checkpoint::StateHandle& handle : state.handles) {
    metrics_.state_bytes += handle.size_bytes();
  }
  metrics_.written_bytes = metrics_.state_bytes;
  if (exports.empty()) return state;
  WEIR_ASSIGN_OR_RETURN(
      TaskStores::Uploaded uploaded,
      state_.stores->Upload(checkpoint_id_, exports, [this] { return CheckAborted(); }));
  if (const Status aborted = CheckAborted(); !aborted.ok()) {
    const Status discarded = state_.stores->Discard(checkpoint_id_);
    return discarded.ok() ? aborted : discarded;
  }
  metrics_.state_bytes += uploaded.state_bytes;
  metrics_.written_bytes += uploaded.new_bytes;
  state.stores = std::move(uploaded.stores);
  return state;
}

Status StateSaver::SaveTable(const ChainedKeyedTable& table, internal::StateWriter& writer) {
  for (bool more = true; more;) {
    WEIR_RETURN_IF_ERROR(CheckAborted());
    Result<bool> saved = table.table->SaveNext(writer);
    if (!saved.ok()) {
      return saved.status().WithContext("operator '" +
                                        vertex().operators[table.operator_index].name +
                                        "', state '" + table.name + "'");
    }
    more = *saved;
  }
  return Status::Ok();
}

Result<std::vector<TaskStores::Export>> StateSaver::SaveStores() {
  bool any = false;
  NoWriter writer;
  for (const ChainedKeyedTable& table : state_.tables) {
    if (!table.in_store) continue;
    any = true;
    WEIR_RETURN_IF_ERROR(SaveTable(table, writer));
  }
  WEIR_RETURN_IF_ERROR(CheckAborted());
  if (!any) return std::vector<TaskStores::Export>();
  return state_.stores->ExportAll();
}

Status StateSaver::SaveFile(SubtaskState& state) {
  const bool any =
      !state_.operator_state.empty() ||
      std::ranges::any_of(state_.tables, [](const auto& table) { return !table.in_store; });
  if (!any) {
    TablesSaved();
    return Status::Ok();
  }
  WEIR_ASSIGN_OR_RETURN(auto writer, resources_.storage->Create(checkpoint_id_, FileName()));
  WEIR_RETURN_IF_ERROR(SaveTables(*writer));
  TablesSaved();
  WEIR_RETURN_IF_ERROR(SaveOperatorState(*writer));
  WEIR_RETURN_IF_ERROR(CheckAborted());
  WEIR_ASSIGN_OR_RETURN(checkpoint::StateHandle handle, writer->Finish());
  for (const ChainedOperatorState& of_operator : state_.operator_state) {
    for (const OperatorStateItems& items : of_operator.states) {
      state.has_union_state |=
          items.mode == OperatorStateMode::kUnion || items.mode == OperatorStateMode::kBroadcast;
    }
  }
  state.handles.push_back(std::move(handle));
  return Status::Ok();
}

Status StateSaver::SaveTables(checkpoint::StateFileWriter& writer) {
  for (const ChainedKeyedTable& table : state_.tables) {
    if (table.in_store) continue;
    const internal::OperatorDescription& of = vertex().operators[table.operator_index];
    internal::StateWriter& section = writer.keyed(
        writer.AddKeyedTable(of.id, table.name, table.schema, vertex().max_parallelism));
    WEIR_RETURN_IF_ERROR(SaveTable(table, section));
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
  resources_.events.OnCheckpointAcknowledged({.task = attempt_,
                                              .checkpoint_id = checkpoint_id_,
                                              .state = *std::move(saved),
                                              .metrics = metrics_});
}

}  // namespace weir::task
