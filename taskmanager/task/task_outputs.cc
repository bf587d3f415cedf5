#include "taskmanager/task/task_outputs.h"

#include <algorithm>
#include <utility>

namespace weir::task {

void QueuedOutputChannel::Write(std::unique_ptr<internal::AnyBatch> batch) {
  OutputHost& host = outputs_.host();
  if (host.dropping()) return;
  if (ended_) {
    host.FailTask(Status::Internal("records were emitted after the end of the output"));
    return;
  }
  outputs_.records_out_.Increment(batch->size());
  if (queue_.empty() && TakesWholeBatch()) {
    SendWhole(std::move(batch));
    host.AfterWrite();
    return;
  }
  if (!outputs_.HasRoom()) {
    host.WaitForRoom(*this);
    if (host.dropping()) return;
    if (queue_.empty() && TakesWholeBatch()) {
      SendWhole(std::move(batch));
      return;
    }
  }
  queue_.PushBatch(std::move(batch));
  ++outputs_.held_batches_;
  if (!Drain()) outputs_.List(*this);
  host.AfterWrite();
}

void QueuedOutputChannel::WriteControl(const internal::ControlElement& element) {
  if (outputs_.host().dropping()) return;
  if (ended_ && !std::holds_alternative<internal::Barrier>(element)) return;
  if (const auto* watermark = std::get_if<internal::Watermark>(&element)) {
    outputs_.watermark_ms_.store(watermark->timestamp_ms, std::memory_order_relaxed);
  }
  if (std::holds_alternative<internal::EndOfInput>(element)) ended_ = true;
  if (queue_.empty() && TrySendControl(element)) return;
  queue_.PushControl(element);
  outputs_.List(*this);
}

void QueuedOutputChannel::Flush() {
  if (outputs_.host().dropping() || !WantFlush()) return;
  if (!Drain()) outputs_.List(*this);
}

std::unique_ptr<internal::AnyBatch> QueuedOutputChannel::PopHeld() {
  std::unique_ptr<internal::AnyBatch> batch = queue_.PopFront();
  if (batch != nullptr) --outputs_.held_batches_;
  return batch;
}

void TaskOutputs::AddOutput(std::vector<std::unique_ptr<QueuedOutputChannel>> channels) {
  outputs_.push_back(std::move(channels));
}

void TaskOutputs::NoteUnpushed(QueuedOutputChannel& channel) {
  if (std::exchange(channel.unpushed_noted_, true)) return;
  unpushed_.push_back(&channel);
}

void TaskOutputs::PushAll() {
  for (QueuedOutputChannel* channel : unpushed_) {
    channel->unpushed_noted_ = false;
    channel->Push();
  }
  unpushed_.clear();
}

void TaskOutputs::List(QueuedOutputChannel& channel) {
  PushAll();
  if (channel.listed_) return;
  channel.listed_ = true;
  listed_.push_back(&channel);
}

bool TaskOutputs::Drain() {
  if (listed_.empty()) return true;
  std::erase_if(listed_, [](QueuedOutputChannel* channel) {
    if (!channel->Drain()) return false;
    channel->listed_ = false;
    return true;
  });
  return held_batches_ == 0;
}

void TaskOutputs::WriteControl(const internal::ControlElement& element) {
  for (const auto& channels : outputs_) {
    for (const auto& channel : channels) channel->WriteControl(element);
  }
}

void TaskOutputs::Close() {
  listed_.clear();
  unpushed_.clear();
  held_batches_ = 0;
  outputs_.clear();
}

std::uint32_t LocalCredits(std::uint32_t channel_count, std::uint32_t most) {
  constexpr std::uint32_t kBudgetOfAnOutput = 32;
  if (channel_count == 0) return most;
  return std::min(most, std::max<std::uint32_t>(2, kBudgetOfAnOutput / channel_count));
}

std::uint32_t BatchCapacity(std::uint32_t channel_count, std::uint32_t budget_records) {
  if (channel_count == 0) return internal::kMaximumBatchCapacity;
  return std::clamp(budget_records / channel_count, internal::kMinimumBatchCapacity,
                    internal::kMaximumBatchCapacity);
}

}  // namespace weir::task
