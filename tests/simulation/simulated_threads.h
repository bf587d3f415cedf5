// The threads of one worker process, played on one thread: slots whose tasks are stepped in random
// order, and a pool whose work takes as long as the disk does.
//
// Where real threads would wait for each other nobody waits here: the work that a task gave to the
// pool is done in the order in which it was given, so a chain is closed when the state that was
// being saved is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "taskmanager/task/task.h"
#include "taskmanager/task/task_threads.h"
#include "tests/simulation/simulated_time.h"

namespace weir::simulation {

// How long things take, in nanoseconds; asked each time.
struct WorkerSpeeds {
  std::function<std::int64_t()> pooled_work;  // opening, closing, saving
  std::function<std::int64_t()> turn;         // a round of a slot's tasks
};

class SimulatedThreads final : public task::TaskThreads {
 public:
  SimulatedThreads(SimulatedTime& time, WorkerSpeeds speeds);
  ~SimulatedThreads() override;

  Status Run(std::function<void()> work) override;
  SlotThread MakeSlot() override;

  // After every event: slots that something was raised for get a turn.
  void Wake();
  // The process dies: all tasks are canceled and end now, whatever they wait for, without a step.
  void EndAll();

 private:
  class Slot;
  struct Work {
    const void* task = nullptr;  // that gave it; null: the control thread did
    std::function<void()> function;
  };

  void RunDue(std::uint64_t number);

  SimulatedTime& time_;
  const WorkerSpeeds speeds_;
  const void* stepping_ = nullptr;  // the task whose step is under way
  bool ending_ = false;
  std::map<std::uint64_t, Work> work_;  // in the order in which it was given
  std::uint64_t last_work_ = 0;
  std::vector<std::weak_ptr<Slot>> slots_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::simulation
