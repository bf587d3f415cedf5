#include "cli/detached_process.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/system_error.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace weir::cli {

namespace {

constexpr std::int64_t kKillTimeoutMs = 10'000;

// As system calls: the header of glibc 2.36 declares them with C++ linkage (glibc bug 29613).
int OpenPidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}
int SendSignal(int pidfd, int signal) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

struct ProcessStat {
  char state = 0;
  std::uint64_t start_time_ticks = 0;
};

// Fields 3 and 22 of /proc/<pid>/stat (proc(5)). The name, field 2, may hold anything but ends at
// the last ')'.
Result<ProcessStat> ReadStat(pid_t pid) {
  std::ifstream file(Concat("/proc/", pid, "/stat"));
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return Status::NotFound(Concat("no process ", pid));
  std::istringstream fields(text.substr(name_end + 1));
  ProcessStat stat;
  fields >> stat.state;
  std::string skipped;
  for (int field = 4; field <= 21; ++field) fields >> skipped;
  fields >> stat.start_time_ticks;
  if (!fields) return Status::Corruption(Concat("cannot read /proc/", pid, "/stat"));
  return stat;
}

// Waits for the end of the process behind a pidfd; false when the time has passed.
bool WaitForEnd(int pidfd, pid_t pid, std::int64_t timeout_ms) {
  pollfd waiting = {.fd = pidfd, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, static_cast<int>(timeout_ms));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return false;
  ::waitpid(pid, nullptr, WNOHANG);  // if it is our own child, so that no zombie stays
  return true;
}

// posix_spawn's two attribute objects, destroyed with this.
struct SpawnSettings {
  SpawnSettings() {
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&actions);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
};

}  // namespace

Result<ProcessIdentity> IdentifyProcess(pid_t pid) {
  WEIR_ASSIGN_OR_RETURN(ProcessStat stat, ReadStat(pid));
  return ProcessIdentity{.pid = pid, .start_time_ticks = stat.start_time_ticks};
}

Result<ProcessIdentity> StartDetached(const std::string& program,
                                      const std::vector<std::string>& arguments,
                                      const std::string& log_file) {
  SpawnSettings settings;
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&settings.attributes, &none);
  ::posix_spawnattr_setsigdefault(&settings.attributes, &all);
  ::posix_spawnattr_setflags(&settings.attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  ::posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&settings.actions, STDOUT_FILENO, log_file.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&settings.actions, STDOUT_FILENO, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&settings.actions, STDERR_FILENO + 1);

  std::vector<char*> pointers;
  pointers.push_back(const_cast<char*>(program.c_str()));
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  pid_t pid = -1;
  int error = ::posix_spawn(&pid, program.c_str(), &settings.actions, &settings.attributes,
                            pointers.data(), environ);
  if (error != 0) return SystemError(Concat("cannot start ", program), error);
  return IdentifyProcess(pid);
}

bool IsRunning(const ProcessIdentity& process) {
  Result<ProcessStat> stat = ReadStat(process.pid);
  return stat.ok() && stat->start_time_ticks == process.start_time_ticks && stat->state != 'Z' &&
         stat->state != 'X';
}

Result<bool> StopProcess(const ProcessIdentity& process, std::int64_t grace_ms) {
  // Opened first, checked second: what the descriptor stands for cannot change after the check.
  UniqueFd pidfd(OpenPidfd(process.pid));
  if (!pidfd.valid() || !IsRunning(process)) {
    ::waitpid(process.pid, nullptr, WNOHANG);
    return false;
  }
  for (int signal : {SIGTERM, SIGKILL}) {
    if (SendSignal(pidfd.get(), signal) != 0 && errno != ESRCH) {
      return SystemError(Concat("cannot stop process ", process.pid), errno);
    }
    std::int64_t timeout_ms = signal == SIGTERM ? grace_ms : kKillTimeoutMs;
    if (WaitForEnd(pidfd.get(), process.pid, timeout_ms)) return signal == SIGKILL;
  }
  return Status(StatusCode::kTimedOut, Concat("process ", process.pid, " does not end"));
}

}  // namespace weir::cli
