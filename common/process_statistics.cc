#include "common/process_statistics.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <sched.h>
#include <unistd.h>

#include "common/file_system.h"
#include "common/text.h"

namespace weir {

namespace {

constexpr std::int64_t kMostFileBytes = 1 << 20;

Status Malformed(const std::string& path) {
  return Status::Internal(Concat("cannot make sense of ", path));
}

// The number of kilobytes behind `key` in a file of lines "Key:   123 kB", in bytes.
Result<std::int64_t> ReadKilobytes(const std::string& path, std::string_view content,
                                   std::string_view key) {
  for (std::string_view line : Split(content, '\n')) {
    if (!line.starts_with(key) || !line.substr(key.size()).starts_with(':')) continue;
    line = Trim(line.substr(key.size() + 1));
    const Result<std::int64_t> kilobytes = ParseInt64(line.substr(0, line.find(' ')));
    if (!kilobytes.ok()) return Malformed(path);
    return *kilobytes * 1024;
  }
  return Malformed(path);
}

// Processor time and threads from /proc/<pid>/stat (proc_pid_stat(5): fields 14, 15 and 20).
Status ReadStat(const std::string& path, std::string_view content, ProcessStatistics& out) {
  // The name, in brackets, may hold anything, brackets too: count from the last one.
  const std::size_t bracket = content.rfind(')');
  if (bracket == std::string_view::npos) return Malformed(path);
  const std::vector<std::string_view> fields = Split(Trim(content.substr(bracket + 1)), ' ');
  constexpr std::size_t kFirstField = 3;
  if (fields.size() <= 20 - kFirstField) return Malformed(path);
  const Result<std::int64_t> user_ticks = ParseInt64(fields[14 - kFirstField]);
  const Result<std::int64_t> system_ticks = ParseInt64(fields[15 - kFirstField]);
  const Result<std::int64_t> threads = ParseInt64(fields[20 - kFirstField]);
  if (!user_ticks.ok() || !system_ticks.ok() || !threads.ok()) return Malformed(path);
  out.cpu_seconds = static_cast<double>(*user_ticks + *system_ticks) /
                    static_cast<double>(::sysconf(_SC_CLK_TCK));
  out.threads = static_cast<std::int32_t>(*threads);
  return Status();
}

// A process that ends while it is read shows as ESRCH on an open file or as an empty file: both
// mean that there is none.
Result<std::string> ReadOfProcess(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(std::string content, LocalFileSystem().ReadFile(path, kMostFileBytes));
  if (content.empty()) return Status::NotFound(Concat("'", path, "' is empty: the process ended"));
  return content;
}

// The path of this process in the hierarchy of `controller` ("" for version 2), from the lines
// "id:controllers:path" of /proc/self/cgroup.
std::optional<std::string> FindGroup(std::string_view groups, std::string_view controller) {
  for (const std::string_view line : Split(groups, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool match = controller.empty()
                           ? controllers.empty()
                           : std::ranges::count(Split(controllers, ','), controller) > 0;
    if (match) return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

std::optional<std::string> ReadLimit(const std::string& path) {
  // A controller that is not there, or a group that is not visible from a container, sets no limit
  // that we could know.
  Result<std::string> content = LocalFileSystem().ReadFile(path, kMostFileBytes);
  if (!content.ok()) return std::nullopt;
  return std::string(Trim(*content));
}

template <class Number>
void Lower(std::optional<Number>& limit, Number value) {
  if (!limit || value < *limit) limit = value;
}

void LowerMemory(std::optional<std::string> text, MachineResources& out) {
  const Result<std::int64_t> bytes = ParseInt64(text.value_or("max"));
  // Version 1 writes "no limit" as almost 2^63.
  if (bytes.ok() && *bytes < out.physical_memory_bytes) Lower(out.memory_limit_bytes, *bytes);
}

void LowerCores(std::string_view quota_text, std::string_view period_text, MachineResources& out) {
  const Result<std::int64_t> quota = ParseInt64(quota_text);
  const Result<std::int64_t> period = ParseInt64(period_text);
  if (!quota.ok() || !period.ok() || *quota <= 0 || *period <= 0) return;
  Lower(out.core_limit, static_cast<double>(*quota) / static_cast<double>(*period));
}

// Calls `visit` with the folder of the group and of each group above it, down to `root` itself: the
// least limit of all of them holds. In a container the root often *is* the group, and the path
// below it does not exist.
template <class Visit>
void VisitUpwards(const std::string& root, std::string group, Visit visit) {
  for (;;) {
    while (group.ends_with('/')) group.pop_back();
    visit(root + group);
    if (group.empty()) return;
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

void ApplyLimits(const std::string& groups, const std::string& root, MachineResources& out) {
  if (const auto group = FindGroup(groups, "")) {
    for (const std::string& mount : {root, root + "/unified"}) {
      VisitUpwards(mount, *group, [&](const std::string& folder) {
        LowerMemory(ReadLimit(folder + "/memory.max"), out);
        const std::string cpu = ReadLimit(folder + "/cpu.max").value_or("max");
        const std::vector<std::string_view> parts = Split(cpu, ' ');
        if (parts.size() == 2) LowerCores(parts[0], parts[1], out);
      });
    }
  }
  if (const auto group = FindGroup(groups, "memory")) {
    VisitUpwards(root + "/memory", *group, [&](const std::string& folder) {
      LowerMemory(ReadLimit(folder + "/memory.limit_in_bytes"), out);
    });
  }
  if (const auto group = FindGroup(groups, "cpu")) {
    VisitUpwards(root + "/cpu", *group, [&](const std::string& folder) {
      LowerCores(ReadLimit(folder + "/cpu.cfs_quota_us").value_or(""),
                 ReadLimit(folder + "/cpu.cfs_period_us").value_or(""), out);
    });
  }
}

// The number behind the line "oom_kill" of memory.events or memory.oom_control.
std::optional<std::int64_t> ParseMemoryKills(const std::optional<std::string>& content) {
  if (!content) return std::nullopt;
  constexpr std::string_view kKey = "oom_kill ";
  for (const std::string_view line : Split(*content, '\n')) {
    if (!line.starts_with(kKey)) continue;
    const Result<std::int64_t> count = ParseInt64(Trim(line.substr(kKey.size())));
    if (count.ok()) return *count;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> ReadMemoryKills(const std::string& proc_root,
                                            const std::string& cgroup_root) {
  const std::string groups = ReadLimit(proc_root + "/self/cgroup").value_or("");
  std::optional<std::int64_t> kills;
  const auto look = [&](const std::string& root, std::string_view controller, const char* file) {
    const auto group = FindGroup(groups, controller);
    if (!group) return;
    VisitUpwards(root, *group, [&](const std::string& folder) {
      if (!kills) kills = ParseMemoryKills(ReadLimit(folder + file));
    });
  };
  // Where both versions are mounted, memory is limited by version 1.
  look(cgroup_root + "/memory", "memory", "/memory.oom_control");
  look(cgroup_root, "", "/memory.events");
  look(cgroup_root + "/unified", "", "/memory.events");
  return kills;
}

Result<ProcessStatistics> ReadProcessStatistics(pid_t pid, const std::string& proc_root) {
  const std::string folder = Concat(proc_root, "/", pid);
  ProcessStatistics out;
  const std::string stat_path = folder + "/stat";
  WEIR_ASSIGN_OR_RETURN(const std::string stat, ReadOfProcess(stat_path));
  WEIR_RETURN_IF_ERROR(ReadStat(stat_path, stat, out));
  const std::string memory_path = folder + "/smaps_rollup";
  WEIR_ASSIGN_OR_RETURN(const std::string memory, ReadOfProcess(memory_path));
  WEIR_ASSIGN_OR_RETURN(out.resident_bytes, ReadKilobytes(memory_path, memory, "Rss"));
  WEIR_ASSIGN_OR_RETURN(out.proportional_bytes, ReadKilobytes(memory_path, memory, "Pss"));
  WEIR_ASSIGN_OR_RETURN(out.anonymous_bytes, ReadKilobytes(memory_path, memory, "Anonymous"));
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> descriptors,
                        LocalFileSystem().List(folder + "/fd"));
  out.open_descriptors = static_cast<std::int32_t>(descriptors.size());
  return out;
}

Result<std::int64_t> ReadResidentBytes(pid_t pid, const std::string& proc_root) {
  // The second number of statm is in pages (proc_pid_statm(5)).
  const std::string path = Concat(proc_root, "/", pid, "/statm");
  WEIR_ASSIGN_OR_RETURN(const std::string content, ReadOfProcess(path));
  const std::vector<std::string_view> fields = Split(Trim(content), ' ');
  const Result<std::int64_t> pages = ParseInt64(fields.size() > 1 ? fields[1] : "");
  if (!pages.ok()) return Malformed(path);
  return *pages * ::sysconf(_SC_PAGESIZE);
}

Result<MachineResources> ReadMachineResources(const std::string& proc_root,
                                              const std::string& cgroup_root) {
  MachineResources out;
  const std::string memory_path = proc_root + "/meminfo";
  WEIR_ASSIGN_OR_RETURN(const std::string memory,
                        LocalFileSystem().ReadFile(memory_path, kMostFileBytes));
  WEIR_ASSIGN_OR_RETURN(out.physical_memory_bytes, ReadKilobytes(memory_path, memory, "MemTotal"));
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  // Fails only where there are more than 1024 processors.
  out.cores = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0
                  ? CPU_COUNT(&allowed)
                  : static_cast<std::int32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  WEIR_ASSIGN_OR_RETURN(const std::string groups,
                        LocalFileSystem().ReadFile(proc_root + "/self/cgroup", kMostFileBytes));
  ApplyLimits(groups, cgroup_root, out);
  return out;
}

}  // namespace weir
