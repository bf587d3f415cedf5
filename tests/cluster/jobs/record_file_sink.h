// Test sinks: RecordFileSink writes every record with where it came from and where it arrived;
// CountingSink keeps counts only. One file per subtask and attempt, handed to the kernel after
// every block, so it survives a SIGKILL.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <weir/sink.h>

#include "tests/cluster/jobs/arrived_record.h"
#include "tests/cluster/jobs/pacer.h"
#include "tests/cluster/jobs/tagged_record.h"

namespace weir::cluster_test {

struct FileSinkOptions {
  std::string directory;  // exists
  Pace pace;
  // Only this subtask keeps the pace; -1: all.
  std::int64_t paced_subtask = -1;
};

class OutputFile {
 public:
  ~OutputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Status Open(const std::string& directory, const std::string& suffix, RuntimeContext& runtime) {
    path_ = directory + "/" + std::to_string(runtime.subtask_index()) + "-" +
            std::to_string(runtime.attempt()) + suffix;
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return descriptor_ >= 0 ? Status::Ok() : Failure();
  }
  Status WriteAt(const void* data, std::size_t size, off_t offset) {
    return ::pwrite(descriptor_, data, size, offset) == static_cast<ssize_t>(size) ? Status::Ok()
                                                                                   : Failure();
  }

 private:
  Status Failure() const { return Status::IoError(path_ + ": " + std::strerror(errno)); }
  std::string path_;
  int descriptor_ = -1;
};

// What both writers share: where they write and how fast.
class PacedFileWriter : public SinkWriter<TaggedRecord> {
 public:
  PacedFileWriter(FileSinkOptions options, std::string suffix)
      : options_(std::move(options)), suffix_(std::move(suffix)) {}
  Status Open(SinkWriterContext& context) override {
    runtime_ = &context.runtime();
    const bool paced =
        options_.paced_subtask < 0 || options_.paced_subtask == runtime_->subtask_index();
    pacer_.emplace(paced ? options_.pace : Pace(), context.availability());
    return file_.Open(options_.directory, suffix_, *runtime_);
  }
  void Close() override { pacer_.reset(); }

 protected:
  bool Take() { return pacer_->Take(); }
  RuntimeContext& runtime() { return *runtime_; }
  OutputFile& file() { return file_; }

 private:
  const FileSinkOptions options_;
  const std::string suffix_;
  RuntimeContext* runtime_ = nullptr;
  std::optional<Pacer> pacer_;
  OutputFile file_;
};

class RecordFileWriter final : public PacedFileWriter {
 public:
  explicit RecordFileWriter(FileSinkOptions options)
      : PacedFileWriter(std::move(options), ".records") {}
  Result<WriteStatus> Write(TaggedRecord& record, std::int64_t) override {
    if (!Take()) return WriteStatus::kNotReady;
    const std::int64_t latency_ms = SteadyMillis() - record.created_ms;
    block_.push_back(
        {.value = record.value,
         .source_subtask = record.source_subtask,
         .sink_subtask = runtime().subtask_index(),
         .sink_attempt = runtime().attempt(),
         .latency_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(0, latency_ms))});
    return WriteStatus::kAccepted;
  }
  Status EndBlock() {
    const std::size_t size = block_.size() * sizeof(ArrivedRecord);
    WEIR_RETURN_IF_ERROR(file().WriteAt(block_.data(), size, offset_));
    offset_ += static_cast<off_t>(size);
    block_.clear();
    return Status::Ok();
  }
  Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }

 private:
  std::vector<ArrivedRecord> block_;
  off_t offset_ = 0;
};

class CountingWriter final : public PacedFileWriter {
 public:
  explicit CountingWriter(FileSinkOptions options)
      : PacedFileWriter(std::move(options), ".summary") {}
  Result<WriteStatus> Write(TaggedRecord& record, std::int64_t) override {
    if (!Take()) return WriteStatus::kNotReady;
    ++summary_.records;
    if (record.input == 1) {
      ++summary_.from_second_input;
      const std::int64_t latency_ms = SteadyMillis() - record.created_ms;
      summary_.worst_latency_ms =
          std::max(summary_.worst_latency_ms,
                   static_cast<std::uint64_t>(std::max<std::int64_t>(0, latency_ms)));
    }
    return WriteStatus::kAccepted;
  }
  Status EndBlock() { return file().WriteAt(&summary_, sizeof summary_, 0); }
  Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }

 private:
  ArrivalSummary summary_;
};

template <class Writer>
class FileSink {
 public:
  using Record = TaggedRecord;
  explicit FileSink(FileSinkOptions options) : options_(std::move(options)) {}
  std::string name() const { return "Test Files"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(options_); }

 private:
  FileSinkOptions options_;
};
using RecordFileSink = FileSink<RecordFileWriter>;
using CountingSink = FileSink<CountingWriter>;

}  // namespace weir::cluster_test
