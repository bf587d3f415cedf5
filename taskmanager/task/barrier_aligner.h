// When a task that reads several channels takes its snapshot: Chandy and Lamport's rule
// ("Distributed Snapshots", 1985) as Flink aligns barriers (SingleCheckpointBarrierHandler for
// exactly-once, CheckpointBarrierTracker for at-least-once). A pure state machine.
//
// The first barrier of a checkpoint begins its alignment; it is aligned when every channel has
// brought its barrier or has ended. Exactly-once: a channel that has brought it is blocked until
// the snapshot is taken, so that nothing behind a barrier gets into it. At-least-once: nothing is
// blocked, several checkpoints may be counted at once.
//
// A barrier that may overtake is known of when it has *arrived*, before what stands in front of it
// was read. An alignment can be overtaken at any time (Flink's
// AlternatingWaitingForFirstBarrierUnaligned, after a time-out its AlternatingCollectingBarriers):
// the snapshot is taken at once, nothing is blocked any more, and what comes before the barriers is
// recorded until the last one has arrived.
//
// Barriers of a channel come in the order of their ids. So a channel that brings a newer one will
// not bring an older one any more: the older alignment is given up. Barriers of checkpoints that
// are aligned, given up or aborted already are late and mean nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include <weir/internal/control_element.h>

namespace weir::task {

class BarrierAligner {
 public:
  enum class Mode : std::uint8_t { kExactlyOnce, kAtLeastOnce };

  // What follows from an event, to be done in the order of the fields.
  struct Outcome {
    std::vector<std::uint64_t> given_up;       // these will not be aligned: decline them
    bool unblock = false;                      // all channels that are blocked
    bool began = false;                        // the event's barrier is the first of its checkpoint
    bool block = false;                        // the event's channel
    std::optional<internal::Barrier> aligned;  // take the snapshot, then unblock all channels
    // Of a checkpoint that was overtaken the last barrier has arrived: nothing more is recorded.
    std::optional<std::uint64_t> recorded;
    bool operator==(const Outcome&) const = default;
  };

  BarrierAligner(std::uint32_t channels, Mode mode);

  // `channel` is not blocked. One that has ended may bring barriers still: its sender takes part in
  // checkpoints until its last one is complete. They say that there is a checkpoint and no more.
  // After `aligned` no event of a channel comes before the snapshot was taken or given up.
  Outcome OnBarrier(std::uint32_t channel, const internal::Barrier& barrier);
  Outcome OnEnd(std::uint32_t channel);
  // The barrier, or the channel's end, is among what was not read. Exactly-once only. Says what
  // began, what was given up and what was recorded.
  Outcome OnArrived(std::uint32_t channel, const internal::Barrier& barrier);
  // It is waited for no longer. It is being aligned, and was not overtaken. Take the snapshot, then
  // unblock all channels. Only `given_up`, of older ones, and `recorded` may be set.
  Outcome Overtake(std::uint64_t checkpoint_id);
  // By channel: whether the barrier was read or the channel has ended.
  std::vector<bool> Delivered(std::uint64_t checkpoint_id);
  // The coordinator has given the checkpoint up. It is not in Outcome::given_up: who would be told
  // knows.
  Outcome OnAborted(std::uint64_t checkpoint_id);

  bool aligning() const { return !alignments_.empty(); }
  // Whether it is being aligned and was not overtaken.
  bool CanOvertake(std::uint64_t checkpoint_id);

  // Aborted checkpoints whose barriers have not come that are remembered.
  static constexpr std::size_t kMostAborted = 64;

 private:
  struct Alignment {
    internal::Barrier barrier;
    std::vector<bool> delivered;  // by channel
    std::uint32_t missing = 0;    // open channels that have not brought it
    std::vector<bool> arrived;    // by channel; what was delivered has arrived
    std::uint32_t under_way = 0;  // open channels where it has not arrived
    bool overtaken = false;
  };

  void GiveUpSkipped(std::uint32_t channel, std::uint64_t checkpoint_id, Outcome& outcome);
  // Null: the barrier is late.
  Alignment* FindOrBegin(const internal::Barrier& barrier, Outcome& outcome);
  bool Begin(const internal::Barrier& barrier);
  void MarkArrived(Alignment& alignment, std::uint32_t channel);
  void EndIfRecorded(std::uint64_t checkpoint_id, Outcome& outcome);
  Alignment* Find(std::uint64_t checkpoint_id);
  void Erase(std::uint64_t checkpoint_id);

  const Mode mode_;
  std::vector<bool> ended_;
  std::uint32_t open_;
  std::uint64_t newest_ = 0;  // id of the last checkpoint that was begun or was aborted first
  std::deque<Alignment> alignments_;  // by id
  std::set<std::uint64_t> aborted_;   // newer than newest_
};

}  // namespace weir::task
