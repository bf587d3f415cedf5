// A compiled job: its JobGraph, and the factories for what runs of it. Made inside the plugin.
#pragma once

#include <cstdint>
#include <memory>

#include <weir/internal/chain.h>
#include <weir/internal/channel.h>
#include <weir/internal/coordinator.h>
#include <weir/internal/job_graph.h>

namespace weir::internal {

// Const and thread-safe: user functions in it are pristine prototypes, copied for each chain.
class CompiledJob {
 public:
  virtual ~CompiledJob() = default;
  virtual const JobGraph& graph() const = 0;
  // A chain for one subtask of `vertex`; not opened yet.
  virtual std::unique_ptr<Chain> CreateChain(std::uint32_t vertex, ChainContext& context) const = 0;
  // For an operator with has_coordinator.
  virtual std::unique_ptr<OperatorCoordinator> CreateCoordinator(
      std::uint32_t vertex, std::uint32_t operator_index, CoordinatorContext& context) const = 0;
  // By index into JobGraph::edges. Lives as long as the job.
  virtual const ChannelType& channel_type(std::uint32_t edge) const = 0;
};

}  // namespace weir::internal
