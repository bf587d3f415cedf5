// When a task that reads several channels takes its snapshot: Chandy and Lamport's rule
// ("Distributed Snapshots", 1985) as Flink aligns barriers (SingleCheckpointBarrierHandler for
// exactly-once, CheckpointBarrierTracker for at-least-once). A pure state machine.
//
// The first barrier of a checkpoint begins its alignment; it is aligned when every channel has
// brought its barrier or has ended. Exactly-once: a channel that has brought it is blocked until
// the snapshot is taken, so that nothing behind a barrier gets into it. At-least-once: nothing is
// blocked, several checkpoints may be counted at once.
//
// Unaligned (exactly-once only): once the checkpoint is announced, by the coordinator or by a
// barrier that says so, the snapshot waits for no more barriers. What the channels bring until
// theirs is recorded, as in Chandy and Lamport's paper; Flink's barriers overtake instead, which
// needs the sender's queue as well. Alignment may have begun before the announcement.
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
    bool stop_recording = false;               // the event's channel
    std::optional<std::uint64_t> recorded;     // the checkpoint has all of its channels' records
    std::optional<internal::Barrier> aligned;  // take the snapshot, then unblock all channels
    // The same, and record what these channels bring until Outcome::stop_recording.
    std::optional<internal::Barrier> overtaken;
    std::vector<std::uint32_t> record;
    bool operator==(const Outcome&) const = default;
  };

  BarrierAligner(std::uint32_t channels, Mode mode);

  // `channel` is not blocked. One that has ended may bring barriers still: its sender takes part in
  // checkpoints until its last one is complete. They say that there is a checkpoint and no more.
  // After `aligned` no event of a channel comes before the snapshot was taken or given up.
  Outcome OnBarrier(std::uint32_t channel, const internal::Barrier& barrier);
  Outcome OnEnd(std::uint32_t channel);
  // The coordinator does not wait for barriers any more. Not between `aligned` or `overtaken` and
  // the snapshot. Means nothing to at-least-once.
  Outcome OnAnnounced(const internal::Barrier& barrier);
  // All that a recorded channel brings before its end was recorded; OnEnd() follows some time.
  Outcome OnLastRecorded(std::uint32_t channel);
  // The coordinator has given the checkpoint up. It is not in Outcome::given_up: who would be told
  // knows.
  Outcome OnAborted(std::uint64_t checkpoint_id);

  bool aligning() const { return !alignments_.empty(); }

  // Aborted checkpoints whose barriers have not come that are remembered.
  static constexpr std::size_t kMostAborted = 64;

 private:
  struct Alignment {
    internal::Barrier barrier;
    std::vector<bool> delivered;  // by channel
    std::uint32_t missing = 0;    // open channels that have not brought it
    bool announced = false;
    bool recording = false;  // the snapshot is taken, or is about to be
  };

  void GiveUpSkipped(std::uint32_t channel, std::uint64_t checkpoint_id, Outcome& outcome);
  void GiveUpRecorded(std::uint64_t checkpoint_id, Outcome& outcome);
  bool Begin(const internal::Barrier& barrier);
  void Overtake(Alignment& alignment, Outcome& outcome) const;

  const Mode mode_;
  std::vector<bool> ended_;
  std::uint32_t open_;
  std::uint64_t newest_ = 0;  // id of the last checkpoint that was begun or was aborted first
  std::deque<Alignment> alignments_;  // by id
  std::set<std::uint64_t> aborted_;   // newer than newest_
};

}  // namespace weir::task
