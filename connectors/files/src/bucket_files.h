// The part files of one writer: opens, rolls and finishes them. Time is handed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <weir/connectors/file_system.h>
#include <weir/connectors/internal/file_sink_state.h>
#include <weir/connectors/internal/file_write_session.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

#include "connectors/files/src/part_names.h"

namespace weir::files {

// Whose files.
struct FileWriterIdentity {
  std::string sink_id;  // SinkIdOf()
  std::uint32_t subtask = 0;
  std::uint32_t attempt = 0;
  std::uint32_t parallelism = 1;
};

// What a checkpoint takes along.
struct PreparedFiles {
  std::vector<internal::FileCommittable> committables;
  internal::FileWriterState state;
};

// Of a call that may take long.
struct RestoreSurroundings {
  Logger& logger;
  std::function<bool()> stopping;  // asked for every directory and every MiB
};

// One thread. Every call may block. After an error nothing but the destructor may follow: what was
// in progress stays so.
class BucketFiles {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // kAtOnce: a finished part gets its name. kByCommit: it gets it when somebody commits what
  // Prepare() gave.
  enum class Naming : std::uint8_t { kAtOnce, kByCommit };

  // The options outlive it.
  BucketFiles(const internal::FileSinkOptions& options, FileWriterIdentity identity, Naming naming);

  // Before all else, where a checkpoint is restored or there were earlier attempts: goes on with
  // this writer's open parts. Copies them, as an attempt that is not known to have ended may still
  // write to the old ones. Then removes what earlier attempts of this writer, and of those that it
  // stands for, left in progress anywhere below the path, but for what the checkpoint holds.
  // Directories that cannot be listed are logged and left out; links are not followed.
  //   kFailedPrecondition  a later checkpoint than this one has given a part its name;
  //   kCanceled            the surroundings say that it is to stop.
  Status Restore(const internal::RestoredFileSink& restored, const RestoreSurroundings& context);

  // Whole messages of one bucket.
  Status Write(const std::string& bucket, std::string_view bytes, std::int64_t now_ms);
  // Finishes the parts whose time has come, and forgets buckets that nothing is written to.
  Status Roll(std::int64_t now_ms);
  // When Roll() has something to do, or kNever.
  std::int64_t next_roll_ms() const;
  // Until all that was written survives a crash; parts in progress stay so.
  Status Sync();
  Status FinishAll();
  // Sync(), or FinishAll() where the options or `end_of_input` say so; then adds the parts that
  // were finished since the last call, and says which are open.
  Status Prepare(bool end_of_input, PreparedFiles& prepared);
  // Buckets that are remembered.
  std::size_t buckets() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::string directory;
    std::uint64_t next_number = 0;
    // The part in progress; null: none.
    std::unique_ptr<WritableFile> part;
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    bool synced = false;  // all bytes of it
    std::int64_t opened_ms = 0;
    std::int64_t written_ms = 0;
    std::vector<std::string> replaced;  // files whose content is in it
  };

  // What the files of this sink below the path say, before any of them is changed.
  struct Findings {
    std::vector<std::string> leftovers;
    // The parts with names of this very subtask are below it.
    std::uint64_t next_number = 0;
    std::string last_part;
  };

  // Adds what the checkpoint holds; returns the number below which this very subtask's parts were,
  // where it holds that.
  std::optional<std::uint64_t> Hold(const internal::RestoredFileSink& restored);
  Status LookBelow(const std::string& directory, const RestoreSurroundings& context,
                   Findings& findings) const;
  Status Continue(const internal::OpenPart& open, const RestoreSurroundings& context);
  Result<Bucket*> BucketOf(const std::string& name);
  // Which numbers are taken; removes what earlier attempts of this writer left in progress.
  Status LookAround(Bucket& bucket) const;
  bool IsLeftover(const std::string& path, const PartName& name) const;
  // A new part without content.
  Status Create(Bucket& bucket, std::int64_t now_ms);
  Status Open(Bucket& bucket, std::int64_t now_ms);
  Status Append(Bucket& bucket, std::string_view bytes);
  Status Finish(Bucket& bucket);
  Status SyncDirectories();
  internal::FileWriterState State() const;
  std::int64_t RollTimeOf(const Bucket& bucket) const;
  bool Forgettable(const Bucket& bucket, std::int64_t now_ms) const;
  std::string InProgressPath(const Bucket& bucket) const;

  const internal::FileSinkOptions& options_;
  const FileWriterIdentity identity_;
  const Naming naming_;
  const PartNames names_;
  std::map<std::string, Bucket> buckets_;
  // Above the numbers of all buckets that were forgotten, and of the restored checkpoint: no number
  // comes again, even where somebody has taken the part away since.
  std::uint64_t forgotten_number_ = 0;
  std::uint64_t prepared_number_ = 0;  // numbers behind the last checkpoint are not below it
  std::set<std::string> held_;         // in progress, by the restored checkpoint
  std::vector<internal::FileCommittable> finished_;  // and not prepared
  std::set<std::string> unsynced_directories_;       // names were made in them
};

// As the sink writes it, however the file system does.
std::string PathIn(const std::string& directory, const FileInformation& file);
// Which the path's name is in.
std::string DirectoryOf(const std::string& path);

// Gives the part its name and removes what it replaces: those that are there.
Status CommitFile(const FileSystem& file_system, const internal::FileCommittable& committable);
// The writer and the committer may want the same file away.
Status RemoveIfThere(const FileSystem& file_system, const std::string& path);
Status RemoveReplaced(const FileSystem& file_system, const internal::FileCommittable& committable);

}  // namespace weir::files
