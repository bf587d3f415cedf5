// MiniCluster: a JobManager and TaskManagers with their workers inside this process, for tests,
// examples and ExecuteLocal(). The same parts as in a real cluster but for what needs processes:
// sessions are function calls, workers are threads, jobs are objects of this program and not
// plugins.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/internal/compiled_job.h>
#include <weir/job_execution_result.h>
#include <weir/status.h>

#include "common/configuration.h"
#include "jobmanager/rest/cluster_view.h"

namespace weir::minicluster {

struct MiniClusterOptions {
  std::uint32_t task_managers = 1;
  std::uint32_t slots_per_task_manager = 1;
  Configuration configuration;
};

// Thread-safe, but for destruction.
class MiniCluster {
 public:
  // Returns when all TaskManagers are registered.
  static Result<std::unique_ptr<MiniCluster>> Start(MiniClusterOptions options);
  // Ends all jobs and threads; waits for user code to return.
  ~MiniCluster();
  MiniCluster(const MiniCluster&) = delete;
  MiniCluster& operator=(const MiniCluster&) = delete;

  // Checks and starts a job. Its settings: the cluster's, over them `settings`, over those the
  // program's own. Returns the job's id.
  Result<std::string> Submit(std::shared_ptr<const internal::CompiledJob> job,
                             const std::map<std::string, std::string>& settings = {});
  // Blocks until the job has ended. A job that failed is a result, too.
  Result<JobExecutionResult> WaitForEnd(const std::string& job_id);

  // What the REST API shows, and cancelling.
  rest::ClusterControl& control();

 private:
  class Parts;
  explicit MiniCluster(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace weir::minicluster
