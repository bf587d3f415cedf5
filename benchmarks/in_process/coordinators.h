// The split enumerators of a job whose subtasks run in this process: their events are carried over
// by whoever drives the subtasks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/internal/compiled_job.h>
#include <weir/internal/coordinator.h>
#include <weir/status.h>

namespace benchmarks {

// One thread.
class Coordinators {
 public:
  // Takes an event to a subtask.
  using Deliver = std::function<void(std::uint32_t vertex, std::uint32_t operator_index,
                                     std::uint32_t subtask, std::string payload)>;

  Coordinators(const weir::internal::CompiledJob& job, Deliver deliver);
  ~Coordinators();

  weir::Status Start();
  weir::Status SubtaskReady(std::uint32_t vertex, std::uint32_t subtask);
  weir::Status OnEvent(std::uint32_t vertex, std::uint32_t operator_index, std::uint32_t subtask,
                       std::string_view payload);

 private:
  class Context;
  struct Hosted {
    std::unique_ptr<Context> context;
    std::unique_ptr<weir::internal::OperatorCoordinator> coordinator;
  };
  // The first thing that a coordinator failed the job with.
  weir::Status Failure() const;

  std::map<std::pair<std::uint32_t, std::uint32_t>, Hosted> hosted_;  // by vertex and operator
};

}  // namespace benchmarks
