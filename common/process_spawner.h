// ProcessSpawner: starts child processes, watches them and reaps them, all on one long-lived
// thread.
//
// Why one thread: a child's parent-death signal (prctl(2), PR_SET_PDEATHSIG) is sent when the
// *thread* that created it ends, not the process. Why posix_spawn: gRPC does not survive a fork.
#pragma once

#include <memory>

#include <weir/status.h>

#include "common/child_process.h"

namespace weir {

// One per process, made before the first child and destroyed after the last. Spawn may be called
// from any thread.
class ProcessSpawner {
 public:
  // Starts the thread.
  ProcessSpawner();
  // Kills (SIGKILL) and reaps every child that still runs, calls their on_exit, and ends the
  // thread. Handles stay usable.
  ~ProcessSpawner();
  ProcessSpawner(const ProcessSpawner&) = delete;
  ProcessSpawner& operator=(const ProcessSpawner&) = delete;

  // Starts a child and returns when its program is running (about a millisecond) or could not be
  // started: then the error names the program and the reason. Any thread but the spawner's own (not
  // from on_exit).
  Result<std::unique_ptr<ChildProcess>> Spawn(ChildProcessOptions options);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace weir
