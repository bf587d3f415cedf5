// What a job is made of when it is handed to its JobMaster.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/checkpoint_settings.h"
#include "jobmanager/job/job_checkpoint_store.h"
#include "proto/job_graph.pb.h"

namespace weir::jobmanager {

struct JobSubmission {
  std::string job_id;           // 32 hex digits
  std::uint64_t job_epoch = 1;  // grows with every JobMaster of the job
  std::string entry;            // the job's name in the plugin
  proto::JobGraph graph;        // has passed CheckJobGraph
  proto::JobInputs inputs;
  proto::PluginReference plugin;
  // The settings that workers and tasks read: the cluster's, the request's and the program's own.
  std::map<std::string, std::string> configuration;
  CheckpointStart checkpoint_start{};
  FailoverStrategy failover_strategy = FailoverStrategy::kRegion;
};

// Bounds on what a JobMaster waits for, in milliseconds.
struct JobTimings {
  std::int64_t slot_request_timeout_ms = 300'000;  // also until a worker is ready
  std::int64_t cancellation_timeout_ms = 180'000;
  std::int64_t lease_ms = 30'000;
  // How long after its lease a worker's process can live: it leaves user code 3 s to return; and a
  // renewal may have been under way.
  std::int64_t worker_end_ms = 5'000;
  std::int64_t heartbeat_interval_ms = 10'000;
  std::int64_t heartbeat_timeout_ms = 50'000;
  // How long after a worker's stream broke its TaskManager may take to say how the process ended.
  std::int64_t exit_report_wait_ms = 1'000;
  // How long an idle worker may take to end in good order.
  std::int64_t shutdown_grace_ms = 5'000;
};

}  // namespace weir::jobmanager
