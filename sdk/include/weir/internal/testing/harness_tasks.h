// The tasks of a small job, run by hand and by one thread: what weir/testing.h is made of. The
// chains are those that the engine would run; channels are queues in this process, and time is what
// the test says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/internal/compiled_job.h>
#include <weir/internal/control_element.h>
#include <weir/internal/testing/fake_chain_context.h>
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
};

}  // namespace weir::testing
