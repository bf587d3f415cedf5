// What a ChildProcess and the spawner's thread share. Private to child_process.cc,
// child_launcher.cc and process_spawner.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "common/child_process.h"
#include "common/exit_status.h"
#include "common/mutex.h"
#include "common/unique_fd.h"

namespace weir {

// The last bytes of a stream.
class TailBuffer {
 public:
  explicit TailBuffer(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  void Append(std::string_view bytes);
  OutputTail Tail(std::size_t limit_bytes) const;

 private:
  const std::size_t limit_bytes_;
  std::string
      bytes_;  // up to twice the limit, so that it is cut once per limit and not once per append
  std::uint64_t total_bytes_ = 0;
};

struct ChildProcess::State {
  // Standard output or standard error.
  struct Output {
    StandardStream stream;
    std::int64_t file_start = 0;     // kFile: where in the file this child began
    UniqueFd capture;                // kCapture: our end; the spawner's thread only
    std::optional<TailBuffer> tail;  // kCapture: guarded by the state's mutex
  };

  OutputTail TailOf(const Output& output, std::size_t limit_bytes) WEIR_EXCLUDES(mutex);

  // Set before anybody else sees the state.
  pid_t pid = 0;
  UniqueFd pidfd;
  bool leads_group = false;
  std::function<void(const ExitStatus&)> on_exit;  // the spawner's thread only

  std::array<Output, 2> outputs;

  Mutex mutex;
  CondVar exited;
  // Reaping happens under the mutex together with setting this: while it is empty the pid is still
  // ours.
  std::optional<ExitStatus> exit_status WEIR_GUARDED_BY(mutex);
  std::array<UniqueFd, 3> pipe_ends WEIR_GUARDED_BY(mutex);
};

// Starts the program on the calling thread. The returned child is not watched yet.
Result<std::shared_ptr<ChildProcess::State>> LaunchChild(ChildProcessOptions options);

}  // namespace weir
