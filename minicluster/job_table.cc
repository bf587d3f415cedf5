#include "minicluster/job_table.h"

#include <utility>

namespace weir::minicluster {

void JobTable::Add(const std::string& entry, std::shared_ptr<const internal::CompiledJob> job) {
  MutexLock lock(mutex_);
  jobs_[entry] = std::move(job);
}

void JobTable::Remove(const std::string& entry) {
  MutexLock lock(mutex_);
  jobs_.erase(entry);
}

Result<std::shared_ptr<const internal::CompiledJob>> JobTable::Load(const std::string& entry,
                                                                    internal::JobInputs) {
  MutexLock lock(mutex_);
  const auto found = jobs_.find(entry);
  if (found == jobs_.end())
    return Status::NotFound("no job '" + entry + "' was submitted in this process");
  return found->second;
}

}  // namespace weir::minicluster
