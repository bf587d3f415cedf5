// The part files of one writer: opens, rolls and finishes them. Time is handed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <weir/connectors/file_system.h>
#include <weir/connectors/internal/file_write_session.h>
#include <weir/status.h>

namespace weir::files {

// Stands for one sink of one job in the names of its parts, 16 hex digits: other sinks may write
// into the same directory. The same for every attempt, which so finds what earlier ones left.
std::string SinkIdOf(std::string_view job_id, std::string_view operator_id);

// One thread. Every call may block. After an error nothing but the destructor may follow: what was
// in progress stays so.
class BucketFiles {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // The options outlive it.
  BucketFiles(const internal::FileSinkOptions& options, std::string_view sink_id,
              std::uint32_t subtask, std::uint32_t attempt);

  // Whole messages of one bucket.
  Status Write(const std::string& bucket, std::string_view bytes, std::int64_t now_ms);
  // Finishes the parts whose time has come, and forgets buckets that nothing is written to.
  Status Roll(std::int64_t now_ms);
  // When Roll() has something to do, or kNever.
  std::int64_t next_roll_ms() const;
  // Until all that was written survives a crash; parts in progress stay so.
  Status Sync();
  Status FinishAll();
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
    std::int64_t opened_ms = 0;
    std::int64_t written_ms = 0;
  };

  Result<Bucket*> BucketOf(const std::string& name);
  // Which numbers are taken; removes what earlier attempts of this writer left in progress.
  Status LookAround(Bucket& bucket) const;
  Status Open(Bucket& bucket, std::int64_t now_ms);
  Status Finish(Bucket& bucket);
  std::int64_t RollTimeOf(const Bucket& bucket) const;
  bool Forgettable(const Bucket& bucket, std::int64_t now_ms) const;
  std::string InProgressPath(const Bucket& bucket) const;

  const internal::FileSinkOptions& options_;
  const std::string stem_;  // "part-0123456789abcdef-3-": of this writer alone
  const std::uint32_t attempt_;
  std::map<std::string, Bucket> buckets_;
  // Above the numbers of all buckets that were forgotten: no number comes again, even where
  // somebody has taken the part away since.
  std::uint64_t forgotten_number_ = 0;
};

}  // namespace weir::files
