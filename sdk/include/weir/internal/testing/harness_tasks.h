// The tasks of a small job, run by hand and by one thread: what weir/testing.h is made of. The
// chains are those that the engine would run; channels are queues in this process, and time is what
// the test says.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/internal/compiled_job.h>
#include <weir/internal/control_element.h>
#include <weir/internal/testing/fake_chain_context.h>
#include <weir/internal/testing/state_snapshot.h>
#include <weir/status.h>

namespace weir::testing {

// What stands in place of a vertex at the end of the job. What comes over several edges is merged
// as for an operator.
class ElementConsumer {
 public:
  virtual ~ElementConsumer() = default;
  virtual void OnBatch(internal::AnyBatch& batch) = 0;
  virtual void OnWatermark(std::int64_t timestamp_ms) = 0;
  virtual void OnWatermarkStatus(bool idle) = 0;
};

// An error leaves the tasks where they are: nothing but Close() may follow. So does an exception of
// a user function, which passes through.
class HarnessTasks {
 public:
  HarnessTasks();
  ~HarnessTasks();

  // Before Open(). All tasks are this subtask of so many: who feeds them keeps to its key groups.
  Status RunAsSubtask(std::uint32_t subtask, std::uint32_t parallelism);
  // Before Open(): what the subtasks had, in their order.
  void Restore(std::vector<StateSnapshot> subtasks) { restored_ = std::move(subtasks); }

  // Every vertex has parallelism 1, as the harness' environment says. `consumers`: in place of the
  // vertices whose first operator has this uid; they outlive the tasks.
  Status Open(std::unique_ptr<internal::CompiledJob> job,
              const std::map<std::string, ElementConsumer*>& consumers);
  // Lets every task go on until none has anything to do.
  Status Run();
  // Runs, and again whenever another thread says that something is there, until `condition` holds.
  // TimedOut if it does not within `timeout_ms`.
  Status RunUntil(const std::function<bool()>& condition, std::int64_t timeout_ms);
  // Puts the element behind what the source with this uid has emitted, and runs.
  Status Inject(const std::string& source_uid, const internal::ControlElement& element);
  // Moves the clock, stopping at each timer on the way, and runs. Not backwards.
  Status AdvanceProcessingTime(std::int64_t to_ms);
  // Takes a checkpoint once all that is under way has got through the tasks, but for calls that
  // asynchronous functions wait for. TimedOut if that takes longer than `timeout_ms`.
  Result<StateSnapshot> TakeSnapshot(std::uint64_t checkpoint_id, std::int64_t timeout_ms);
  Status EndCheckpoint(std::uint64_t checkpoint_id, bool complete);
  // Closes the chains, whatever came before; once.
  Status Close();

  std::int64_t processing_time_ms() const { return processing_time_ms_; }
  // Whether every task has ended by itself.
  bool finished() const;
  // Over all tasks.
  std::uint64_t counter(std::string_view name) const;
  std::vector<std::string> logged() const;

 private:
  struct InputNumber;
  struct Incoming;
  struct Task;

  void MakeTasks(const std::map<std::string, ElementConsumer*>& consumers);
  void ConnectTasks();
  Status OpenChain(Task& task);
  Status CheckAllRestored() const;
  Status RunFrom(std::size_t first_task);
  // Nothing is in front of the task or waits in it.
  Result<bool> Settled(Task& task);
  Status WaitFor(std::size_t first_task, std::chrono::steady_clock::time_point deadline,
                 const std::function<Result<bool>()>& condition);
  Result<bool> Step(Task& task);
  Result<bool> StepChain(Task& task);
  Result<bool> StepInputs(Task& task);
  Status Deliver(Task& task, std::size_t incoming, FakeOutputChannel::Element element);
  Status DeliverControl(Task& task, std::size_t incoming, const internal::ControlElement& control);
  void SetClocks(std::int64_t time_ms);

  std::unique_ptr<internal::CompiledJob> job_;
  std::vector<std::unique_ptr<Task>> tasks_;  // by vertex, so upstream ones come first
  std::shared_ptr<NotificationCount> notifications_ = std::make_shared<NotificationCount>();
  std::int64_t processing_time_ms_ = 0;
  std::uint32_t subtask_ = 0;
  std::uint32_t parallelism_ = 1;
  std::vector<StateSnapshot> restored_;  // until Open()
};

}  // namespace weir::testing
