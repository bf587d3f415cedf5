#include "tests/kafka/child_process.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weir::test {
namespace {

// Between fork and exec only calls that are safe after a fork of a process with threads.
[[noreturn]] void RunChild(char* const* arguments, const char* directory, int output,
                           pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it ended before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (chdir(directory) != 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) {
    _exit(127);
  }
  execvp(arguments[0], arguments);
  _exit(127);
}

}  // namespace

ChildProcess::~ChildProcess() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  Reap(/*block=*/true);
}

Status ChildProcess::Start(const std::vector<std::string>& arguments, const std::string& directory,
                           const std::string& output_file) {
  const int output = open(output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) return Status::IoError("open " + output_file + ": " + std::strerror(errno));
  std::vector<char*> pointers;
  for (const std::string& argument : arguments)
    pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t parent = getpid();
  wait_status_.reset();
  pid_ = fork();
  if (pid_ == 0) RunChild(pointers.data(), directory.c_str(), output, parent);
  const int fork_error = errno;
  close(output);
  if (pid_ < 0) return Status::IoError(std::string("fork: ") + std::strerror(fork_error));
  // glibc 2.36 declares pidfd_open without C linkage.
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) return Status::IoError(std::string("pidfd_open: ") + std::strerror(errno));
  return Status::Ok();
}

bool ChildProcess::Reap(bool block) {
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = waitpid(pid_, &status, block ? 0 : WNOHANG);
  } while (reaped < 0 && errno == EINTR);
  if (reaped != pid_) return false;
  wait_status_ = status;
  pid_ = -1;
  close(pidfd_);
  pidfd_ = -1;
  return true;
}

bool ChildProcess::running() {
  return pid_ > 0 && !Reap(/*block=*/false);
}

void ChildProcess::Signal(int signal) {
  if (running()) kill(pid_, signal);
}

std::optional<int> ChildProcess::Wait(std::chrono::milliseconds timeout) {
  if (!running()) return wait_status_;
  pollfd descriptor{pidfd_, POLLIN, 0};
  if (poll(&descriptor, 1, static_cast<int>(timeout.count())) <= 0) return std::nullopt;
  Reap(/*block=*/true);
  return wait_status_;
}

bool IsInPath(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::string LastLines(const std::string& path, std::size_t lines) {
  std::ifstream file(path);
  std::deque<std::string> kept;
  for (std::string line; std::getline(file, line);) {
    kept.push_back(line);
    if (kept.size() > lines) kept.pop_front();
  }
  std::string text;
  for (const std::string& line : kept) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace weir::test
