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
  for (;;) {
    const std::optional<std::uint32_t> index = ready_->Take();
    if (!index) return false;
    Channel& channel = channels_[*index];
    if (channel.blocked) [[unlikely]] {
      held_.push_back(*index);
      continue;
    }
    InputElement element;
    Result<bool> popped = channel.channel->Pop(element);
    if (!popped.ok()) return popped.status();
    // Back into the line before the chain runs: while it is parked others see the list as it is.
    if (channel.channel->HasElement()) {
      ready_->Requeue(*index);
    } else {
      ready_->Release(*index);
      if (channel.channel->HasElement()) ready_->Signal(*index);
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

std::int64_t InputGate::watermark_ms() const {
  std::int64_t smallest = internal::kMaximumWatermark;
  for (const Input& input : inputs_) smallest = std::min(smallest, input.merger.watermark_ms());
  return smallest;
}

void InputGate::Close() {
  held_.clear();
  channels_.clear();
}

}  // namespace weir::task
