#include "tests/simulation/numbered_chains.h"

#include <algorithm>
#include <utility>

#include <weir/internal/source_protocol.h>
#include <weir/serializer.h>

namespace weir::simulation {

using internal::PollStatus;
using internal::SourceMessage;

NumberedChain::NumberedChain(JobSurroundings& surroundings, internal::ChainContext& context,
                             const task::NumberChannelType& type)
    : surroundings_(surroundings),
      context_(context),
      type_(type),
      subtask_(context.output_count() == 0                      ? kSink
               : context.runtime().task().task_name == "source" ? kSource
                                                                : kCount,
               context.runtime().task().subtask_index),
      leader_(surroundings.outside.Begins(subtask_, surroundings.time.now_ns())) {}

NumberedChain::~NumberedChain() {
  surroundings_.outside.Ends(subtask_, leader_, surroundings_.time.now_ns());
}

void NumberedChain::Emit(const std::vector<Number>& numbers) {
  for (std::uint32_t output = 0; output < context_.output_count(); ++output) {
    const std::uint32_t channels = context_.channel_count(output);
    std::vector<std::unique_ptr<task::Numbers>> batches(channels);
    for (const Number number : numbers) {
      const std::uint32_t target = task::SubtaskOfNumber(number, channels);
      if (batches[target] == nullptr) {
        auto batch = context_.channel(output, target).TakeRecycled();
        if (batch == nullptr) batch = type_.NewBatch(context_.batch_capacity(output));
        batches[target].reset(static_cast<task::Numbers*>(batch.release()));
      }
      batches[target]->Next(0) = number;
    }
    for (std::uint32_t target = 0; target < channels; ++target) {
      if (batches[target] == nullptr) continue;
      context_.channel(output, target).Write(std::move(batches[target]));
      context_.channel(output, target).Flush();
    }
  }
}

void NumberedChain::Broadcast(const internal::ControlElement& element) {
  for (std::uint32_t output = 0; output < context_.output_count(); ++output) {
    for (std::uint32_t i = 0; i < context_.channel_count(output); ++i) {
      context_.channel(output, i).WriteControl(element);
    }
  }
}

Result<bool> NumberedChain::Finish() {
  Broadcast(internal::EndOfInput());
  ended_ = true;
  return true;
}

void NumberedChain::EmitBarrier(const internal::Barrier& barrier) {
  if (!ended_) Broadcast(barrier);
}

void NumberedChain::RestoreOperatorState(std::vector<internal::ChainedOperatorState> restored) {
  for (const internal::ChainedOperatorState& state : restored) {
    for (const internal::OperatorStateItems& items : state.states) {
      for (const StateItem& item : items.items) RestoreItem(item);
    }
  }
}

Result<std::vector<internal::ChainedOperatorState>> NumberedChain::SnapshotOperatorState(
    std::uint64_t checkpoint_id) {
  std::vector<internal::ChainedOperatorState> states;
  std::vector<StateItem> items = SnapshotItems(checkpoint_id);
  if (surroundings_.snapshot_fails()) return Status::UserError("the snapshot failed");
  if (StateName().empty()) return states;
  states.push_back(
      {.operator_index = 0, .states = {{.name = StateName(), .items = std::move(items)}}});
  return states;
}

Status SourceChain::Open() {
  if (splits_.empty()) RequestSplit();
  return Status::Ok();
}

void SourceChain::RequestSplit() {
  if (no_more_) return;
  context_.SendToCoordinator(0, internal::EncodeSourceMessage(SourceMessage::kRequestSplit));
  if (shape_.impatient) Pause();
}

void SourceChain::Pause() {
  context_.SetTimer(context_.processing_time_ms() +
                    surroundings_.time.Below(2 * shape_.pause_ms + 1));
}

Result<PollStatus> SourceChain::Poll() {
  if (pausing_) return PollStatus::kIdle;
  if (splits_.empty()) return no_more_ ? PollStatus::kEndOfInput : PollStatus::kIdle;
  SplitProgress& split = splits_.back();
  const Number block = 1 + surroundings_.time.Below(4);
  std::vector<Number> numbers;
  while (split.next < split.end && static_cast<Number>(numbers.size()) < block) {
    numbers.push_back(split.next++);
  }
  Emit(numbers);
  if (split.next == split.end) splits_.pop_back();
  if (splits_.empty()) RequestSplit();
  pausing_ = true;
  Pause();
  return PollStatus::kProgress;
}

Status SourceChain::OnCoordinatorEvent(std::uint32_t, std::string_view payload) {
  WEIR_ASSIGN_OR_RETURN(const internal::DecodedSourceMessage message,
                        internal::DecodeSourceMessage(payload));
  if (message.kind == SourceMessage::kNoMoreSplits) {
    no_more_ = true;
    return Status::Ok();
  }
  WEIR_ASSIGN_OR_RETURN(const auto splits,
                        Deserialize<std::vector<std::uint32_t>>(message.content));
  for (const std::uint32_t split : splits) splits_.push_back(WholeSplit(shape_, split));
  return Status::Ok();
}

Status SourceChain::OnProcessingTime(std::int64_t) {
  pausing_ = false;
  if (shape_.impatient && splits_.empty()) RequestSplit();
  return Status::Ok();
}

std::vector<StateItem> SourceChain::SnapshotItems(std::uint64_t) {
  std::vector<StateItem> items;
  for (const SplitProgress& split : splits_) items.push_back(EncodeItem(split));
  return items;
}

Status CountChain::OnBatch(std::uint32_t, internal::AnyBatch& any) {
  const auto& batch = static_cast<const task::Numbers&>(any);
  std::vector<Number> numbers;
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    if (!shape_.forward) table_.Count(batch[i]);
    numbers.push_back(batch[i]);
  }
  Emit(numbers);
  return Status::Ok();
}

