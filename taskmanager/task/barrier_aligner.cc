#include "taskmanager/task/barrier_aligner.h"

#include <algorithm>
#include <utility>

namespace weir::task {

using internal::Barrier;

BarrierAligner::BarrierAligner(std::uint32_t channels, Mode mode)
    : mode_(mode), ended_(channels, false), open_(channels) {}

void BarrierAligner::GiveUpSkipped(std::uint32_t channel, std::uint64_t checkpoint_id,
                                   Outcome& outcome) {
  std::erase_if(alignments_, [&](const Alignment& alignment) {
    const std::uint64_t id = alignment.barrier.checkpoint_id;
    if (id >= checkpoint_id || alignment.delivered[channel]) return false;
    outcome.given_up.push_back(id);
    return true;
  });
  outcome.unblock = mode_ == Mode::kExactlyOnce && !outcome.given_up.empty();
}

// False: the barrier is late.
bool BarrierAligner::Begin(const Barrier& barrier) {
  if (barrier.checkpoint_id <= newest_) return false;
  newest_ = barrier.checkpoint_id;
  const bool aborted = aborted_.contains(newest_);
  aborted_.erase(aborted_.begin(), aborted_.upper_bound(newest_));
  if (aborted) return false;
  alignments_.push_back(
      {.barrier = barrier, .delivered = std::vector<bool>(ended_.size()), .missing = open_});
  return true;
}

// With a newer one everywhere on its way, the channels that are still recorded may never bring the
// older barrier.
void BarrierAligner::GiveUpRecorded(std::uint64_t checkpoint_id, Outcome& outcome) {
  std::erase_if(alignments_, [&](const Alignment& alignment) {
    if (!alignment.recording || alignment.barrier.checkpoint_id >= checkpoint_id) return false;
    outcome.given_up.push_back(alignment.barrier.checkpoint_id);
    return true;
  });
}

void BarrierAligner::Overtake(Alignment& alignment, Outcome& outcome) const {
  if (!alignment.announced || alignment.recording) return;
  std::vector<std::uint32_t> record;
  for (std::uint32_t channel = 0; channel < ended_.size(); ++channel) {
    if (!ended_[channel] && !alignment.delivered[channel]) record.push_back(channel);
  }
  alignment.recording = true;
  outcome.overtaken = alignment.barrier;
  outcome.overtaken->unaligned = true;
  outcome.record = std::move(record);
}

BarrierAligner::Outcome BarrierAligner::OnBarrier(std::uint32_t channel, const Barrier& barrier) {
  Outcome outcome;
  if (!ended_[channel]) GiveUpSkipped(channel, barrier.checkpoint_id, outcome);
  auto alignment = std::find_if(alignments_.begin(), alignments_.end(), [&](const Alignment& each) {
    return each.barrier.checkpoint_id == barrier.checkpoint_id;
  });
  if (alignment == alignments_.end()) {
    outcome.began = Begin(barrier);
    if (!outcome.began) return outcome;
    GiveUpRecorded(barrier.checkpoint_id, outcome);
    alignment = std::prev(alignments_.end());
  }
  alignment->announced |= barrier.unaligned && mode_ == Mode::kExactlyOnce;
  if (!alignment->delivered[channel]) {
    alignment->delivered[channel] = true;
    if (!ended_[channel]) --alignment->missing;
    outcome.stop_recording = alignment->recording && !ended_[channel];
    // Nothing apart from barriers comes from one that has ended, and its end has unblocked nobody.
    outcome.block = mode_ == Mode::kExactlyOnce && !alignment->recording && !ended_[channel];
  } else if (alignment->recording) {
    return outcome;
  }
  if (alignment->missing > 0) {
    Overtake(*alignment, outcome);
    return outcome;
  }
  if (alignment->recording) {
    outcome.recorded = alignment->barrier.checkpoint_id;
  } else {
    outcome.aligned = alignment->barrier;
  }
  alignments_.erase(alignment);
  return outcome;
}

BarrierAligner::Outcome BarrierAligner::OnEnd(std::uint32_t channel) {
  Outcome outcome;
  ended_[channel] = true;
  --open_;
  // An end stands for all barriers to come. Where it completes several, the newest says it all.
  for (auto each = alignments_.begin(); each != alignments_.end();) {
    if (each->delivered[channel]) {
      ++each;
      continue;
    }
    outcome.stop_recording |= each->recording;
    if (--each->missing > 0) {
      Overtake(*each, outcome);
      ++each;
      continue;
    }
    if (each->recording) {
      outcome.recorded = each->barrier.checkpoint_id;
    } else {
      if (outcome.aligned) outcome.given_up.push_back(outcome.aligned->checkpoint_id);
      outcome.aligned = each->barrier;
    }
    each = alignments_.erase(each);
  }
  return outcome;
}

BarrierAligner::Outcome BarrierAligner::OnLastRecorded(std::uint32_t channel) {
  Outcome outcome;
  const auto recorded = std::find_if(
      alignments_.begin(), alignments_.end(),
      [&](const Alignment& each) { return each.recording && !each.delivered[channel]; });
  if (recorded == alignments_.end()) return outcome;
  recorded->delivered[channel] = true;
  outcome.stop_recording = true;
  if (--recorded->missing > 0) return outcome;
  outcome.recorded = recorded->barrier.checkpoint_id;
  alignments_.erase(recorded);
  return outcome;
}

BarrierAligner::Outcome BarrierAligner::OnAnnounced(const Barrier& barrier) {
  Outcome outcome;
  if (mode_ == Mode::kAtLeastOnce) return outcome;
  if (barrier.checkpoint_id > newest_) {
    outcome.began = Begin(barrier);
    if (!outcome.began) return outcome;
    // No two are under way at once: the coordinator has given up what is older.
    while (alignments_.size() > 1) {
      outcome.given_up.push_back(alignments_.front().barrier.checkpoint_id);
      outcome.unblock |= !alignments_.front().recording;
      alignments_.pop_front();
    }
    if (open_ == 0) {
      outcome.aligned = barrier;
      alignments_.clear();
      return outcome;
    }
  }
  if (alignments_.empty() || alignments_.back().barrier.checkpoint_id != barrier.checkpoint_id) {
    return outcome;
  }
  alignments_.back().announced = true;
  Overtake(alignments_.back(), outcome);
  return outcome;
}

BarrierAligner::Outcome BarrierAligner::OnAborted(std::uint64_t checkpoint_id) {
  Outcome outcome;
  if (checkpoint_id > newest_) {
    aborted_.insert(checkpoint_id);
    if (aborted_.size() > kMostAborted) aborted_.erase(aborted_.begin());
    return outcome;
  }
  const auto alignment = std::find_if(
      alignments_.begin(), alignments_.end(),
      [&](const Alignment& each) { return each.barrier.checkpoint_id == checkpoint_id; });
  if (alignment == alignments_.end()) return outcome;
  // One that only ended channels have brought blocks nobody; another one may.
  for (std::size_t channel = 0; channel < ended_.size(); ++channel) {
    outcome.unblock |= mode_ == Mode::kExactlyOnce && !alignment->recording &&
                       alignment->delivered[channel] && !ended_[channel];
  }
  alignments_.erase(alignment);
  return outcome;
}

}  // namespace weir::task
