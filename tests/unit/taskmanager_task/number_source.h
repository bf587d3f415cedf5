// A source of numbers with its place in the input as its state.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "tests/unit/taskmanager_task/checkpoint_cluster.h"
#include "tests/unit/taskmanager_task/counting_table.h"

namespace weir::task {

// 0 … distinct-1, again and again, each to the subtask of its key: up to `stop` of them, and there
// it waits. Must outlive the chains that its hooks are given to.
class NumberSource {
 public:
  NumberSource(Number stop, Number distinct, std::uint32_t parallelism)
      : stop_(stop), distinct_(distinct), parallelism_(parallelism) {}

  // From any thread.
  void GoOnTo(Number stop) { stop_ = stop; }
  void End() { ended_ = true; }

  ChainHooks Hooks() {
    auto place = std::make_shared<Number>(0);
    ChainHooks hooks;
    hooks.poll = [this, place](TestChain& chain) -> Result<internal::PollStatus> {
      if (*place >= stop_) {
        return ended_ ? internal::PollStatus::kEndOfInput : internal::PollStatus::kIdle;
      }
      const Number number = *place % distinct_;
      chain.EmitTo(0, SubtaskOfNumber(number, parallelism_), number);
      ++*place;
      return internal::PollStatus::kProgress;
    };
    hooks.checkpoint.snapshot =
        [place](std::uint64_t) -> Result<std::vector<internal::ChainedOperatorState>> {
      return Total{.count = static_cast<std::uint64_t>(*place)}.ToState();
    };
    hooks.checkpoint.restore = [place](const std::vector<internal::ChainedOperatorState>& states) {
      *place = static_cast<Number>(Total::Of(states.at(0).states).count);
    };
    return hooks;
  }

 private:
  std::atomic<Number> stop_;
  const Number distinct_;
  const std::uint32_t parallelism_;
  std::atomic<bool> ended_{false};
};

}  // namespace weir::task
