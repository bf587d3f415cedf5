// What the task engine is told about subtasks, and what it tells about them: plain values that
// mirror proto/session.proto, so that the engine needs no generated code. The worker converts.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <weir/runtime_context.h>
#include <weir/status.h>

#include "taskmanager/network/byte_channel.h"
#include "taskmanager/task/checkpoint_description.h"
#include "taskmanager/task/task_attempt.h"

namespace weir::task {

// Flink's task states as far as a worker sees them. The numbers are those of proto::TaskState.
enum class TaskState : std::uint8_t {
  kCreated = 0,
  kDeploying = 2,     // channels are registered; waits for Start()
  kInitializing = 3,  // the chain is made and opened
  kRunning = 4,
  kFinished = 5,
  kCanceling = 6,
  kCanceled = 7,
  kFailed = 8,
};
// "RUNNING" and so on.
const char* ToString(TaskState state);
constexpr bool IsTerminal(TaskState state) {
  return state == TaskState::kFinished || state == TaskState::kCanceled ||
         state == TaskState::kFailed;
}

struct TaskFailure {
  // Its message names operator, subtask and attempt already: it can be shown as it is.
  Status cause;
  std::string vertex_id;
  std::string task_name;
  std::uint32_t subtask = 0;
  std::uint32_t attempt = 0;
  // The chained operator that was entered last.
  std::uint32_t operator_index = 0;
  std::string operator_name;
  std::int64_t time_ms = 0;  // wall clock
  // The state of the checkpoint that the task was to start from could not be read or taken.
  bool restore_failed = false;
};

struct AccumulatorValue {
  std::string name;
  Accumulator::Kind kind = Accumulator::Kind::kSum;
  double value = 0;
};

struct TaskStatistics {
  TaskAttempt task;
  // Over all channels: a record that is broadcast to n subtasks counts n times.
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
  // Payload of remote channels.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  // Since the task began to run; their sum is the time it ran.
  std::int64_t busy_ms = 0;
  std::int64_t idle_ms = 0;
  std::int64_t back_pressured_ms = 0;
  std::map<std::string, std::uint64_t> counters;
  std::map<std::string, double> gauges;
  std::vector<AccumulatorValue> accumulators;  // those that were added to
  // The smallest watermark of its inputs; of a source, the last one it emitted.
  std::int64_t current_watermark_ms = std::numeric_limits<std::int64_t>::min();
};

struct TaskStateChange {
  TaskAttempt task;
  TaskState state = TaskState::kCreated;
  std::optional<TaskFailure> failure;              // with kFailed
  std::optional<TaskStatistics> final_statistics;  // with the terminal states
};

// Between a subtask and the coordinator of one of its operators.
struct CoordinatorEvent {
  TaskAttempt task;
  std::uint32_t operator_index = 0;
  std::string payload;
};

struct TaskDeployment {
  TaskAttempt task;
  std::uint32_t slot = 0;
  std::optional<TaskRestore> restore;  // nothing: the subtask starts fresh
};

// Where the subtasks of a vertex run, all of them: by subtask index.
struct VertexPlacement {
  std::vector<std::uint32_t> peer;  // index into Deployment::peers
  std::vector<std::uint32_t> attempt;
};

struct Deployment {
  std::uint64_t deployment_id = 0;
  std::vector<TaskDeployment> tasks;        // those of this worker
  std::vector<network::PeerAddress> peers;  // all workers of the job, this one included
  std::vector<VertexPlacement> placement;   // by vertex index
  // By edge index: the number of its first channel; weir/internal/channel_layout.h has the rest.
  std::vector<std::uint32_t> first_channel;
};

}  // namespace weir::task
