// LaunchChild: posix_spawn with descriptors, environment and signals arranged.
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/child_process_state.h"
#include "common/process_lifetime.h"
#include "common/system_error.h"
#include "common/text.h"

namespace weir {

namespace {

using Kind = StandardStream::Kind;

constexpr int kFirstInherited = 3;
// A child whose memory is gone ends within this.
constexpr int kEndingMillis = 1'000;

// posix_spawn's two option objects, destroyed together.
class SpawnOptions {
 public:
  SpawnOptions() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// Starts one child. Everything the child gets is first held here at descriptors above all numbers
// it will have there, so that putting one in its place never overwrites another.
class Launch {
 public:
  explicit Launch(ChildProcessOptions options)
      : options_(std::move(options)), state_(std::make_shared<ChildProcess::State>()) {}

  Result<std::shared_ptr<ChildProcess::State>> Run() {
    WEIR_RETURN_IF_ERROR(PrepareStream(0, options_.standard_input));
    WEIR_RETURN_IF_ERROR(PrepareStream(1, options_.standard_output));
    WEIR_RETURN_IF_ERROR(PrepareStream(2, options_.standard_error));
    for (std::size_t i = 0; i < options_.inherited_descriptors.size(); ++i) {
      WEIR_RETURN_IF_ERROR(
          Place(options_.inherited_descriptors[i], kFirstInherited + static_cast<int>(i)));
    }
    WEIR_RETURN_IF_ERROR(Spawn());
    WEIR_RETURN_IF_ERROR(TakeHold());
    return state_;
  }

 private:
  int FirstFree() const {
    return kFirstInherited + static_cast<int>(options_.inherited_descriptors.size());
  }

  Status Failed(std::string_view what, int error_number) const {
    return SystemError(Concat("cannot start '", options_.program, "': ", what), error_number);
  }

  // Has the child find a copy of `fd` at the number `target`.
  Status Place(int fd, int target) {
    UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, FirstFree()));
    if (!copy.valid()) return Failed(Concat("cannot hand on descriptor ", fd), errno);
    const int error = ::posix_spawn_file_actions_adddup2(&spawn_.actions, copy.get(), target);
    if (error != 0) return Failed("cannot arrange descriptors", error);
    held_.push_back(std::move(copy));
    return Status();
  }

  Status PrepareStream(int target, const StandardStream& stream) {
    if (target > 0) state_->outputs[target - 1].stream = stream;
    switch (stream.kind) {
      case Kind::kInherit:
        return Status();
      case Kind::kNull:
        return PlaceFile("/dev/null", O_RDWR, target);
      case Kind::kFile:
        return PlaceFile(stream.path, target == 0 ? O_RDONLY : O_WRONLY | O_APPEND | O_CREAT,
                         target);
      case Kind::kPipe:
      case Kind::kCapture:
        return PlacePipe(target, stream);
    }
    return Status::Internal("unknown kind of stream");
  }

