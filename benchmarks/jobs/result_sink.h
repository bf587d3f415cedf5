// A sink that keeps the digest of its records and writes it to a file when the input has ended:
// <directory>/<subtask>.json, which the runner compares and times.
#pragma once

#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <weir/sink.h>

#include "benchmarks/workloads/digest.h"

namespace benchmarks {

// Nanoseconds of the monotonic clock, which all processes of the machine share.
inline std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// `Hash`: std::uint64_t operator()(const T&).
template <class T, class Hash>
class ResultSink {
 public:
  using Record = T;
  explicit ResultSink(std::string directory) : directory_(std::move(directory)) {}

  class Writer final : public weir::SinkWriter<T> {
   public:
    explicit Writer(std::string directory) : path_(std::move(directory)) {}
    weir::Status Open(weir::SinkWriterContext& context) override {
      path_ += "/" + std::to_string(context.runtime().subtask_index()) + ".json";
      return weir::Status::Ok();
    }
    weir::Result<weir::WriteStatus> Write(T& record, std::int64_t) override {
      if (digest_.count == 0) [[unlikely]]
        begin_ns_ = NowNs();
      digest_.Add(Hash()(record));
      return weir::WriteStatus::kAccepted;
    }
    weir::Result<weir::FlushStatus> Flush(bool end_of_input) override {
      if (end_of_input) WEIR_RETURN_IF_ERROR(WriteFile());
      return weir::FlushStatus::kDone;
    }

   private:
    weir::Status WriteFile() const {
      const std::int64_t now_ns = NowNs();
      const std::string partial = path_ + ".partial";
      std::FILE* file = std::fopen(partial.c_str(), "w");
      const bool written =
          file != nullptr &&
          std::fprintf(file,
                       "{\"count\": %" PRIu64 ", \"hash\": \"%016" PRIx64
                       "\", \"begin_ns\": %" PRId64 ", \"end_ns\": %" PRId64 "}\n",
                       digest_.count, digest_.sum, begin_ns_ == 0 ? now_ns : begin_ns_, now_ns) > 0;
      const bool closed = file != nullptr && std::fclose(file) == 0;
      if (!written || !closed || std::rename(partial.c_str(), path_.c_str()) != 0) {
        return weir::Status::IoError("cannot write the result to " + path_);
      }
      return weir::Status::Ok();
    }

    std::string path_;
    Digest digest_;
    std::int64_t begin_ns_ = 0;  // when the first record came
  };

  std::string name() const { return "Result"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(directory_); }

 private:
  std::string directory_;
};

// The hash that the workload defines for its record.
struct WorkloadHash {
  template <class T>
  std::uint64_t operator()(const T& record) const {
    return HashOf(record);
  }
};

}  // namespace benchmarks
