// All incoming channels of a task: takes their elements in turn, merges watermarks, counts ends of
// input and hands everything to the chain.
//
// One element of the channel whose turn it is per call; a channel with more goes to the end of the
// line. Watermarks and statuses are merged over all channels of all incoming edges that share an
// input number and are handed over with the smallest edge index among those. Called by the task's
// thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
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
  // The end of a channel that is recorded was read ahead; OnChannelEnd() follows when the chain has
  // heard of it.
  virtual void OnLastRecorded(std::uint32_t channel) = 0;
};

// Takes a copy of what a snapshot has to have of the channels. It may end the recording from
// within the call.
class ChannelRecorder {
 public:
  virtual ~ChannelRecorder() = default;
  // `edge`: index within the gate.
  virtual void OnBatch(std::uint32_t edge, const internal::AnyBatch& batch) = 0;
};

// What was under way when the state was taken that the task starts from.
struct RestoredBatch {
  std::uint32_t edge = 0;  // index within the gate
  std::unique_ptr<internal::AnyBatch> batch;
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

  // Before the first Deliver(): given to the chain before anything of the channels.
  void SetRestored(std::vector<RestoredBatch> restored);

  // From now on the recorder gets what these channels bring before the barrier of this checkpoint,
  // and before it what was read from them or restored and not yet given to the chain. Call
  // ReadAhead() while it says true, then go on with Deliver(). `recorder` lives until
  // StopRecording().
  void StartRecording(std::uint64_t checkpoint_id, const std::vector<std::uint32_t>& channels,
                      ChannelRecorder& recorder);
  // Its barrier has come, or its end.
  void StopRecording(std::uint32_t channel);
  void StopRecording();
  bool recording() const { return !recorded_.empty(); }
  // Takes one element out of a channel that is recorded, whether the chain can take it or not, and
  // so makes room for what is behind. False: there is none now.
  Result<bool> ReadAhead();

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
    bool recorded = false;  // from now on, as far as its barrier
    // Read ahead of the chain; the first `copied` of them were given to the recorder.
    std::deque<InputElement> ahead;
    std::size_t copied = 0;

    bool HasElement() const { return !ahead.empty() || channel->HasElement(); }
  };
  struct Input {
    std::uint32_t number = 0;
    std::uint32_t first_edge = 0;
    internal::WatermarkMerger merger{0};
  };

  void AddInputs(const std::vector<Edge>& edges);
  Result<bool> DeliverRestored(internal::Chain& chain);
  Result<bool> Next(std::uint32_t index, InputElement& element);
  Result<bool> ReadAheadFrom(std::uint32_t index);
  void CopyNext(std::uint32_t index);
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

  std::deque<RestoredBatch> restored_;  // the first `restored_copied_` were given to the recorder
  std::size_t restored_copied_ = 0;
  std::vector<std::uint32_t> recorded_;  // channels
  std::uint64_t recorded_checkpoint_ = 0;
  ChannelRecorder* recorder_ = nullptr;
};

}  // namespace weir::task
