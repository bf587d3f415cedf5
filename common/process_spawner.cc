#include "common/process_spawner.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/child_process_state.h"
#include "common/mutex.h"
#include "common/system_error.h"
#include "common/text.h"

namespace weir {

namespace {

using ChildState = ChildProcess::State;

// Reads what has come, but no more than a full pipe holds a few times over: a child that never
// stops writing must not keep the thread. Returns false when the stream has ended.
bool ReadCapture(ChildState& child, ChildState::Output& output) {
  char piece[64 * 1024];
  for (int i = 0; i < 16; ++i) {
    const ssize_t size = ::read(output.capture.get(), piece, sizeof piece);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return false;
    MutexLock lock(child.mutex);
    output.tail->Append(std::string_view(piece, static_cast<std::size_t>(size)));
  }
  return true;
}

ExitStatus Reap(const ChildState& child) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED) != 0) {
    if (errno == EINTR) continue;
    // Only if somebody else in this process reaped our child, which would be a bug.
    std::perror("waitid");
    std::abort();
  }
  if (info.si_code == CLD_EXITED) return {.exit_code = info.si_status};
  return {.signal = info.si_status, .core_dumped = info.si_code == CLD_DUMPED};
}

void FinishChild(ChildState& child) {
  for (ChildState::Output& output : child.outputs) {
    if (output.capture.valid()) ReadCapture(child, output);
    output.capture.Reset();
  }
  ExitStatus status;
  {
    MutexLock lock(child.mutex);
    // While the leader is not reaped its group's number is nobody else's; what it left behind there
    // goes with it.
    if (child.leads_group) ::kill(-child.pid, SIGKILL);
    status = Reap(child);
    child.exit_status = status;
    child.exited.SignalAll();
  }
  if (child.on_exit) child.on_exit(status);
  child.on_exit = nullptr;
}

}  // namespace

class ProcessSpawner::Loop {
 public:
  Loop() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!wake_.valid()) {
      std::perror("eventfd");
      std::abort();
    }
    // Signals of the process are for other threads.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { Run(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  ~Loop() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
    }
    Wake();
    thread_.join();
  }

  Result<std::unique_ptr<ChildProcess>> Spawn(ChildProcessOptions options) {
    if (std::this_thread::get_id() == thread_.get_id()) {
      std::fprintf(stderr, "a child was spawned from on_exit, which would wait for itself\n");
      std::abort();
    }
    Request request{.options = std::move(options)};
    MutexLock lock(mutex_);
    requests_.push_back(&request);
    Wake();
    while (!request.result) answered_.Wait(mutex_);
    WEIR_ASSIGN_OR_RETURN(std::shared_ptr<ChildState> child, *std::move(request.result));
    return std::make_unique<ChildProcess>(std::move(child));
  }

 private:
  struct Request {
    ChildProcessOptions options;
    std::optional<Result<std::shared_ptr<ChildState>>> result;  // guarded by the loop's mutex
  };

  void Wake() {
    const std::uint64_t one = 1;
    // Cannot fail but by overflow, and then the loop is awake anyway.
    if (::write(wake_.get(), &one, sizeof one) < 0) return;
  }

  void Run() {
    ::pthread_setname_np(::pthread_self(), "spawner");
    bool killed_all = false;
    for (;;) {
      const bool stopping = Answer();
      if (stopping && !killed_all) {
        killed_all = true;
        // Each is still ours to reap, so the number is its own.
        for (const auto& child : children_) ::kill(child->pid, SIGKILL);
      }
      if (stopping && children_.empty()) return;
      PollOnce();
    }
  }

  // Starts what has been asked for; returns whether to stop.
  bool Answer() {
    for (;;) {
      Request* request = nullptr;
      {
        MutexLock lock(mutex_);
        if (requests_.empty()) return stopping_;
        request = requests_.front();
        requests_.pop_front();
      }
      Result<std::shared_ptr<ChildState>> child = LaunchChild(std::move(request->options));
      if (child.ok()) children_.push_back(*child);
      MutexLock lock(mutex_);
      request->result.emplace(std::move(child));
      answered_.SignalAll();
    }
  }

  void PollOnce() {
    std::vector<pollfd> polled{{.fd = wake_.get(), .events = POLLIN, .revents = 0}};
    for (const auto& child : children_) {
      // poll skips negative descriptors: outputs that are not captured or have ended.
      polled.push_back({.fd = child->pidfd.get(), .events = POLLIN, .revents = 0});
      for (const auto& output : child->outputs) {
        polled.push_back({.fd = output.capture.get(), .events = POLLIN, .revents = 0});
      }
    }
    if (::poll(polled.data(), polled.size(), -1) < 0) {
      if (errno == EINTR) return;
      std::perror("poll");
      std::abort();
    }
    std::uint64_t count = 0;
    if (polled[0].revents != 0 && ::read(wake_.get(), &count, sizeof count) < 0) count = 0;
    std::vector<std::shared_ptr<ChildState>> running;
    for (std::size_t i = 0; i < children_.size(); ++i) {
      const pollfd* const of_child = &polled[1 + i * 3];
      ChildState& child = *children_[i];
      for (std::size_t stream = 0; stream < 2; ++stream) {
        ChildState::Output& output = child.outputs[stream];
        if (of_child[1 + stream].revents != 0 && !ReadCapture(child, output)) {
          output.capture.Reset();
        }
      }
      if (of_child[0].revents != 0) {
        FinishChild(child);
      } else {
        running.push_back(children_[i]);
      }
    }
    children_ = std::move(running);
  }

  const UniqueFd wake_;
  std::vector<std::shared_ptr<ChildState>> children_;  // the thread's own
  Mutex mutex_;
  CondVar answered_;
  std::deque<Request*> requests_ WEIR_GUARDED_BY(mutex_);
  bool stopping_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

ProcessSpawner::ProcessSpawner() : loop_(std::make_unique<Loop>()) {}
ProcessSpawner::~ProcessSpawner() = default;

Result<std::unique_ptr<ChildProcess>> ProcessSpawner::Spawn(ChildProcessOptions options) {
  return loop_->Spawn(std::move(options));
}

}  // namespace weir
