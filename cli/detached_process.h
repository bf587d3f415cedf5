// Processes that go on when the CLI ends, known by pid and start time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include <weir/status.h>

namespace weir::cli {

// A pid alone can belong to a later process; together with the start time it cannot.
struct ProcessIdentity {
  pid_t pid = -1;
  std::uint64_t start_time_ticks = 0;  // since boot, as in /proc/<pid>/stat

  bool operator==(const ProcessIdentity&) const = default;
};

// Starts `program` in a session of its own, with standard input from /dev/null, output appended to
// `log_file`, no other descriptors, and default signals. Returns when the program is running; the
// error names it.
Result<ProcessIdentity> StartDetached(const std::string& program,
                                      const std::vector<std::string>& arguments,
                                      const std::string& log_file);

// Whether exactly this process still runs (a zombie does not).
bool IsRunning(const ProcessIdentity& process);

// Sends SIGTERM to exactly this process and waits; after `grace_ms` sends SIGKILL and waits again.
// Ok when it is not there. Returns whether SIGKILL was needed.
Result<bool> StopProcess(const ProcessIdentity& process, std::int64_t grace_ms);

// Of a running process.
Result<ProcessIdentity> IdentifyProcess(pid_t pid);

}  // namespace weir::cli
