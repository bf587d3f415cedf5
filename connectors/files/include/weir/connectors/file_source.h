// Reading files: lines of text, JSON, CSV, Protobuf or any other format (weir/format.h).
//
//   auto orders = env.FromSource(weir::files::FileSource(weir::json::JsonFormat<Order>())
//                                    .Path("/orders").MonitorEveryMs(1'000));
//   auto lines = env.FromSource(weir::files::TextFileSource().Path("/log/*.txt.gz"));
//
// A path is a file, a directory (its files, those of its subdirectories too; names that begin with
// "." or "_" are hidden) or a pattern of such with *, ? and [] (not across "/"; a path that is
// there is meant as it stands). Large files are read in parts by several readers; each message is
// read once, by the reader of the part that it begins in. Files that end with .gz, .gzip, .zst or
// .zstd are decompressed, each by one reader, as are files of formats whose messages cannot be
// found from the middle (CSV with line breaks in fields, Protobuf). Order is kept within a part.
//
// Unbounded with MonitorEveryMs(): directories and patterns are listed again and again, and new
// files are read. A file is read once, with the size it has when it is found: put files there by
// renaming them. A path that is not there, or a directory that disappears, fails the job.
//
// What a format refuses is the business of OnError() (weir/error_policy.h), with path, line and
// byte. A file that cannot be read or is damaged fails the job, whatever the policy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/connectors/file_split.h>
#include <weir/connectors/file_system.h>
#include <weir/connectors/internal/file_read_session.h>
#include <weir/error_policy.h>
#include <weir/format.h>
#include <weir/source.h>

namespace weir::files {

template <StreamDeserializationSchema F>
class FileSourceReader final : public SourceReader<typename F::Record, FileSplit> {
 public:
  using T = typename F::Record;
  FileSourceReader(internal::FileSourceOptions options, F format)
      : format_(std::move(format)), session_(std::move(options), format_.framing()) {}

  Status Open(SourceReaderContext& context) override {
    context_ = &context;
    return session_.Open(context);
  }

  Result<ReadStatus> Read(SourceOutput<T>& output) override {
    // What came before a failure went out first.
    WEIR_RETURN_IF_ERROR(failure_);
    output.Select(run_.split_output);
    for (std::uint32_t refusals = 0; refusals < kRefusalsInARead;) {
      if (next_ == run_.size()) {
        failure_ = TakeRun();
        if (!failure_.ok() && output.size() > 0) break;
        WEIR_RETURN_IF_ERROR(failure_);
        if (run_.size() == 0) {
          return session_.AtEnd() ? ReadStatus::kEndOfInput : ReadStatus::kNothingAvailable;
        }
        output.Select(run_.split_output);
      }
      Status refused = ReadMessages(output);
      if (refused.ok()) {
        if (output.full()) return ReadStatus::kMoreAvailable;
        continue;
      }
      output.DropLast();
      WEIR_RETURN_IF_ERROR(
          context_->HandleBadRecord({run_.message(next_), std::move(refused),
                                     session_.Origin(next_), weir::internal::kNoTimestamp}));
      ++next_;
      ++refusals;
    }
    return ReadStatus::kMoreAvailable;
  }

  Status AddSplits(std::vector<FileSplit> splits) override {
    session_.AddSplits(std::move(splits));
    return Status::Ok();
  }
  void NoMoreSplits() override { session_.NoMoreSplits(); }
  std::vector<FileSplit> Snapshot(std::uint64_t /*checkpoint_id*/) override {
    return session_.Snapshot(next_);
  }
  void Close() override { session_.Close(); }

 private:
  // A file of nothing but bad messages must not keep the task's thread.
  static constexpr std::uint32_t kRefusalsInARead = 256;

  Status TakeRun() {
    next_ = 0;
    run_ = {};
    WEIR_ASSIGN_OR_RETURN(run_, session_.NextRun());
    if constexpr (requires { format_.BeginStream(std::string_view()); }) {
      if (run_.begins_split) {
        return format_.BeginStream(run_.header).WithContext(session_.HeaderOrigin());
      }
    }
    return Status::Ok();
  }

  // Until the run is used up or the output is full. An error is that of message next_, whose slot
  // was taken. The handler is around the loop: good messages pay nothing for it.
  Status ReadMessages(SourceOutput<T>& output) {
    try {
      for (; next_ < run_.size() && !output.full(); ++next_) {
        Status status = format_.Deserialize(run_.message(next_), output.Next());
        if (!status.ok()) [[unlikely]] {
          return status;
        }
      }
      return Status::Ok();
    } catch (const RecordError& error) {
      return error.status();
    } catch (const std::exception& exception) {
      return Status::UserError(exception.what());
    }
  }

  F format_;
  internal::FileReadSession session_;
  SourceReaderContext* context_ = nullptr;
  internal::FileReadSession::Run run_;
  std::size_t next_ = 0;  // in the run
  Status failure_;
};

// The settings may come in any order; each call gives the source again.
template <StreamDeserializationSchema F>
class FileSource {
 public:
  using Record = typename F::Record;
  using Split = FileSplit;
  using EnumeratorState = FileEnumeratorState;
  static constexpr bool kReportsBadRecords = true;

  explicit FileSource(F format = F()) : format_(std::move(format)) {}

  // One more file, directory or pattern.
  FileSource& Path(std::string path) {
    options_.paths.push_back(std::move(path));
    return *this;
  }
  // Whether directories within a directory are read. Default: yes.
  FileSource& Recursive(bool recursive) {
    options_.recursive = recursive;
    return *this;
  }
  // Makes the source unbounded: what is there is listed again so often. Above 0.
  FileSource& MonitorEveryMs(std::int64_t interval_ms) {
    options_.monitor_interval_ms = interval_ms;
    return *this;
  }
  // Files above this are read in parts of this size. Default 64 MiB.
  FileSource& SplitBytes(std::uint64_t bytes) {
    options_.split_bytes = bytes;
    return *this;
  }
  // A longer line or message fails the job. Default 16 MiB.
  FileSource& MaximumMessageBytes(std::size_t bytes) {
    options_.maximum_message_bytes = bytes;
    return *this;
  }
  // Whether names like x.gz are taken at their word. Default: yes.
  FileSource& Decompress(bool decompress) {
    options_.decompress = decompress;
    return *this;
  }
  // Default: the machine's.
  FileSource& From(std::shared_ptr<const FileSystem> file_system) {
    options_.file_system = std::move(file_system);
    return *this;
  }

  bool bounded() const { return !options_.monitor_interval_ms.has_value(); }
  std::string name() const { return "Files"; }
  // What is missing or wrong in the settings; also said when the job starts.
  Status Validate() const { return internal::ValidateSource(options_); }
  std::unique_ptr<SplitEnumerator<FileSplit, FileEnumeratorState>> CreateEnumerator() const {
    return internal::CreateFileEnumerator(options_, format_.framing().splittable());
  }
  std::unique_ptr<FileSourceReader<F>> CreateReader() const {
    return std::make_unique<FileSourceReader<F>>(options_, format_);
  }

 private:
  F format_;
  internal::FileSourceOptions options_;
};

// Lines as strings.
using TextFileSource = FileSource<TextFormat>;

}  // namespace weir::files
