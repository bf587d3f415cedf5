// All incoming channels of a task: takes their elements in turn, merges watermarks, counts ends of
// input and hands everything to the chain.
//
// One element of the channel whose turn it is per call; a channel with more goes to the end of the
// line. Watermarks and statuses are merged over all channels of all incoming edges that share an
// input number and are handed over with the smallest edge index among those. Called by the task's
// thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/internal/watermark_merger.h>

#include "taskmanager/task/input_channel.h"
#include "taskmanager/task/ready_list.h"

namespace weir::task {

// Decides what barriers do. Called by the task's thread, from within Deliver().
class BarrierHandler {
 public:
  virtual ~BarrierHandler() = default;
  virtual void OnBarrier(std::uint32_t channel, const internal::Barrier& barrier) = 0;
  // The chain has heard of it already.
  virtual void OnChannelEnd(std::uint32_t channel) = 0;
};

class InputGate {
 public:
  struct Edge {
    std::uint32_t input_number = 0;  // JobEdge::target_input
    std::vector<std::unique_ptr<InputChannel>> channels;
  };

  // Channels are numbered through, edge by edge: those numbers are the ready list's. `barriers` and
  // `records_in` live longer.
  InputGate(std::vector<Edge> edges, std::shared_ptr<ReadyList> ready, BarrierHandler& barriers,
            Counter& records_in);

  // Gives the next element to the chain. False: there is none. What the chain says or throws comes
  // out.
  Result<bool> Deliver(internal::Chain& chain);

  // Takes nothing from the channel until all are unblocked.
  void Block(std::uint32_t channel) { channels_[channel].blocked = true; }
  void UnblockAll();

  std::uint32_t channel_count() const { return static_cast<std::uint32_t>(channels_.size()); }
  // Every channel has ended. Barriers may still come.
  bool ended() const { return open_channels_ == 0; }
  // The smallest merged watermark over the inputs.
  std::int64_t watermark_ms() const;
  // Gives up the channels.
  void Close();

 private:
  struct Channel {
    std::unique_ptr<InputChannel> channel;
    std::uint32_t edge = 0;
    std::uint32_t merger = 0;          // index into inputs_
    std::uint32_t merger_channel = 0;  // index within that merger
    bool ended = false;
    bool blocked = false;
  };
  struct Input {
    std::uint32_t number = 0;
    std::uint32_t first_edge = 0;
    internal::WatermarkMerger merger{0};
  };

  void AddInputs(const std::vector<Edge>& edges);
  Status DeliverBatch(Channel& channel, std::unique_ptr<internal::AnyBatch> batch,
                      internal::Chain& chain);
  Status DeliverControl(std::uint32_t index, const internal::ControlElement& element,
                        internal::Chain& chain);
  Status Announce(const Input& input, const internal::WatermarkMerger::Outcome& outcome,
                  internal::Chain& chain);
  Status End(std::uint32_t index, internal::Chain& chain);

  const std::shared_ptr<ReadyList> ready_;
  BarrierHandler& barriers_;
  Counter& records_in_;
  std::vector<Channel> channels_;
  std::vector<Input> inputs_;
  std::vector<std::uint32_t> open_channels_of_edge_;
  std::uint32_t open_channels_ = 0;
  // Blocked channels that have something to read: out of the ready list's line, and not signaled
  // meanwhile.
  std::vector<std::uint32_t> held_;
};

}  // namespace weir::task
