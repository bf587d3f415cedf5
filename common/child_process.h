// ChildProcess: a process that we started, and how to start one.
//
// Made by ProcessSpawner (common/process_spawner.h). Everything here may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include <weir/status.h>

#include "common/exit_status.h"
#include "common/unique_fd.h"

namespace weir {

// Where one of a child's standard streams leads.
struct StandardStream {
  enum class Kind {
    kNull,     // /dev/null
    kInherit,  // where ours leads
    kFile,     // a file: stdin reads it; stdout and stderr append to it (made if missing; it may be
               // the same for both)
    kPipe,     // a pipe; ChildProcess hands out our end
    kCapture,  // stdout and stderr only: the spawner reads it all and keeps the last
               // `capture_bytes`
  };

  static StandardStream Null() { return {}; }
  static StandardStream Inherit() { return {.kind = Kind::kInherit}; }
  static StandardStream File(std::string path) {
    return {.kind = Kind::kFile, .path = std::move(path)};
  }
  static StandardStream Pipe() { return {.kind = Kind::kPipe}; }
  static StandardStream Capture(std::size_t bytes) {
    return {.kind = Kind::kCapture, .capture_bytes = bytes};
  }

  Kind kind = Kind::kNull;
  std::string path;
  std::size_t capture_bytes = 0;
};

struct ChildProcessOptions {
  // The program's path (PATH is not searched; a relative one starts at our working directory) and
  // its arguments without the program's name.
  std::string program;
  std::vector<std::string> arguments;

  // Added to our environment, or all of the child's environment if not inherited.
  std::vector<std::pair<std::string, std::string>> environment;
  bool inherit_environment = true;
  // Empty: ours.
  std::string working_directory;

  StandardStream standard_input;
  StandardStream standard_output = StandardStream::Inherit();
  StandardStream standard_error = StandardStream::Inherit();

  // Stay the caller's; the child gets copies as descriptors 3, 4, 5… in this order. All others are
  // closed in it.
  std::vector<int> inherited_descriptors;

  // Makes the child the leader of a group of its own: a Ctrl-C at the terminal does not reach it,
  // KillGroup reaches what it started, and what it leaves behind in the group is killed when it
  // ends.
  bool new_process_group = false;

  // Written to the child's oom_score_adj, -1000 (never killed) to 1000 (killed first), when it has
  // started.
  std::optional<int> oom_score_adjustment;

  // Called once, on the spawner's thread, when the child has ended, its captured output is complete
  // and WaitExit would return at once: it must only post somewhere. Even for a child whose
  // ChildProcess is gone. The spawner's own end counts too.
  std::function<void(const ExitStatus&)> on_exit;
};

// The end of a stream.
struct OutputTail {
  std::string text;               // at most the asked-for number of bytes
  std::uint64_t total_bytes = 0;  // everything the child wrote there so far
  bool truncated() const { return total_bytes > text.size(); }
};

// A handle: destroying it neither kills the child nor stops the watching; the spawner's end does.
class ChildProcess {
 public:
  struct State;  // common/child_process_state.h, private
  explicit ChildProcess(std::shared_ptr<State> state);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const;

  // Sends a signal to exactly this child (by pidfd: never to a later process with the same number).
  // Ok when it has already ended.
  Status Kill(int signal);
  // Sends a signal to the child's process group; needs `new_process_group`. Ok when nobody is left
  // in it.
  Status KillGroup(int signal);

  // How it ended; none while it runs.
  std::optional<ExitStatus> exit_status() const;

  // Waits until it has ended; TIMED_OUT after `timeout_ms`. Not from on_exit.
  Result<ExitStatus> WaitExit(std::int64_t timeout_ms) const;

  // Our end of a kPipe stream, once; invalid afterwards and for other kinds.
  UniqueFd TakeStandardInput();
  UniqueFd TakeStandardOutput();
  UniqueFd TakeStandardError();

  // What a kCapture stream brought so far; complete once the child has ended. For kFile, the end of
  // what this child appended to the file, at most `limit_bytes`. For other kinds empty.
  OutputTail StandardOutputTail(std::size_t limit_bytes = SIZE_MAX) const;
  OutputTail StandardErrorTail(std::size_t limit_bytes = SIZE_MAX) const;

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace weir
