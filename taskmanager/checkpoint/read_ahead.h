// Reads parts of a file ahead of the one thread that uses them, in order: other threads read and
// check while that one decodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

#include "common/file_system.h"

namespace weir::checkpoint {

// Runs `work`, which may block, on another thread, at once or later; never inside the call.
using RunBeside = std::function<Status(std::function<void()> work)>;

// One thread at a time. Memory: kAhead parts. Depends on nobody else: a part that no other thread
// has begun is read by the call that asks for it, so that threads which come late, or never, cost
// time alone.
class ReadAhead {
 public:
  struct Part {
    std::uint64_t offset = 0;
    std::size_t size = 0;
  };
  // What is in a part that was read: an error where it is not what it should be. Any thread.
  using CheckPart = std::function<Status(std::size_t part, std::string_view bytes)>;

  static constexpr std::size_t kReaders = 2;
  static constexpr std::size_t kAhead = 8;

  // `file` is kept until the last thread has let go of it; `check` is called in no more parts when
  // this object has ended. Null `run`: nothing is read ahead.
  ReadAhead(std::shared_ptr<ReadableFile> file, std::vector<Part> parts, CheckPart check,
            const RunBeside& run);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  // Waits for the parts that are being read.
  ~ReadAhead();

  // The next part, checked; valid until the next call. Blocks. Shorter than it should be at the end
  // of the file. After an error there is no next part.
  Result<std::string_view> Next();

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;
  std::size_t next_ = 0;
};

}  // namespace weir::checkpoint