  Status PlaceFile(const std::string& path, int flags, int target) {
    const UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0644));
    if (!file.valid()) return Failed(Concat("cannot open '", path, "'"), errno);
    if (target > 0) {
      struct stat status;
      if (::fstat(file.get(), &status) != 0)
        return Failed(Concat("cannot read '", path, "'"), errno);
      state_->outputs[target - 1].file_start = status.st_size;
    }
    return Place(file.get(), target);
  }

  Status PlacePipe(int target, const StandardStream& stream) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Failed("cannot make a pipe", errno);
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    WEIR_RETURN_IF_ERROR(Place(target == 0 ? read_end.get() : write_end.get(), target));
    UniqueFd& ours = target == 0 ? write_end : read_end;
    if (stream.kind == Kind::kPipe) {
      MutexLock lock(state_->mutex);
      state_->pipe_ends[target] = std::move(ours);
      return Status();
    }
    if (target == 0) {
      return Status::InvalidArgument("the standard input of a child cannot be captured");
    }
    if (::fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) return Failed("cannot set up a pipe", errno);
    state_->outputs[target - 1].capture = std::move(ours);
    state_->outputs[target - 1].tail.emplace(stream.capture_bytes);
    return Status();
  }

  // "NAME=value" for the child; later additions win over earlier ones and over ours.
  std::vector<std::string> Environment() const {
    std::map<std::string, std::string> variables;
    for (char** entry = environ; options_.inherit_environment && *entry != nullptr; ++entry) {
      const std::string_view text(*entry);
      const std::size_t equals = text.find('=');
      if (equals == std::string_view::npos) continue;
      variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
    }
    for (const auto& [name, value] : options_.environment) variables[name] = value;
    std::vector<std::string> entries;
    for (const auto& [name, value] : variables) entries.push_back(Concat(name, "=", value));
    return entries;
  }

  Status ArrangeSpawn() {
    // Nothing that Weir or a library of its process has open leaks into the child.
    int error = ::posix_spawn_file_actions_addclosefrom_np(&spawn_.actions, FirstFree());
    if (error == 0 && !options_.working_directory.empty()) {
      error = ::posix_spawn_file_actions_addchdir_np(&spawn_.actions,
                                                     options_.working_directory.c_str());
    }
    // What we ignore or block must not be ignored or blocked there: the child starts as from a
    // shell.
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    if (options_.new_process_group) flags |= POSIX_SPAWN_SETPGROUP;
    if (error == 0) error = ::posix_spawnattr_setsigdefault(&spawn_.attributes, &all);
    if (error == 0) error = ::posix_spawnattr_setsigmask(&spawn_.attributes, &none);
    if (error == 0) error = ::posix_spawnattr_setpgroup(&spawn_.attributes, 0);
    if (error == 0) error = ::posix_spawnattr_setflags(&spawn_.attributes, flags);
    return error == 0 ? Status() : Failed("cannot arrange its start", error);
  }

  Status Spawn() {
    WEIR_RETURN_IF_ERROR(ArrangeSpawn());
    // A relative path means ours, not the child's working directory.
    std::error_code path_error;
    const std::string program = std::filesystem::absolute(options_.program, path_error);
    if (path_error) return Failed("bad path", path_error.value());
    std::vector<char*> arguments{options_.program.data()};
    for (std::string& argument : options_.arguments) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    std::vector<std::string> entries = Environment();
    std::vector<char*> environment;
    for (std::string& entry : entries) environment.push_back(entry.data());
    environment.push_back(nullptr);
    const int error = ::posix_spawn(&state_->pid, program.c_str(), &spawn_.actions,
                                    &spawn_.attributes, arguments.data(), environment.data());
    if (error != 0) {
      return SystemError(Concat("cannot start '", options_.program, "'"), error);
    }
    // Only the child holds its ends of the pipes from now on.
    held_.clear();
    return Status();
  }

  Status TakeHold() {
    // The child is ours to reap, so its number cannot have passed to another process.
    // (glibc 2.36 declares pidfd_open for C only.)
    state_->pidfd = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, state_->pid, 0)));
    if (!state_->pidfd.valid()) {
      const Status failed = Failed("cannot watch it", errno);
      KillAndReap();
      return failed;
    }
    if (options_.oom_score_adjustment) {
      const Status adjusted = SetOomScoreAdjustment(state_->pid, *options_.oom_score_adjustment);
      // A child that has already ended needs no score. Its files in /proc are root's from when its
      // memory is gone, which is before pidfd tells of the end.
      pollfd ended{.fd = state_->pidfd.get(), .events = POLLIN, .revents = 0};
      if (!adjusted.ok() && ::poll(&ended, 1, kEndingMillis) == 0) {
        KillAndReap();
        return adjusted;
      }
    }
    state_->leads_group = options_.new_process_group;
    state_->on_exit = std::move(options_.on_exit);
    return Status();
  }

  void KillAndReap() {
    ::kill(state_->pid, SIGKILL);
    while (::waitpid(state_->pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  ChildProcessOptions options_;
  const std::shared_ptr<ChildProcess::State> state_;
  SpawnOptions spawn_;
  std::vector<UniqueFd> held_;
};

}  // namespace

Result<std::shared_ptr<ChildProcess::State>> LaunchChild(ChildProcessOptions options) {
  return Launch(std::move(options)).Run();
}

}  // namespace weir
