#include "common/child_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <sys/syscall.h>
#include <unistd.h>

#include "common/child_process_state.h"
#include "common/clock.h"
#include "common/file_system.h"
#include "common/system_error.h"
#include "common/text.h"

namespace weir {

void TailBuffer::Append(std::string_view bytes) {
  total_bytes_ += bytes.size();
  bytes_.append(bytes);
  if (bytes_.size() / 2 >= limit_bytes_) bytes_.erase(0, bytes_.size() - limit_bytes_);
}

OutputTail TailBuffer::Tail(std::size_t limit_bytes) const {
  const std::size_t size = std::min({bytes_.size(), limit_bytes_, limit_bytes});
  return {.text = bytes_.substr(bytes_.size() - size), .total_bytes = total_bytes_};
}

OutputTail ChildProcess::State::TailOf(const Output& output, std::size_t limit_bytes) {
  if (output.stream.kind == StandardStream::Kind::kCapture) {
    MutexLock lock(mutex);
    return output.tail->Tail(limit_bytes);
  }
  if (output.stream.kind != StandardStream::Kind::kFile) return {};
  // What cannot be read is said where people look for the child's last words.
  const Result<std::int64_t> size = LocalFileSystem().FileSize(output.stream.path);
  if (!size.ok()) return {.text = Concat("(", size.status().message(), ")")};
  const auto limit = static_cast<std::int64_t>(std::min<std::size_t>(limit_bytes, INT64_MAX));
  Result<std::string> text =
      LocalFileSystem().ReadFileTail(output.stream.path, limit, output.file_start);
  if (!text.ok()) return {.text = Concat("(", text.status().message(), ")")};
  const std::int64_t written = std::max<std::int64_t>(*size - output.file_start, 0);
  return {.text = *std::move(text), .total_bytes = static_cast<std::uint64_t>(written)};
}

ChildProcess::ChildProcess(std::shared_ptr<State> state) : state_(std::move(state)) {}
ChildProcess::~ChildProcess() = default;

pid_t ChildProcess::pid() const {
  return state_->pid;
}

Status ChildProcess::Kill(int signal) {
  if (::syscall(SYS_pidfd_send_signal, state_->pidfd.get(), signal, nullptr, 0) == 0 ||
      errno == ESRCH) {
    return Status();
  }
  return SystemError(Concat("cannot send ", SignalName(signal), " to process ", state_->pid),
                     errno);
}

Status ChildProcess::KillGroup(int signal) {
  if (!state_->leads_group) {
    return Status(StatusCode::kFailedPrecondition,
                  Concat("process ", state_->pid, " has no process group of its own"));
  }
  // Until the leader is reaped nobody else can get the group's number.
  MutexLock lock(state_->mutex);
  if (state_->exit_status) return Status();
  if (::kill(-state_->pid, signal) == 0 || errno == ESRCH) return Status();
  return SystemError(Concat("cannot send ", SignalName(signal), " to process group ", state_->pid),
                     errno);
}

std::optional<ExitStatus> ChildProcess::exit_status() const {
  MutexLock lock(state_->mutex);
  return state_->exit_status;
}

Result<ExitStatus> ChildProcess::WaitExit(std::int64_t timeout_ms) const {
  const std::int64_t deadline_ns = SystemClock().MonotonicNanos() + timeout_ms * 1'000'000;
  MutexLock lock(state_->mutex);
  while (!state_->exit_status) {
    if (!state_->exited.WaitUntil(state_->mutex, deadline_ns) && !state_->exit_status) {
      return Status(StatusCode::kTimedOut,
                    Concat("process ", state_->pid, " has not ended within ", timeout_ms, " ms"));
    }
  }
  return *state_->exit_status;
}

UniqueFd ChildProcess::TakeStandardInput() {
  MutexLock lock(state_->mutex);
  return std::move(state_->pipe_ends[0]);
}

UniqueFd ChildProcess::TakeStandardOutput() {
  MutexLock lock(state_->mutex);
  return std::move(state_->pipe_ends[1]);
}

UniqueFd ChildProcess::TakeStandardError() {
  MutexLock lock(state_->mutex);
  return std::move(state_->pipe_ends[2]);
}

OutputTail ChildProcess::StandardOutputTail(std::size_t limit_bytes) const {
  return state_->TailOf(state_->outputs[0], limit_bytes);
}

OutputTail ChildProcess::StandardErrorTail(std::size_t limit_bytes) const {
  return state_->TailOf(state_->outputs[1], limit_bytes);
}

}  // namespace weir
