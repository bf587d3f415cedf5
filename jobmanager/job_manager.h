// JobManager: all of the control plane but the ports: sessions come in through the
// SessionFrontend, people through the ClusterControl. Everything it needs of the outside world is
// handed in, so that it also runs in a test, in the simulation and inside a MiniCluster.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <weir/status.h>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/file_system.h"
#include "common/logging.h"
#include "common/random.h"
#include "jobmanager/job_describer.h"
#include "jobmanager/job_manager_options.h"
#include "jobmanager/job_registry.h"
#include "jobmanager/plugin_store.h"
#include "jobmanager/rest/cluster_view.h"
#include "jobmanager/session_frontend.h"

namespace weir::jobmanager {

// Outlives the JobManager. Both loops run, or are stopped, while the JobManager is destroyed.
struct JobManagerWorld {
  EventLoop& loop;      // owns all control state
  EventLoop& blocking;  // the disk and child processes; may be the same in tests
  Clock& clock;
  Random& random;
  FileSystem& files;
  JobDescriber& describer;
};

class JobManager final : public rest::ClusterControl {
 public:
  JobManager(JobManagerWorld world, JobManagerOptions options);
  // On the loop's thread, or when the loop has stopped.
  ~JobManager() override;

  // Opens the plugin store; blocks. Before anything else.
  Status Open() { return plugins_.Open(); }

  // Has all jobs end their workers; `stopped` is called on the loop when none is left. Sessions
  // are closed then. Any thread.
  void Stop(std::function<void()> stopped);

  const proto::LeaderSession& leader() const { return leader_; }
  SessionFrontend& sessions() { return sessions_; }  // on the loop
  JobRegistry& jobs() { return jobs_; }              // on the loop
  // The file of a content hash; any thread. NOT_FOUND for what is not stored or is no hash.
  Result<std::string> FindBlob(const std::string& content_hash) const;

  // rest::ClusterControl: any thread.
  void GetOverview(rest::Callback<rest::ClusterOverview> callback) override;
  void ListJobs(rest::Callback<std::vector<rest::JobSummary>> callback) override;
  void GetJob(const std::string& job_id, rest::Callback<rest::JobDetails> callback) override;
  void GetJobExceptions(const std::string& job_id,
                        rest::Callback<rest::JobExceptions> callback) override;
  void GetJobAccumulators(const std::string& job_id,
                          rest::Callback<std::vector<rest::AccumulatorInfo>> callback) override;
  void CancelJob(const std::string& job_id, rest::StatusCallback callback) override;
  void ListTaskManagers(rest::Callback<std::vector<rest::TaskManagerDetails>> callback) override;
  void GetTaskManager(const std::string& id,
                      rest::Callback<rest::TaskManagerDetails> callback) override;
  void ListJars(rest::Callback<std::vector<rest::JarInfo>> callback) override;
  void UploadJar(const std::string& file, const std::string& name,
                 rest::Callback<rest::JarInfo> callback) override;
  void DeleteJar(const std::string& jar_id, rest::StatusCallback callback) override;
  void DescribeJar(const rest::JarRunRequest& request,
                   rest::Callback<rest::JobPlan> callback) override;
  void RunJar(const rest::JarRunRequest& request, rest::Callback<std::string> callback) override;

 private:
  // A job that was described, and the bytes it came from (pinned in the store).
  struct Described {
    StoredPlugin plugin;
    proto::DescribedJob job;
    Configuration configuration;  // the cluster's and the request's
  };

  // Has the job function run; the callback comes on the loop. On success the plugin is pinned.
  void Describe(const rest::JarRunRequest& request, rest::Callback<Described> callback);
  Result<std::string> SubmitJob(const rest::JarRunRequest& request, Described described);
  void Unpin(const std::string& content_hash);
  // Runs on the loop; not when the JobManager is gone by then.
  void PostToLoop(std::function<void()> function);

  const JobManagerWorld world_;
  const JobManagerOptions options_;
  const proto::LeaderSession leader_;
  const ComponentLogger log_{"job-manager"};
  PluginStore plugins_;  // on the blocking loop
  JobRegistry jobs_;
  SessionFrontend sessions_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::jobmanager
