// Sinks that keep the digest of their records, which the runner compares, and the times it needs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <weir/sink.h>

#include "benchmarks/jobs/result_file.h"
#include "benchmarks/workloads/latency_histogram.h"
#include "benchmarks/workloads/numbers.h"
#include "benchmarks/workloads/open_loop.h"

namespace benchmarks {

// The hash that the workload defines for its record.
struct WorkloadHash {
  template <class T>
  auto operator()(const T& record) const {
    return HashOf(record);
  }
};

// `Hash`: std::uint64_t operator()(const T&), or a Digest for records that count as several.
// `settled`: as ResultFile takes it.
template <class T, class Hash>
class ResultSink {
 public:
  using Record = T;
  explicit ResultSink(std::string directory, std::int64_t settled = 0)
      : directory_(std::move(directory)), settled_(settled) {}

  class Writer final : public weir::SinkWriter<T> {
   public:
    Writer(std::string directory, std::int64_t settled) : result_(std::move(directory), settled) {}
    weir::Status Open(weir::SinkWriterContext& context) override {
      result_.Open(context.runtime());
      return weir::Status::Ok();
    }
    weir::Result<weir::WriteStatus> Write(T& record, std::int64_t) override {
      result_.Add(Hash()(record));
      return weir::WriteStatus::kAccepted;
    }
    weir::Result<std::uint32_t> WriteBlock(std::span<T> records, std::span<const std::int64_t>) {
      result_.AddBlock(records, Hash());
      return static_cast<std::uint32_t>(records.size());
    }
    weir::Result<weir::FlushStatus> Flush(bool end_of_input) override {
      if (end_of_input) WEIR_RETURN_IF_ERROR(result_.Write());
      return weir::FlushStatus::kDone;
    }

   private:
    ResultFile result_;
  };

  std::string name() const { return "Result"; }
  std::unique_ptr<Writer> CreateWriter() const {
    return std::make_unique<Writer>(directory_, settled_);
  }

 private:
  std::string directory_;
  std::int64_t settled_;
};

// For the open loop. Times the records that came from a sender of another index, which is another
// process: from when they should have been sent until they are here. The first `warm_up` records
// are not timed.
class LatencySink {
 public:
  using Record = TimedBid;
  LatencySink(std::string directory, std::int64_t warm_up)
      : directory_(std::move(directory)), warm_up_(warm_up) {}

  class Writer final : public weir::SinkWriter<TimedBid> {
   public:
    Writer(std::string directory, std::int64_t warm_up)
        : result_(std::move(directory)), warm_up_(warm_up) {}
    weir::Status Open(weir::SinkWriterContext& context) override {
      self_ = context.runtime().subtask_index();
      result_.Open(context.runtime());
      return weir::Status::Ok();
    }
    weir::Result<weir::WriteStatus> Write(TimedBid& record, std::int64_t) override {
      if (record.number >= warm_up_ && record.sender != self_) {
        latencies_.Record(NowNs() - record.intended_ns);
      }
      result_.Add(HashOf(record));
      return weir::WriteStatus::kAccepted;
    }
    weir::Result<weir::FlushStatus> Flush(bool end_of_input) override {
      if (end_of_input) WEIR_RETURN_IF_ERROR(result_.Write(&latencies_));
      return weir::FlushStatus::kDone;
    }

   private:
    ResultFile result_;
    const std::int64_t warm_up_;
    std::int64_t self_ = 0;
    LatencyHistogram latencies_;
  };

  std::string name() const { return "Latencies"; }
  std::unique_ptr<Writer> CreateWriter() const {
    return std::make_unique<Writer>(directory_, warm_up_);
  }

 private:
  std::string directory_;
  std::int64_t warm_up_;
};

}  // namespace benchmarks
