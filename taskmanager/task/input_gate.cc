#include "taskmanager/task/input_gate.h"

#include <algorithm>
#include <utility>

namespace weir::task {

InputGate::InputGate(std::vector<Edge> edges, std::shared_ptr<ReadyList> ready,
                     BarrierHandler& barriers, Counter& records_in)
    : ready_(std::move(ready)), barriers_(barriers), records_in_(records_in) {
  AddInputs(edges);
  std::vector<std::uint32_t> used(inputs_.size(), 0);
  for (std::uint32_t edge = 0; edge < edges.size(); ++edge) {
    std::uint32_t merger = 0;
    while (inputs_[merger].number != edges[edge].input_number) ++merger;
    for (auto& channel : edges[edge].channels) {
      channels_.push_back({.channel = std::move(channel),
                           .edge = edge,
                           .merger = merger,
                           .merger_channel = used[merger]++});
    }
    open_channels_of_edge_.push_back(static_cast<std::uint32_t>(edges[edge].channels.size()));
  }
  open_channels_ = static_cast<std::uint32_t>(channels_.size());
}

void InputGate::AddInputs(const std::vector<Edge>& edges) {
  for (std::uint32_t edge = 0; edge < edges.size(); ++edge) {
    const std::uint32_t number = edges[edge].input_number;
    const bool known = std::any_of(inputs_.begin(), inputs_.end(),
                                   [&](const Input& input) { return input.number == number; });
    if (known) continue;
    std::uint32_t channels = 0;
    for (const Edge& other : edges) {
      if (other.input_number == number) {
        channels += static_cast<std::uint32_t>(other.channels.size());
      }
    }
    inputs_.push_back(
        {.number = number, .first_edge = edge, .merger = internal::WatermarkMerger(channels)});
  }
}

Result<bool> InputGate::Deliver(internal::Chain& chain) {
  if (!restored_.empty()) [[unlikely]]
    return DeliverRestored(chain);
  for (;;) {
    const std::optional<std::uint32_t> index = ready_->Take();
    if (!index) return false;
    Channel& channel = channels_[*index];
    if (channel.blocked) [[unlikely]] {
      held_.push_back(*index);
      continue;
    }
    InputElement element;
    Result<bool> popped = Next(*index, element);
    if (!popped.ok()) return popped.status();
    // Back into the line before the chain runs: while it is parked others see the list as it is.
    if (channel.HasElement()) {
      ready_->Requeue(*index);
    } else {
      ready_->Release(*index);
      if (channel.HasElement()) ready_->Signal(*index);
    }
    if (!*popped) continue;
    if (element.batch != nullptr) {
      WEIR_RETURN_IF_ERROR(DeliverBatch(channel, std::move(element.batch), chain));
    } else {
      WEIR_RETURN_IF_ERROR(DeliverControl(*index, element.control, chain));
    }
    return true;
  }
}

Result<bool> InputGate::DeliverRestored(internal::Chain& chain) {
  if (recording() && restored_copied_ == 0) {
    recorder_->OnBatch(restored_.front().edge, *restored_.front().batch);
  } else if (restored_copied_ > 0) {
    --restored_copied_;
  }
  const RestoredBatch restored = std::move(restored_.front());
  restored_.pop_front();
  records_in_.Increment(restored.batch->size());
  WEIR_RETURN_IF_ERROR(chain.OnBatch(restored.edge, *restored.batch));
  return true;
}

// Of a channel that is recorded nothing gets past the recorder.
Result<bool> InputGate::Next(std::uint32_t index, InputElement& element) {
  Channel& channel = channels_[index];
  if (channel.recorded) [[unlikely]] {
    if (channel.ahead.empty()) WEIR_RETURN_IF_ERROR(ReadAheadFrom(index).status());
    if (channel.recorded && !channel.ahead.empty() && channel.copied == 0) CopyNext(index);
    if (channel.ahead.empty()) return false;
  }
  if (channel.ahead.empty()) return channel.channel->Pop(element);
  element = std::move(channel.ahead.front());
  channel.ahead.pop_front();
  if (channel.copied > 0) --channel.copied;
  return true;
}

Status InputGate::DeliverBatch(Channel& channel, std::unique_ptr<internal::AnyBatch> batch,
                               internal::Chain& chain) {
  if (channel.ended) return Status::Internal("a batch came after the end of its channel");
  records_in_.Increment(batch->size());
  WEIR_RETURN_IF_ERROR(chain.OnBatch(channel.edge, *batch));
  batch->Clear();
  channel.channel->Recycle(std::move(batch));
  return Status::Ok();
}

Status InputGate::DeliverControl(std::uint32_t index, const internal::ControlElement& element,
                                 internal::Chain& chain) {
  Channel& channel = channels_[index];
  if (const auto* barrier = std::get_if<internal::Barrier>(&element)) {
    barriers_.OnBarrier(index, *barrier);
    return Status::Ok();
  }
  if (channel.ended) return Status::Internal("a control element came after the end of its channel");
  Input& input = inputs_[channel.merger];
  if (const auto* watermark = std::get_if<internal::Watermark>(&element)) {
    return Announce(
        input, input.merger.OnWatermark(channel.merger_channel, watermark->timestamp_ms), chain);
  }
  if (const auto* status = std::get_if<internal::WatermarkStatus>(&element)) {
    return Announce(input, input.merger.OnStatus(channel.merger_channel, status->idle), chain);
  }
  return End(index, chain);
}

Status InputGate::Announce(const Input& input, const internal::WatermarkMerger::Outcome& outcome,
                           internal::Chain& chain) {
  if (outcome.became_active) {
    WEIR_RETURN_IF_ERROR(chain.OnWatermarkStatus(input.first_edge, {.idle = false}));
  }
  if (outcome.watermark_ms) {
    WEIR_RETURN_IF_ERROR(
        chain.OnWatermark(input.first_edge, {.timestamp_ms = *outcome.watermark_ms}));
  }
  if (outcome.became_idle) {
    WEIR_RETURN_IF_ERROR(chain.OnWatermarkStatus(input.first_edge, {.idle = true}));
  }
  return Status::Ok();
}

Status InputGate::End(std::uint32_t index, internal::Chain& chain) {
  Channel& channel = channels_[index];
  channel.ended = true;
  --open_channels_;
  Input& input = inputs_[channel.merger];
  WEIR_RETURN_IF_ERROR(Announce(input, input.merger.OnFinished(channel.merger_channel), chain));
  if (--open_channels_of_edge_[channel.edge] == 0) {
    WEIR_RETURN_IF_ERROR(chain.OnEndOfInput(channel.edge));
  }
  barriers_.OnChannelEnd(index);
  return Status::Ok();
}

void InputGate::UnblockAll() {
  for (Channel& channel : channels_) channel.blocked = false;
  for (const std::uint32_t index : held_) ready_->Requeue(index);
  held_.clear();
}

void InputGate::SetRestored(std::vector<RestoredBatch> restored) {
  for (RestoredBatch& each : restored) restored_.push_back(std::move(each));
}

void InputGate::StartRecording(std::uint64_t checkpoint_id,
                               const std::vector<std::uint32_t>& channels,
                               ChannelRecorder& recorder) {
  recorded_ = channels;
  recorded_checkpoint_ = checkpoint_id;
  recorder_ = &recorder;
  restored_copied_ = 0;
  for (const std::uint32_t index : channels) {
    channels_[index].recorded = true;
    channels_[index].copied = 0;
  }
}

void InputGate::StopRecording(std::uint32_t channel) {
  channels_[channel].recorded = false;
  channels_[channel].copied = 0;
  std::erase(recorded_, channel);
}

void InputGate::StopRecording() {
  while (!recorded_.empty()) StopRecording(recorded_.back());
  restored_copied_ = 0;
  recorder_ = nullptr;
}

Result<bool> InputGate::ReadAhead() {
  if (recording() && restored_copied_ < restored_.size()) {
    const RestoredBatch& restored = restored_[restored_copied_++];
    recorder_->OnBatch(restored.edge, *restored.batch);
    return true;
  }
  for (std::size_t i = 0; i < recorded_.size(); ++i) {
    const std::uint32_t index = recorded_[i];
    Channel& channel = channels_[index];
    if (channel.copied < channel.ahead.size()) {
      CopyNext(index);
      return true;
    }
    if (!channel.channel->HasElement()) continue;
    WEIR_ASSIGN_OR_RETURN(const bool read, ReadAheadFrom(index));
    if (read) return true;
  }
  return false;
}

Result<bool> InputGate::ReadAheadFrom(std::uint32_t index) {
  Channel& channel = channels_[index];
  InputElement element;
  WEIR_ASSIGN_OR_RETURN(const bool popped, channel.channel->Pop(element));
  if (!popped) return false;
  channel.ahead.push_back(std::move(element));
  ready_->Signal(index);
  if (channel.copied + 1 == channel.ahead.size()) CopyNext(index);
  return true;
}

void InputGate::CopyNext(std::uint32_t index) {
  Channel& channel = channels_[index];
  const InputElement& element = channel.ahead[channel.copied++];
  // What is called may end the recording of the channel: nothing follows.
  if (element.batch != nullptr) return recorder_->OnBatch(channel.edge, *element.batch);
  if (std::holds_alternative<internal::EndOfInput>(element.control)) {
    return barriers_.OnLastRecorded(index);
  }
  const auto* barrier = std::get_if<internal::Barrier>(&element.control);
  if (barrier == nullptr || barrier->checkpoint_id != recorded_checkpoint_) return;
  // It says nothing when its turn comes once more, behind what was read before it.
  const internal::Barrier copy = *barrier;
  barriers_.OnBarrier(index, copy);
}

std::int64_t InputGate::watermark_ms() const {
  std::int64_t smallest = internal::kMaximumWatermark;
  for (const Input& input : inputs_) smallest = std::min(smallest, input.merger.watermark_ms());
  return smallest;
}

void InputGate::Close() {
  StopRecording();
  restored_.clear();
  held_.clear();
  channels_.clear();
}

}  // namespace weir::task
