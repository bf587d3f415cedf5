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
    if (id >= checkpoint_id || alignment.arrived[channel]) return false;
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
  alignments_.push_back({.barrier = barrier,
                         .delivered = std::vector<bool>(ended_.size()),
                         .missing = open_,
                         .arrived = std::vector<bool>(ended_.size()),
                         .under_way = open_});
  return true;
}

BarrierAligner::Alignment* BarrierAligner::Find(std::uint64_t checkpoint_id) {
  for (Alignment& each : alignments_) {
    if (each.barrier.checkpoint_id == checkpoint_id) return &each;
  }
  return nullptr;
}

void BarrierAligner::Erase(std::uint64_t checkpoint_id) {
  std::erase_if(alignments_,
                [&](const Alignment& each) { return each.barrier.checkpoint_id == checkpoint_id; });
}

BarrierAligner::Alignment* BarrierAligner::FindOrBegin(const Barrier& barrier, Outcome& outcome) {
  if (Alignment* found = Find(barrier.checkpoint_id)) return found;
  outcome.began = Begin(barrier);
  return outcome.began ? &alignments_.back() : nullptr;
}

void BarrierAligner::MarkArrived(Alignment& alignment, std::uint32_t channel) {
  if (alignment.arrived[channel]) return;
  alignment.arrived[channel] = true;
  if (!ended_[channel]) --alignment.under_way;
}

void BarrierAligner::EndIfRecorded(std::uint64_t checkpoint_id, Outcome& outcome) {
  const Alignment& alignment = *Find(checkpoint_id);
  if (!alignment.overtaken || alignment.under_way > 0) return;
  outcome.recorded = checkpoint_id;
  Erase(checkpoint_id);
}

BarrierAligner::Outcome BarrierAligner::OnArrived(std::uint32_t channel, const Barrier& barrier) {
  Outcome outcome;
  if (!ended_[channel]) GiveUpSkipped(channel, barrier.checkpoint_id, outcome);
  Alignment* alignment = FindOrBegin(barrier, outcome);
  if (alignment == nullptr) return outcome;
  MarkArrived(*alignment, channel);
  EndIfRecorded(barrier.checkpoint_id, outcome);
  return outcome;
}

bool BarrierAligner::CanOvertake(std::uint64_t checkpoint_id) {
  const Alignment* alignment = Find(checkpoint_id);
  return alignment != nullptr && !alignment->overtaken;
}

std::vector<bool> BarrierAligner::Delivered(std::uint64_t checkpoint_id) {
  std::vector<bool> delivered = Find(checkpoint_id)->delivered;
  for (std::size_t i = 0; i < ended_.size(); ++i) delivered[i] = delivered[i] || ended_[i];
  return delivered;
}

BarrierAligner::Outcome BarrierAligner::Overtake(std::uint64_t checkpoint_id) {
  Outcome outcome;
  // The task's snapshot of this one is its last word on all before.
  std::erase_if(alignments_, [&](const Alignment& each) {
    if (each.barrier.checkpoint_id >= checkpoint_id) return false;
    outcome.given_up.push_back(each.barrier.checkpoint_id);
    return true;
  });
  Find(checkpoint_id)->overtaken = true;
  EndIfRecorded(checkpoint_id, outcome);
  return outcome;
}

BarrierAligner::Outcome BarrierAligner::OnBarrier(std::uint32_t channel, const Barrier& barrier) {
  Outcome outcome;
  if (!ended_[channel]) GiveUpSkipped(channel, barrier.checkpoint_id, outcome);
  Alignment* alignment = FindOrBegin(barrier, outcome);
  if (alignment == nullptr || alignment->delivered[channel]) return outcome;
  MarkArrived(*alignment, channel);
  alignment->delivered[channel] = true;
  if (alignment->overtaken) {
    if (!ended_[channel]) --alignment->missing;
    EndIfRecorded(barrier.checkpoint_id, outcome);
    return outcome;
  }
  // Nothing apart from barriers comes from one that has ended, and its end has unblocked nobody.
  outcome.block = mode_ == Mode::kExactlyOnce && !ended_[channel];
  if (!ended_[channel]) --alignment->missing;
  if (alignment->missing > 0) return outcome;
  outcome.aligned = alignment->barrier;
  Erase(barrier.checkpoint_id);
  return outcome;
}

BarrierAligner::Outcome BarrierAligner::OnEnd(std::uint32_t channel) {
  Outcome outcome;
  ended_[channel] = true;
  --open_;
  // An end stands for all barriers to come. Where it completes several, the newest says it all.
  for (auto each = alignments_.begin(); each != alignments_.end();) {
    if (!each->arrived[channel]) --each->under_way;
    const bool brought = each->delivered[channel];
    if (!brought) --each->missing;
    if (each->overtaken ? each->under_way > 0 : brought || each->missing > 0) {
      ++each;
      continue;
    }
    if (each->overtaken) {
      outcome.recorded = each->barrier.checkpoint_id;
      each = alignments_.erase(each);
      continue;
    }
    if (outcome.aligned) outcome.given_up.push_back(outcome.aligned->checkpoint_id);
    outcome.aligned = each->barrier;
    each = alignments_.erase(each);
  }
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
    outcome.unblock |=
        mode_ == Mode::kExactlyOnce && alignment->delivered[channel] && !ended_[channel];
  }
  alignments_.erase(alignment);
  return outcome;
}

}  // namespace weir::task
