// What /proc and the control groups tell about processes and the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include <weir/status.h>

namespace weir {

struct ProcessStatistics {
  std::int64_t resident_bytes = 0;  // RSS: shared pages count in full
  std::int64_t proportional_bytes =
      0;  // PSS: shared pages divided by their users, so it may be summed
  std::int64_t anonymous_bytes = 0;  // of RSS, what no file backs
  double cpu_seconds = 0;            // user and system, all threads, since the process started
  std::int32_t threads = 0;
  std::int32_t open_descriptors = 0;
};

// NOT_FOUND when there is no such process. Reading PSS walks the page table: some milliseconds per
// gigabyte, so not in a tight loop. The roots are for tests.
Result<ProcessStatistics> ReadProcessStatistics(pid_t pid, const std::string& proc_root = "/proc");

// Only RSS: cheap, for a watchdog.
Result<std::int64_t> ReadResidentBytes(pid_t pid, const std::string& proc_root = "/proc");

struct MachineResources {
  std::int64_t physical_memory_bytes = 0;
  std::int32_t cores = 0;  // that this process may run on
  // The least limits that control groups (version 1 or 2) set for this process; none without one.
  std::optional<std::int64_t> memory_limit_bytes;
  std::optional<double> core_limit;

  // What this process may count on.
  std::int64_t usable_memory_bytes() const {
    return memory_limit_bytes ? *memory_limit_bytes : physical_memory_bytes;
  }
  double usable_cores() const { return core_limit && *core_limit < cores ? *core_limit : cores; }
};

Result<MachineResources> ReadMachineResources(const std::string& proc_root = "/proc",
                                              const std::string& cgroup_root = "/sys/fs/cgroup");

// How many processes the kernel has ended for want of memory in the nearest visible control group
// of this process (version 2: with the groups below it); none where no group tells.
std::optional<std::int64_t> ReadMemoryKills(const std::string& proc_root = "/proc",
                                            const std::string& cgroup_root = "/sys/fs/cgroup");

}  // namespace weir
