// What a subtask's sink leaves for the runner: <directory>/<subtask>.json.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

#include <weir/runtime_context.h>
#include <weir/status.h>

#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/digest.h"
#include "benchmarks/workloads/latency_histogram.h"
#include "benchmarks/workloads/open_loop.h"

namespace benchmarks {

// Counts what arrives and says so when the input has ended. The task's thread.
class ResultFile {
 public:
  // `settled`: after so many records, over all subtasks, the CPU time of the process is noted, too;
  // 0: never.
  explicit ResultFile(std::string directory, std::int64_t settled = 0)
      : path_(std::move(directory)), settled_(static_cast<std::uint64_t>(settled)) {}

  void Open(weir::RuntimeContext& context) {
    path_ += "/" + std::to_string(context.subtask_index()) + ".json";
    settled_ /= context.parallelism();
  }
  // The hash of one record, or the Digest of one that counts as several.
  template <class Hash>
  void Add(const Hash& hash) {
    if (digest_.count == next_note_) [[unlikely]]
      TakeNote();
    digest_.Add(hash);
  }
  // The same for several; a note is taken before the block that it falls into. The sum stays in a
  // register, as in the loops by hand.
  template <class T, class Hash>
  void AddBlock(std::span<T> records, Hash hash) {
    if (next_note_ - digest_.count < records.size()) [[unlikely]]
      TakeNote();
    Digest block;
    for (const T& record : records) block.Add(hash(record));
    digest_.Add(block);
  }
  // `latencies`: unless null. Renamed into place, so that the runner reads the whole or nothing.
  weir::Status Write(const LatencyHistogram* latencies = nullptr) const {
    const std::int64_t now_ns = NowNs();
    const std::string partial = path_ + ".partial";
    std::FILE* file = std::fopen(partial.c_str(), "w");
    if (file == nullptr) return weir::Status::IoError("cannot write " + partial);
    std::fprintf(file,
                 "{\"count\": %" PRIu64 ", \"hash\": \"%016" PRIx64 "\", \"begin_ns\": %" PRId64
                 ", \"end_ns\": %" PRId64 ", \"settled_cpu_s\": %.6f, \"end_cpu_s\": %.6f",
                 digest_.count, digest_.sum, begin_ns_ == 0 ? now_ns : begin_ns_, now_ns,
                 settled_cpu_s_, CpuSeconds(RUSAGE_SELF));
    if (latencies != nullptr) {
      std::fprintf(file, ", \"latencies\": ");
      latencies->Print(file);
    }
    std::fprintf(file, "}\n");
    const bool written = std::ferror(file) == 0;
    if (std::fclose(file) != 0 || !written || std::rename(partial.c_str(), path_.c_str()) != 0) {
      return weir::Status::IoError("cannot write the result to " + path_);
    }
    return weir::Status::Ok();
  }

 private:
  void TakeNote() {
    if (next_note_ == 0) {
      begin_ns_ = NowNs();
      next_note_ = settled_ == 0 ? ~std::uint64_t{0} : settled_;
    } else {
      settled_cpu_s_ = CpuSeconds(RUSAGE_SELF);
      next_note_ = ~std::uint64_t{0};
    }
  }

  std::string path_;
  Digest digest_;
  std::uint64_t next_note_ = 0;  // the number of records at which there is something to note
  std::uint64_t settled_;        // of this subtask
  std::int64_t begin_ns_ = 0;    // when the first record came
  double settled_cpu_s_ = 0;     // user and system time of the process
};

}  // namespace benchmarks
