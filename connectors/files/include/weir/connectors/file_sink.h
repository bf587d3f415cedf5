// Writing files: lines of text, JSON, CSV, Protobuf or any other format (weir/format.h).
//
//   stream.SinkTo(weir::files::FileSink(weir::json::JsonFormat<Order>(), "/out")
//                     .PartSuffix(".json").RollAtBytes(64 << 20)
//                     .Assigner(weir::files::DateTimeBucketAssigner()));
//
// Each writer has a part file per bucket, a directory below the path. While it grows its name is
// ".part-<sink>-<subtask>-<number>.<attempt>.inprogress", hidden from whoever lists the directory;
// finished it is "part-<sink>-<subtask>-<number><suffix>", complete and on the disk, and never
// touched again. <sink> is 16 hex digits that stand for this sink of this job: several sinks, and
// several jobs, may write into one directory. A part is finished when it is large enough, old
// enough, was not written to for long enough, or at the end of the input; limits of time hold also
// while no records come. A name that is taken is an error: nothing is replaced.
//
// Exactly once in a job with checkpoints: a finished part gets its name when the next checkpoint is
// complete. What is in a part at a checkpoint is on the disk (fdatasync of the file, fsync of new
// directories) before the checkpoint is; so is a part's name (fsync of its directory) before the
// commit counts. After a failure parts in progress go on where the checkpoint was: their beginning
// is copied, as an attempt that is not known to have ended may still write to the old file, which
// is removed once the new one has its name. What else earlier attempts of this job left in progress
// is removed when the writer starts. Starting from a checkpoint that is not the latest of its job
// fails where a later one has given a part its name.
//
// At least once in a job without checkpoints: finished parts have their names at once, and a job
// that starts again writes some records twice.
//
// A record that the format refuses fails the job: serialize with MapInto(SerializeWith())
// and OnError() where it should not.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/connectors/bucket_assigner.h>
#include <weir/connectors/file_system.h>
#include <weir/connectors/internal/file_write_session.h>
#include <weir/format.h>
#include <weir/sink.h>

namespace weir::files {

template <StreamSerializationSchema F, class A>
class FileSinkWriter final : public SinkWriter<typename F::Record> {
 public:
  using T = typename F::Record;
  FileSinkWriter(internal::FileSinkOptions options, F format, A assigner)
      : format_(std::move(format)), assigner_(std::move(assigner)), session_(std::move(options)) {}

  Status Open(SinkWriterContext& context) override { return session_.Open(context); }

  Result<WriteStatus> Write(T& record, std::int64_t timestamp_ms) override {
    WEIR_ASSIGN_OR_RETURN(const WriteStatus room, session_.CheckRoom());
    if (room == WriteStatus::kNotReady) return room;
    const BucketContext at(timestamp_ms, timestamp_ms != weir::internal::kNoTimestamp,
                           session_.time_ms());
    WEIR_ASSIGN_OR_RETURN(std::string* const text, session_.BeginMessage(assigner_(record, at)));
    Status serialized = format_.Serialize(record, *text);
    if (serialized.ok()) serialized = session_.FinishMessage();
    if (!serialized.ok()) {
      session_.DropMessage();
      return serialized;
    }
    return WriteStatus::kAccepted;
  }
  Status EndBlock() { return session_.EndBlock(); }
  Status Failure() { return session_.Failure(); }

  Result<FlushStatus> Flush(bool end_of_input) override { return session_.Flush(end_of_input); }
  Status Restore(const internal::RestoredFileSink& restored) { return session_.Restore(restored); }
  Result<std::optional<std::vector<internal::FileCommittable>>> PrepareCommit(
      std::uint64_t checkpoint_id, bool end_of_input) {
    return session_.PrepareCommit(checkpoint_id, end_of_input);
  }
  Result<std::vector<internal::FileWriterState>> Snapshot(std::uint64_t /*checkpoint_id*/) {
    return session_.Snapshot();
  }
  void Close() override { session_.Close(); }

 private:
  F format_;
  A assigner_;
  internal::FileWriteSession session_;
};

// The settings may come in any order; each call gives the sink again.
template <StreamSerializationSchema F,
          BucketAssigner<typename F::Record> A = BasePathBucketAssigner>
class FileSink {
 public:
  using Record = typename F::Record;
  using Committable = internal::FileCommittable;
  using WriterState = internal::FileWriterState;

  // Below `path`, which is made where it is missing.
  FileSink(F format, std::string path, A assigner = A())
      : format_(std::move(format)), assigner_(std::move(assigner)) {
    options_.path = std::move(path);
  }

  // Which directory a record goes to. Default: `path` itself.
  template <BucketAssigner<Record> NewA>
  FileSink<F, NewA> Assigner(NewA assigner) const {
    FileSink<F, NewA> sink(format_, options_.path, std::move(assigner));
    sink.options_ = options_;
    return sink;
  }
  // Before the first "-" of names, "part" where nothing is said; and behind the number: ".json".
  FileSink& PartPrefix(std::string prefix) {
    options_.part_prefix = std::move(prefix);
    return *this;
  }
  FileSink& PartSuffix(std::string suffix) {
    options_.part_suffix = std::move(suffix);
    return *this;
  }
  // A part is finished with the block of records that makes it this large. Default 128 MiB.
  FileSink& RollAtBytes(std::uint64_t bytes) {
    options_.roll_at_bytes = bytes;
    return *this;
  }
  // So long after its first record. Default one minute.
  FileSink& RollAfterMs(std::int64_t interval_ms) {
    options_.roll_after_ms = interval_ms;
    return *this;
  }
  // So long after its last record. Default one minute.
  FileSink& RollAfterInactivityMs(std::int64_t interval_ms) {
    options_.roll_after_inactivity_ms = interval_ms;
    return *this;
  }
  // All parts are finished with each checkpoint: more and smaller files, none of which is copied
  // after a failure. Default: parts go on behind checkpoints.
  FileSink& RollOnCheckpoint(bool roll = true) {
    options_.roll_on_checkpoint = roll;
    return *this;
  }
  // Default: the machine's.
  FileSink& To(std::shared_ptr<const FileSystem> file_system) {
    options_.file_system = std::move(file_system);
    return *this;
  }

  std::string name() const { return "Files"; }
  // What is missing or wrong in the settings; also said when a writer opens.
  Status Validate() const { return internal::ValidateSink(options_); }
  std::unique_ptr<FileSinkWriter<F, A>> CreateWriter() const {
    internal::FileSinkOptions options = options_;
    options.framing = format_.framing();
    if constexpr (requires { format_.StreamHeader(); }) options.header = format_.StreamHeader();
    return std::make_unique<FileSinkWriter<F, A>>(std::move(options), format_, assigner_);
  }
  std::unique_ptr<Committer<Committable>> CreateCommitter() const {
    return internal::CreateFileCommitter(options_.file_system);
  }

 private:
  template <StreamSerializationSchema OtherF, BucketAssigner<typename OtherF::Record> OtherA>
  friend class FileSink;

  F format_;
  A assigner_;
  internal::FileSinkOptions options_;
};

}  // namespace weir::files
