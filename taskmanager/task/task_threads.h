// The threads that an engine runs its tasks on, as a seam: a pool and slots in a worker, one thread
// that plays them all in the simulation.
#pragma once

#include <functional>
#include <memory>

#include <weir/status.h>

#include "taskmanager/task/task_runner.h"
#include "taskmanager/task/wake_signal.h"

namespace weir::task {

// Opens and closes chains, saves state.
class WorkPool {
 public:
  virtual ~WorkPool() = default;
  // Runs `work`, which may block, beside everything else and never inside this call. An error where
  // there is no thread. Any thread.
  virtual Status Run(std::function<void()> work) = 0;
};

// Takes the place of an engine's own threads. Outlives the engine, whose destructor waits until all
// tasks have ended: whoever plays the threads brings that about before.
class TaskThreads : public WorkPool {
 public:
  struct SlotThread {
    std::shared_ptr<TaskRunner> runner;
    std::shared_ptr<WakeSignal> wake;  // raised by whoever has something for a task of the slot
  };
  virtual SlotThread MakeSlot() = 0;
};

}  // namespace weir::task