std::vector<internal::ChainedKeyedTable> CountChain::keyed_tables() {
  if (shape_.forward) return {};
  internal::ChainedKeyedTable table = table_.Chained();
  table.operator_index = 0;
  return {std::move(table)};
}

Status SinkChain::Open() {
  for (const Committable& committable : committables_) Commit(committable.transaction);
  return Status::Ok();
}

Status SinkChain::OnBatch(std::uint32_t, internal::AnyBatch& any) {
  if (flushing_) surroundings_.outside.Violate("a sink got records while it prepared");
  const auto& batch = static_cast<const task::Numbers&>(any);
  for (std::uint32_t i = 0; i < batch.size(); ++i) open_.push_back(batch[i]);
  return Status::Ok();
}

Result<bool> SinkChain::PrepareCheckpoint(const internal::Barrier& barrier) {
  if (flushing_ != barrier.checkpoint_id) {
    flushing_ = barrier.checkpoint_id;
    flushed_ = false;
    surroundings_.time.After(surroundings_.outside_latency(),
                             [this, alive = std::weak_ptr(alive_), id = barrier.checkpoint_id,
                              availability = context_.availability()] {
                               if (alive.expired() || flushing_ != id) return;
                               flushed_ = true;
                               availability->NotifyAvailable();
                             });
  }
  return flushed_;
}

void SinkChain::PrepareOpenTransaction() {
  if (open_.empty()) return;
  committables_.push_back(
      {.transaction = surroundings_.outside.PrepareTransaction(std::exchange(open_, {}))});
}

std::vector<StateItem> SinkChain::SnapshotItems(std::uint64_t checkpoint_id) {
  flushing_.reset();
  PrepareOpenTransaction();
  std::vector<StateItem> items;
  for (Committable& committable : committables_) {
    // A checkpoint that failed commits nothing: the next one that completes does.
    if (committable.checkpoint_id == 0) committable.checkpoint_id = checkpoint_id;
    items.push_back(EncodeItem(committable));
  }
  return items;
}

Result<bool> SinkChain::Finish() {
  PrepareOpenTransaction();
  return NumberedChain::Finish();
}

bool SinkChain::AwaitsCheckpoint() const {
  return context_.checkpoints_enabled() && !committables_.empty();
}

Status SinkChain::NotifyCheckpointComplete(std::uint64_t checkpoint_id) {
  surroundings_.outside.HearComplete(checkpoint_id);
  for (const Committable& committable : committables_) {
    if (committable.checkpoint_id != 0 && committable.checkpoint_id <= checkpoint_id) {
      Commit(committable.transaction);
    }
  }
  return Status::Ok();
}

Status SinkChain::NotifyCheckpointAborted(std::uint64_t checkpoint_id) {
  if (flushing_ == checkpoint_id) flushing_.reset();
  return Status::Ok();
}

void SinkChain::Commit(std::uint64_t transaction) {
  surroundings_.time.After(
      surroundings_.outside_latency(),
      [this, alive = std::weak_ptr(alive_), transaction, availability = context_.availability()] {
        if (alive.expired()) return;
        surroundings_.outside.Commit(transaction);
        std::erase_if(committables_, [&](const Committable& committable) {
          return committable.transaction == transaction;
        });
        availability->NotifyAvailable();
      });
}

}  // namespace weir::simulation
