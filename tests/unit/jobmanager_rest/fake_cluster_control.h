// A JobManager for tests of the REST server: answers from what the test puts into it, on a thread
// of its own.
#pragma once

#include <string>
#include <vector>

#include "common/mutex.h"
#include "common/thread_event_loop.h"
#include "jobmanager/rest/cluster_view.h"

namespace weir::rest {

class FakeClusterControl final : public ClusterControl {
 public:
  // One of everything, with no member left at its default where a test could tell the difference.
  FakeClusterControl();

  // The calls that change something, as text: "cancel 00…01".
  std::vector<std::string> calls() const;
  JarRunRequest last_run() const;

  // Set before the server starts. An error, if not ok, is the answer to every call.
  ClusterOverview overview;
  JobDetails job;
  JobExceptions exceptions;
  std::vector<AccumulatorInfo> accumulators;
  TaskManagerDetails task_manager;
  JarInfo jar;
  JobCheckpointsInfo checkpoints;
  CheckpointTriggerInfo trigger;
  Status error;
  bool drop_callbacks = false;

  void GetOverview(Callback<ClusterOverview> callback) override;
  void ListJobs(Callback<std::vector<JobSummary>> callback) override;
  void GetJob(const std::string& job_id, Callback<JobDetails> callback) override;
  void GetJobExceptions(const std::string& job_id, Callback<JobExceptions> callback) override;
  void GetJobAccumulators(const std::string& job_id,
                          Callback<std::vector<AccumulatorInfo>> callback) override;
  void CancelJob(const std::string& job_id, StatusCallback callback) override;
  void GetJobCheckpoints(const std::string& job_id, Callback<JobCheckpointsInfo> callback) override;
  void TriggerCheckpoint(const std::string& job_id, Callback<std::string> callback) override;
  void GetCheckpointTrigger(const std::string& job_id, const std::string& trigger_id,
                            Callback<CheckpointTriggerInfo> callback) override;
  void ListTaskManagers(Callback<std::vector<TaskManagerDetails>> callback) override;
  void GetTaskManager(const std::string& id, Callback<TaskManagerDetails> callback) override;
  void ListJars(Callback<std::vector<JarInfo>> callback) override;
  void UploadJar(const std::string& file, const std::string& name,
                 Callback<JarInfo> callback) override;
  void DeleteJar(const std::string& jar_id, StatusCallback callback) override;
  void DescribeJar(const JarRunRequest& request, Callback<JobPlan> callback) override;
  void RunJar(const JarRunRequest& request, Callback<std::string> callback) override;

 private:
  // Answers later with the error, with `status` if it is one, or with `value`.
  template <class T>
  void Answer(Callback<T> callback, Status status, T value);
  void AnswerStatus(StatusCallback callback, Status status);
  void Record(std::string call);
  Status CheckJob(const std::string& job_id) const;
  Status CheckJar(const std::string& jar_id) const;

  mutable Mutex mutex_;
  std::vector<std::string> calls_ WEIR_GUARDED_BY(mutex_);
  JarRunRequest last_run_ WEIR_GUARDED_BY(mutex_);
  ThreadEventLoop loop_;
};

}  // namespace weir::rest
