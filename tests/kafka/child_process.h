// A program run as a child that never outlives the test.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <weir/status.h>

namespace weir::test {

// Not thread-safe. The kernel kills the child when the THREAD that called Start ends
// (PR_SET_PDEATHSIG follows the thread): start it from one that lives as long as the test, such as
// the main thread.
class ChildProcess {
 public:
  ChildProcess() = default;
  // Kills (SIGKILL) and reaps a child that still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Runs `arguments` (arguments[0] is looked up in PATH) in `directory`, with both outputs appended
  // to `output_file`. Precondition: no child is running.
  Status Start(const std::vector<std::string>& arguments, const std::string& directory,
               const std::string& output_file);

  bool running();
  void Signal(int signal);
  // The wait status as waitpid gives it, or nothing when `timeout` passes first.
  std::optional<int> Wait(std::chrono::milliseconds timeout);
  pid_t pid() const { return pid_; }

 private:
  bool Reap(bool block);

  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<int> wait_status_;
};

// Whether a program of this name is in PATH.
bool IsInPath(const std::string& program);

// The last `lines` lines of a text file, or "" where it cannot be read.
std::string LastLines(const std::string& path, std::size_t lines);

}  // namespace weir::test
