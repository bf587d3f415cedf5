// Parts of jobs that count what passes them, in this process.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <weir/api.h>

namespace weir::minicluster {

// What a job's last operator counts, over all its subtasks.
struct Tally {
  std::atomic<std::uint64_t> records{0};
  std::atomic<std::uint64_t> sum{0};
};

// Counts and sums what passes.
inline auto Count(const std::shared_ptr<Tally>& tally) {
  return [tally](std::int64_t value) {
    tally->records.fetch_add(1, std::memory_order_relaxed);
    tally->sum.fetch_add(static_cast<std::uint64_t>(value), std::memory_order_relaxed);
    return value;
  };
}

class DiscardWriter final : public SinkWriter<std::int64_t> {
 public:
  Status Open(SinkWriterContext&) override { return Status::Ok(); }
  Result<WriteStatus> Write(std::int64_t&, std::int64_t) override { return WriteStatus::kAccepted; }
  Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }
};
struct DiscardSink {
  using Record = std::int64_t;
  std::string name() const { return "Discard"; }
  std::unique_ptr<DiscardWriter> CreateWriter() const { return std::make_unique<DiscardWriter>(); }
};

}  // namespace weir::minicluster
