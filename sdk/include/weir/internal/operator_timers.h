// Which operators of a chain want to be called when, on the one timer that a chain has.
//
// One time per operator: what has many timers (windows, Process functions) keeps them itself
// (internal/timers/) and sets the first; while a burst of them is being fired, it says so here. The
// task's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/status.h>

namespace weir::internal {

class OperatorTimers {
 public:
  // `chain` outlives it.
  OperatorTimers(ChainContext& chain, std::uint32_t operator_count)
      : chain_(chain), times_ms_(operator_count, kNoTimer), due_(operator_count, false) {}

  // Operator::OnProcessingTime() is called once processing time has reached `time_ms`. Replaces the
  // operator's earlier time; kNoTimer: it is not called.
  void Set(std::uint32_t operator_index, std::int64_t time_ms) {
    times_ms_[operator_index] = time_ms;
    Arm();
  }

  // The chain's timer was due. `Status call(operator_index, now_ms)` for each operator whose time
  // has come, the head first; their times are forgotten, and may be set again inside. Stops at the
  // first error.
  template <class Call>
  Status Fire(std::int64_t now_ms, Call&& call) {
    // The time was waited for, whatever a wall clock that was set back meanwhile says: else what is
    // periodic would stand still for as long as it was set back.
    if (armed_ms_ != kNoTimer) now_ms = std::max(now_ms, armed_ms_);
    armed_ms_ = kNoTimer;  // the engine has forgotten it
    for (std::uint32_t i = 0; i < times_ms_.size(); ++i) {
      if (times_ms_[i] == kNoTimer || times_ms_[i] > now_ms) continue;
      times_ms_[i] = kNoTimer;
      WEIR_RETURN_IF_ERROR(call(i, now_ms));
    }
    Arm();
    return Status::Ok();
  }

  // Whether timers of the operator are due that it has not fired yet.
  void SetDue(std::uint32_t operator_index, bool due) {
    if (due_[operator_index] == due) return;
    due_[operator_index] = due;
    due_count_ += due ? 1 : -1;
  }
  bool any_due() const { return due_count_ > 0; }
  // The last operator with due timers: it goes first, so that what operators before it emit finds
  // it ready. any_due() holds.
  std::uint32_t last_due() const {
    auto index = static_cast<std::uint32_t>(due_.size()) - 1;
    while (!due_[index]) --index;
    return index;
  }

 private:
  void Arm() {
    const std::int64_t first_ms = *std::min_element(times_ms_.begin(), times_ms_.end());
    if (first_ms == armed_ms_) return;
    armed_ms_ = first_ms;
    chain_.SetTimer(first_ms);
  }

  ChainContext& chain_;
  std::vector<std::int64_t> times_ms_;  // by operator
  std::int64_t armed_ms_ = kNoTimer;
  std::vector<bool> due_;  // by operator
  int due_count_ = 0;
};

}  // namespace weir::internal
