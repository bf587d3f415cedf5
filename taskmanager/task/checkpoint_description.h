// What the task engine is told and tells about checkpoints: plain values that mirror
// proto/checkpoint.proto and proto/session.proto. The worker converts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/status.h>

#include "taskmanager/checkpoint/state_handle.h"
#include "taskmanager/task/task_attempt.h"

namespace weir::task {

// What a subtask's part of a checkpoint cost.
struct CheckpointMetrics {
  std::int64_t start_delay_ms = 0;    // from the trigger to the first barrier, by two wall clocks
  std::int64_t alignment_ms = 0;      // from the first barrier to the last
  std::int64_t sync_us = 0;           // the task stood still
  std::int64_t async_ms = 0;          // written beside it
  std::uint64_t state_bytes = 0;      // all of it
  std::uint64_t written_bytes = 0;    // for this checkpoint alone
  std::uint64_t alignment_bytes = 0;  // records that were on their way, in both of the above
  bool unaligned = false;             // the snapshot did not wait for all barriers
};

// What of one operator's keyed state lies in a store.
struct OperatorStore {
  std::string operator_id;
  std::string snapshot;  // state::EncodeStoreSnapshot()
};

// The state of one subtask in a checkpoint.
struct SubtaskState {
  std::vector<checkpoint::StateHandle> handles;  // none: it has no state
  bool has_operator_state = false;
  bool has_union_state = false;  // some of it is of mode kUnion or kBroadcast
  bool has_channel_state = false;
  std::vector<OperatorStore> stores;
};

struct CheckpointAcknowledgement {
  TaskAttempt task;
  std::uint64_t checkpoint_id = 0;
  SubtaskState state;
  CheckpointMetrics metrics;
};

// The task's part of the checkpoint will not come. What its cause's code says:
//   kFailedPrecondition  the task is not running, or has ended;
//   kCanceled            a newer checkpoint overtook this one, or the task was told to end;
//   kResourceExhausted   more was on its way than an unaligned checkpoint may have of a subtask;
//   any other            the state could not be taken or written: the checkpoint has failed.
struct CheckpointDecline {
  TaskAttempt task;
  std::uint64_t checkpoint_id = 0;
  // Its message names subtask and, where known, operator.
  Status cause;
};

// An old subtask whose state, or a part of it, goes to a new one.
struct RestoreSource {
  std::vector<std::string> operator_ids;  // those that concern the new subtask
  std::uint32_t subtask = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 1;
  std::vector<checkpoint::StateHandle> handles;
  std::vector<OperatorStore> stores;
};

// What a subtask starts from.
struct TaskRestore {
  std::uint64_t checkpoint_id = 0;
  std::string directory;  // the checkpoint folder that the handles' paths are relative to
  std::vector<RestoreSource> sources;
  bool finished = false;  // it had ended, with its whole vertex: nothing of it runs again
};

}  // namespace weir::task
