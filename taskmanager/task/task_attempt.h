// Which subtask, and which try of it.
#pragma once

#include <compare>
#include <cstdint>

namespace weir::task {

// One attempt of one subtask of a job.
struct TaskAttempt {
  std::uint32_t vertex = 0;
  std::uint32_t subtask = 0;
  std::uint32_t attempt = 0;
  auto operator<=>(const TaskAttempt&) const = default;
};

}  // namespace weir::task
