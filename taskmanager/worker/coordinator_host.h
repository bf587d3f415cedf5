// Runs a job's operator coordinators (split enumerators) in the coordinator process: one control
// thread for all of them, and one background thread for what blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <weir/internal/compiled_job.h>
#include <weir/internal/coordinator.h>
#include <weir/status.h>

#include "common/event_loop.h"

namespace weir::worker {

// Which operator a coordinator belongs to.
struct OperatorKey {
  std::uint32_t vertex = 0;
  std::uint32_t operator_index = 0;
  auto operator<=>(const OperatorKey&) const = default;
};

// What a coordinator starts from.
struct CoordinatorSnapshot {
  std::uint64_t checkpoint_id = 0;
  std::string state;
};

// What coordinators cause. Called on the loop.
struct CoordinatorEvents {
  std::function<void(OperatorKey, std::uint32_t subtask, std::uint32_t attempt,
                     std::string payload)>
      on_event;
  // The coordinator cannot go on; the job fails with it.
  std::function<void(OperatorKey, Status)> on_failure;
};

// The loop's thread only. Exceptions of user code become Status of domain kUser and go to
// on_failure.
class CoordinatorHost {
 public:
  // `loop` is the control thread, `blocking` runs RunBlocking's work; both outlive the host.
  // `subtasks_restart`: see CoordinatorContext.
  CoordinatorHost(EventLoop& loop, EventLoop& blocking, CoordinatorEvents events,
                  bool subtasks_restart = true);
  ~CoordinatorHost();

  // Makes and starts a coordinator in place of an earlier one for that operator, from `restored` if
  // there is anything. It knows of no subtask until SubtaskReady(): that attempts of before are
  // gone is in what it starts from. The job outlives the host.
  Status Start(const internal::CompiledJob& job, OperatorKey key,
               const std::optional<CoordinatorSnapshot>& restored = std::nullopt);
  void SubtaskReady(OperatorKey key, std::uint32_t subtask, std::uint32_t attempt);
  void SubtaskFailed(OperatorKey key, std::uint32_t subtask, std::uint32_t attempt);
  // Dropped when `attempt` is not the one that is ready.
  void OnEvent(OperatorKey key, std::uint32_t subtask, std::uint32_t attempt,
               std::string_view payload);
  // The state of all of them; what they sent before has gone to on_event. An error names the
  // operator whose coordinator gave none; the others may have given theirs.
  Result<std::map<OperatorKey, std::string>> Snapshot(std::uint64_t checkpoint_id);
  void CheckpointComplete(std::uint64_t checkpoint_id);
  void CloseAll();

 private:
  class Hosted;
  Hosted* Find(OperatorKey key);

  EventLoop& loop_;
  EventLoop& blocking_;
  const CoordinatorEvents events_;
  const bool subtasks_restart_;
  std::map<OperatorKey, std::shared_ptr<Hosted>> coordinators_;
};

}  // namespace weir::worker
