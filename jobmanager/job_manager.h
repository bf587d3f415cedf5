// JobManager: all of the control plane but the ports: sessions come in through the
// SessionFrontend, people through the ClusterControl. Everything it needs of the outside world is
// handed in, so that it also runs in a test, in the simulation and inside a MiniCluster.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <weir/status.h>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/file_system.h"
#include "common/logging.h"
#include "common/mutex.h"
#include "common/random.h"
#include "jobmanager/checkpoint_triggers.h"
#include "jobmanager/ha/metadata_store.h"
#include "jobmanager/job_describer.h"
#include "jobmanager/job_manager_options.h"
#include "jobmanager/job_registry.h"
#include "jobmanager/known_task_managers.h"
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
  // What outlives the JobManager; on the blocking loop, once Open() has returned.
  ha::MetadataStore& metadata = ha::NoMetadataStore();
  // Called on the loop, once, when a later leader has the metadata store: this JobManager must end.
  std::function<void(const Status&)> on_leadership_lost{};
};

class JobManager final : public rest::ClusterControl, private JobRegistryListener {
 public:
  JobManager(JobManagerWorld world, JobManagerOptions options);
  // On the loop's thread, or when the loop has stopped.
  ~JobManager() override;

  // Opens the plugin store and recovers the jobs of the metadata store; blocks. Before anything
  // else is posted to the loop or asked.
  Status Open();

  // A job from this process, whose plugin, if it has one, is in the plugin store. Answers when the
  // metadata store has it and it has started. Any thread.
  void Submit(JobSubmission submission, const Configuration& configuration,
              rest::StatusCallback callback);

  // Has all jobs end their workers; `stopped` is called on the loop when none is left and the
  // metadata store has everything it was told. Sessions are closed then. Jobs that had not ended
  // are SUSPENDED: they stay in the metadata store. Any thread.
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
  void GetJobCheckpoints(const std::string& job_id,
                         rest::Callback<rest::JobCheckpointsInfo> callback) override;
  void TriggerCheckpoint(const std::string& job_id, rest::Callback<std::string> callback) override;
  void GetCheckpointTrigger(const std::string& job_id, const std::string& trigger_id,
                            rest::Callback<rest::CheckpointTriggerInfo> callback) override;
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
  void SubmitJob(const rest::JarRunRequest& request, Described described,
                 rest::Callback<std::string> callback);
  // On the blocking loop: whether the job's checkpoints can be kept and read; then stores it.
  Status CheckAndStore(const JobSubmission& job, std::int64_t now_ms);
  void OnJobTerminal(const JobMaster& job) override;
  void OnJobEnded(const JobSubmission& job) override;
  void OnTaskManagerLost(const std::string& id) override;
  void OnTakenOver() override;
  void PinPlugins(const Recovery& recovery);
  // Reads again what the store could not read just now, until it can.
  void RecoverUnread(const std::set<std::string>& job_ids);
  // Does for an ended job what to_clear_ says, until it is done.
  void ClearCheckpointsOf(const std::string& job_id);
  // Looks every third of a lease whether this is still the leader, also when nothing is written.
  void WatchLeadership();
  // Until the store takes it: a job whose end is not stored would run again.
  void StoreResult(std::shared_ptr<const proto::JobResult> result);
  void Unpin(const std::string& content_hash);
  // Runs on the loop; not when the JobManager is gone by then.
  void PostToLoop(std::function<void()> function);

  const JobManagerWorld world_;
  const JobManagerOptions options_;
  const proto::LeaderSession leader_;
  const ComponentLogger log_{"job-manager"};
  PluginStore plugins_;  // on the blocking loop
  // Of recovered jobs, in the metadata store, by content hash.
  mutable Mutex recovered_plugins_mutex_;
  std::map<std::string, std::string> recovered_plugins_ WEIR_GUARDED_BY(recovered_plugins_mutex_);
  // By ended job, until the metadata store knows that it is done.
  std::map<std::string, proto::CheckpointsToClear> to_clear_;
  std::set<std::string> unstored_;  // jobs that ended, and the metadata store does not know it yet
  CheckpointTriggers checkpoint_triggers_;
  JobRegistry jobs_;
  KnownTaskManagers known_task_managers_;
  std::map<std::string, TimerId> loss_timers_;  // by TaskManager: when it is forgotten
  SessionFrontend sessions_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::jobmanager
