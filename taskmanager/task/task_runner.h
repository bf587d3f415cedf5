// What a task asks of the slot that runs it.
#pragma once

#include <memory>

#include <weir/status.h>

namespace weir::task {

class Task;

// A call into a chain that is parked: it waits, on its own stack, until it may go on.
class ParkedCall {
 public:
  virtual ~ParkedCall() = default;
  // Called between steps by whoever holds the baton; does what the task can do meanwhile (ships
  // what is held back) and says whether the parked thread is to have the baton back.
  virtual bool MayResume() = 0;
};

class TaskRunner {
 public:
  virtual ~TaskRunner() = default;
  // From now on the task is stepped, until a step says done. Any thread.
  virtual Status Add(std::shared_ptr<Task> task) = 0;
  // Parks the calling thread, which is in a step of the task whose call this is, until `call` may
  // resume. The error, at once, when there is no thread to go on with the other tasks.
  virtual Status Park(ParkedCall& call) = 0;
  // Whether other tasks wait for the baton. From within a step.
  virtual bool RunsOthers() const = 0;
};

}  // namespace weir::task
