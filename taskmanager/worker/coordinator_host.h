// Runs a job's operator coordinators (split enumerators) in the coordinator process: one control
// thread for all of them, and one background thread for what blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
  CoordinatorHost(EventLoop& loop, EventLoop& blocking, CoordinatorEvents events);
  ~CoordinatorHost();

  // Makes and starts a coordinator in place of an earlier one for that operator. The job outlives
  // the host.
  Status Start(const internal::CompiledJob& job, OperatorKey key);
  void SubtaskReady(OperatorKey key, std::uint32_t subtask, std::uint32_t attempt);
  void SubtaskFailed(OperatorKey key, std::uint32_t subtask, std::uint32_t attempt);
  // Dropped when `attempt` is not the one that is ready.
  void OnEvent(OperatorKey key, std::uint32_t subtask, std::uint32_t attempt,
               std::string_view payload);
  void CloseAll();

 private:
  class Hosted;
  Hosted* Find(OperatorKey key);

  EventLoop& loop_;
  EventLoop& blocking_;
  const CoordinatorEvents events_;
  std::map<OperatorKey, std::shared_ptr<Hosted>> coordinators_;
};

}  // namespace weir::worker
