#include "taskmanager/worker/job_loader.h"

#include <utility>

#include "taskmanager/worker/plugin.h"

namespace weir::worker {

Result<std::shared_ptr<const internal::CompiledJob>> PluginJobLoader::Load(
    const std::string& entry, internal::JobInputs inputs) {
  WEIR_ASSIGN_OR_RETURN(const Plugin plugin, Plugin::Load(path_));
  WEIR_ASSIGN_OR_RETURN(const internal::JobEntry* const job, plugin.Find(entry));
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<internal::CompiledJob> compiled, job->compile(inputs));
  return std::shared_ptr<const internal::CompiledJob>(std::move(compiled));
}

}  // namespace weir::worker
