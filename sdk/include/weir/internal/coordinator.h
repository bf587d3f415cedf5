// Operator coordinators: the one-per-job peer of an operator's subtasks (a source's split
// enumerator). User code, so it runs in the job's coordinator process; the JobManager relays events
// in order, fenced by attempt.
//
// Thread rules: all methods are called by the coordinator process's one control thread. Contexts
// may be called from that thread only, except where said.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir::internal {

class CoordinatorContext {
 public:
  virtual ~CoordinatorContext() = default;
  virtual std::uint32_t parallelism() const = 0;
  // False: a subtask that is lost ends the job (no checkpoints, no restart strategy), so nothing
  // has to be kept to hand it out again.
  virtual bool subtasks_restart() const { return true; }
  // Delivered in order to the subtask's current attempt; dropped when that attempt is gone
  // (SubtaskFailed follows).
  virtual void SendToSubtask(std::uint32_t subtask, std::string payload) = 0;
  // Fails the job. Any thread.
  virtual void Fail(Status status) = 0;
  // Runs `work` on a background thread (it may block), then `done` on the control thread. `done` is
  // dropped when the coordinator is closed first.
  virtual void RunBlocking(std::function<void()> work, std::function<void()> done) = 0;
  // Runs `task` on the control thread after `delay_ms`. Any thread.
  virtual void Schedule(std::int64_t delay_ms, std::function<void()> task) = 0;
  virtual Logger& logger() = 0;
};

class OperatorCoordinator {
 public:
  virtual ~OperatorCoordinator() = default;
  virtual Status Start() = 0;
  // A subtask's attempt is running and can take events.
  virtual Status SubtaskReady(std::uint32_t subtask, std::uint32_t attempt) = 0;
  // That attempt is gone: what was sent to it since the last completed checkpoint must be handed
  // out again.
  virtual Status SubtaskFailed(std::uint32_t subtask, std::uint32_t attempt) = 0;
  virtual Status OnEvent(std::uint32_t subtask, std::string_view payload) = 0;
  // The state for a checkpoint, and back, before Start().
  virtual Result<std::string> Snapshot(std::uint64_t checkpoint_id) = 0;
  virtual Status Restore(std::uint64_t checkpoint_id, std::string_view state) = 0;
  virtual void CheckpointComplete(std::uint64_t checkpoint_id) = 0;
  virtual void Close() = 0;
};

}  // namespace weir::internal
