// What went wrong in a job, in words for people, and the history of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <weir/status.h>

#include "jobmanager/graph/execution_graph.h"
#include "proto/session.pb.h"

namespace weir::jobmanager {

struct JobFailure {
  Status status;               // the message is the whole text, with where it happened
  std::string name;            // short: "SIGSEGV", "USER_ERROR", a status code
  std::string last_output;     // the end of a dead worker's standard error
  bool process_ended = false;  // a whole process is gone, as its TaskManager reported
  std::int64_t time_ms = -1;
  std::string task_name;  // "Map (2/4)"; empty when it is not one task's
  std::string operator_name;
  std::string task_manager_id;
  std::string endpoint;
  std::vector<JobFailure> concurrent;  // what failed because of it
};

// "operator 'Map' of 'Source: Kafka -> Map' (3/4), attempt 1".
std::string DescribeStep(const ExecutionGraph& graph, const proto::RunningStep& step);

// The failure of one subtask as its worker reports it.
JobFailure FailureOfTask(const ExecutionGraph& graph, const Execution& execution,
                         const proto::TaskFailure& reported, std::int64_t now_ms);

// A worker or coordinator process that ended on its own: "worker on TaskManager tm-1 was killed by
// signal 11 (SIGSEGV) while running operator 'Map' of 'Source: Kafka -> Map' (3/4), attempt 1".
JobFailure FailureOfWorkerExit(const ExecutionGraph& graph, proto::WorkerRole role,
                               const std::string& task_manager_id,
                               const proto::WorkerExited& exited, std::int64_t now_ms);

// A failure that is no single task's.
JobFailure FailureOfJob(Status status, std::int64_t now_ms);

// "worker on TaskManager tm-1".
std::string DescribeWorker(proto::WorkerRole role, const std::string& task_manager_id);

// The newest root causes, each with what failed because of it. Bounded in both directions.
class ExceptionHistory {
 public:
  static constexpr std::size_t kMostConcurrent = 32;

  explicit ExceptionHistory(std::size_t size) : size_(size) {}

  void AddRoot(JobFailure failure);
  // To the newest root cause; dropped when there is none. The end of a process or of one of its
  // tasks makes peers fail too (a connection breaks, a channel is gone: Unavailable), and their
  // reports can come first: then the failure of its own takes their place.
  void AddConcurrent(JobFailure failure);

  // Newest first.
  const std::deque<JobFailure>& entries() const { return entries_; }
  bool truncated() const { return truncated_; }

 private:
  const std::size_t size_;
  std::deque<JobFailure> entries_;
  bool truncated_ = false;
};

}  // namespace weir::jobmanager
