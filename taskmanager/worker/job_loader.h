// How a worker comes by its compiled job: from a plugin, or, inside one process, from the program
// itself.
#pragma once

#include <memory>
#include <string>

#include <weir/internal/compiled_job.h>
#include <weir/internal/plugin.h>
#include <weir/status.h>

namespace weir::worker {

class JobLoader {
 public:
  virtual ~JobLoader() = default;
  // Makes the job named `entry` again from recorded inputs. Runs user code and may block.
  virtual Result<std::shared_ptr<const internal::CompiledJob>> Load(const std::string& entry,
                                                                    internal::JobInputs inputs) = 0;
};

// Loads the plugin at `path` when first asked.
class PluginJobLoader final : public JobLoader {
 public:
  explicit PluginJobLoader(std::string path) : path_(std::move(path)) {}
  Result<std::shared_ptr<const internal::CompiledJob>> Load(const std::string& entry,
                                                            internal::JobInputs inputs) override;

 private:
  const std::string path_;
};

}  // namespace weir::worker
