// The untyped half of a file writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/connectors/file_system.h>
#include <weir/connectors/internal/file_sink_state.h>
#include <weir/format.h>
#include <weir/sink.h>
#include <weir/status.h>

namespace weir::files::internal {

// Milliseconds since the epoch.
std::int64_t SystemTimeMs();

struct FileSinkOptions {
  std::string path;
  std::string part_prefix = "part";
  std::string part_suffix;
  std::uint64_t roll_at_bytes = 128 << 20;
  std::int64_t roll_after_ms = 60'000;
  std::int64_t roll_after_inactivity_ms = 60'000;
  bool roll_on_checkpoint = false;
  std::shared_ptr<const FileSystem> file_system = LocalFileSystem();
  std::function<std::int64_t()> clock = SystemTimeMs;
  // Of the format.
  Framing framing;
  std::string header;  // of each file; empty: none
};
// What is missing or wrong.
Status ValidateSink(const FileSinkOptions& options);

// The task's thread; files are written by a thread of the session's own, which is at most
// kMaximumQueuedBytes (and one block) behind.
class FileWriteSession {
 public:
  static constexpr std::size_t kMaximumQueuedBytes = 8 << 20;

  explicit FileWriteSession(FileSinkOptions options);
  ~FileWriteSession();
  FileWriteSession(const FileWriteSession&) = delete;
  FileWriteSession& operator=(const FileWriteSession&) = delete;

  // Before Open().
  Status Restore(const RestoredFileSink& restored);
  Status Open(SinkWriterContext& context);
  // kNotReady: too much waits for the disk. Also the first failure of the thread.
  Result<WriteStatus> CheckRoom();
  // The first failure of the thread. Takes no lock while there is none.
  Status Failure();
  // The time of the present block.
  std::int64_t time_ms();
  // Where the bucket's next message goes; FinishMessage() must follow. An error: no bucket's name.
  Result<std::string*> BeginMessage(std::string_view bucket);
  // The message is what was appended since; puts on its frame. An error, and nothing is added, when
  // the frame cannot hold it.
  Status FinishMessage();
  // Takes back what was appended since BeginMessage().
  void DropMessage();
  // Hands over what the block came to.
  Status EndBlock();
  Result<FlushStatus> Flush(bool end_of_input);
  // Of a two-phase sink's writer. Without checkpoints finished parts have their names at once, and
  // nothing is left to commit.
  Result<std::optional<std::vector<FileCommittable>>> PrepareCommit(std::uint64_t checkpoint_id,
                                                                    bool end_of_input);
  // As of the last PrepareCommit() that returned something.
  std::vector<FileWriterState> Snapshot() const;
  void Close();

 private:
  class State;
  std::unique_ptr<State> state_;
};

std::unique_ptr<Committer<FileCommittable>> CreateFileCommitter(
    std::shared_ptr<const FileSystem> file_system);

}  // namespace weir::files::internal
