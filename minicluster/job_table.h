// The compiled jobs of this process by the name under which they were submitted: takes the place of
// plugins.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <weir/internal/compiled_job.h>
#include <weir/status.h>

#include "common/mutex.h"
#include "taskmanager/worker/job_loader.h"

namespace weir::minicluster {

// Thread-safe.
class JobTable final : public worker::JobLoader {
 public:
  void Add(const std::string& entry, std::shared_ptr<const internal::CompiledJob> job);
  void Remove(const std::string& entry);
  // User functions in a compiled job are pristine prototypes, so all workers share it.
  Result<std::shared_ptr<const internal::CompiledJob>> Load(const std::string& entry,
                                                            internal::JobInputs inputs) override;

 private:
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<const internal::CompiledJob>> jobs_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::minicluster
