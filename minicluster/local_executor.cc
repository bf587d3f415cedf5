// libweir-local.so: what ExecuteLocal() opens (weir/internal/local_executor.h).
#include <algorithm>
#include <map>
#include <utility>

#include <weir/internal/local_executor.h>
#include <weir/internal/plugin.h>

#include "common/settings.h"
#include "minicluster/mini_cluster.h"

namespace weir::minicluster {
namespace {

// Slots that the job needs: of each slot sharing group the largest parallelism.
std::uint32_t SlotsFor(const internal::JobGraph& graph) {
  std::map<std::string, std::uint32_t> groups;
  for (const internal::JobVertex& vertex : graph.vertices) {
    std::uint32_t& slots = groups[vertex.slot_sharing_group];
    slots = std::max(slots, vertex.parallelism);
  }
  std::uint32_t sum = 0;
  for (const auto& [group, slots] : groups) sum += slots;
  return std::max(sum, 1u);
}

class MiniClusterExecutor final : public internal::LocalExecutor {
 public:
  Result<JobExecutionResult> Execute(
      std::shared_ptr<const internal::CompiledJob> job,
      const std::map<std::string, std::string>& options) const override {
    MiniClusterOptions cluster;
    cluster.slots_per_task_manager = SlotsFor(job->graph());
    for (const auto& [key, value] : options) {
      WEIR_RETURN_IF_ERROR(cluster.configuration.Set(key, value));
    }
    if (cluster.configuration.IsSet(settings::kTaskManagerSlots)) {
      cluster.slots_per_task_manager =
          static_cast<std::uint32_t>(cluster.configuration.Get(settings::kTaskManagerSlots));
    }
    WEIR_ASSIGN_OR_RETURN(const auto mini_cluster, MiniCluster::Start(std::move(cluster)));
    WEIR_ASSIGN_OR_RETURN(const std::string job_id, mini_cluster->Submit(std::move(job)));
    return mini_cluster->WaitForEnd(job_id);
  }
};

}  // namespace
}  // namespace weir::minicluster

extern "C" __attribute__((visibility("default"))) const weir::internal::LocalExecutor*
weir_local_executor(std::uint32_t abi_number) {
  static const weir::minicluster::MiniClusterExecutor executor;
  return abi_number == weir::internal::kAbiNumber ? &executor : nullptr;
}
