// Which operators of a chain want to be called when, on the one timer that a chain has.
//
// One time per operator: what has many timers (windows, Process functions) keeps them itself and
// sets the first. The task's thread.
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
      : chain_(chain), times_ms_(operator_count, kNoTimer) {}

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
};

}  // namespace weir::internal
