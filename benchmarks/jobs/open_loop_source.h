// The open loop of workloads/open_loop.h as a Weir source: one split per reader, whose schedule
// begins when the reader gets it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <weir/data_sources.h>
#include <weir/source.h>

#include "benchmarks/workloads/open_loop.h"

namespace benchmarks {

// Notifies a task at the beginning of every millisecond of a schedule.
class BurstClock {
 public:
  BurstClock(std::shared_ptr<weir::internal::Availability> availability, std::int64_t start_ns)
      : thread_([this, availability = std::move(availability), start_ns] {
          for (std::int64_t at_ns = start_ns; !stop_.load(std::memory_order_relaxed);
               at_ns += OpenLoopSchedule::kBurstNs) {
            std::this_thread::sleep_until(std::chrono::steady_clock::time_point(
                std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                    std::chrono::nanoseconds(at_ns))));
            availability->NotifyAvailable();
          }
        }) {}
  ~BurstClock() {
    stop_.store(true, std::memory_order_relaxed);
    thread_.join();
  }
  BurstClock(const BurstClock&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

struct SenderSplit {
  std::int64_t sender = 0;
  std::int64_t senders = 1;
};

class OpenLoopReader final : public weir::SourceReader<TimedBid, SenderSplit> {
 public:
  OpenLoopReader(std::int64_t records, std::int64_t per_second)
      : records_(records), per_second_(per_second) {}

  weir::Status Open(weir::SourceReaderContext& context) override {
    context_ = &context;
    context.RequestSplit();
    return weir::Status::Ok();
  }
  weir::Result<weir::ReadStatus> Read(weir::SourceOutput<TimedBid>& output) override {
    if (!schedule_) return weir::ReadStatus::kNothingAvailable;
    const std::int64_t now_ns = NowNs();
    while (!schedule_->done() && schedule_->NextNs() <= now_ns) {
      if (output.full()) return weir::ReadStatus::kMoreAvailable;
      schedule_->Fill(generator_, output.Next());
    }
    return schedule_->done() ? weir::ReadStatus::kEndOfInput : weir::ReadStatus::kNothingAvailable;
  }
  weir::Status AddSplits(std::vector<SenderSplit> splits) override {
    if (splits.size() != 1 || schedule_) {
      return weir::Status::InvalidArgument("an open loop has one split for each reader");
    }
    const std::int64_t start_ns = NowNs();
    schedule_.emplace(start_ns, records_, per_second_, splits[0].sender, splits[0].senders);
    clock_ = std::make_unique<BurstClock>(context_->availability(), start_ns);
    return weir::Status::Ok();
  }
  void NoMoreSplits() override {}
  // Never restored: a benchmark that fails is run again.
  std::vector<SenderSplit> Snapshot(std::uint64_t) override { return {}; }
  void Close() override { clock_.reset(); }

 private:
  const std::int64_t records_;
  const std::int64_t per_second_;
  const nexmark::Generator generator_;
  weir::SourceReaderContext* context_ = nullptr;
  std::optional<OpenLoopSchedule> schedule_;
  std::unique_ptr<BurstClock> clock_;
};

// `records` at `per_second`, over all readers.
class OpenLoopSource {
 public:
  using Record = TimedBid;
  using Split = SenderSplit;
  using EnumeratorState = weir::SplitList<SenderSplit>;

  OpenLoopSource(std::int64_t records, std::int64_t per_second)
      : records_(records), per_second_(per_second) {}

  bool bounded() const { return true; }
  std::string name() const { return "Open Loop"; }
  std::unique_ptr<weir::SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const {
    return std::make_unique<weir::SplitListEnumerator<SenderSplit>>([](std::uint32_t readers) {
      std::vector<SenderSplit> splits;
      for (std::uint32_t i = 0; i < readers; ++i) splits.push_back({i, readers});
      return splits;
    });
  }
  std::unique_ptr<OpenLoopReader> CreateReader() const {
    return std::make_unique<OpenLoopReader>(records_, per_second_);
  }

 private:
  std::int64_t records_;
  std::int64_t per_second_;
};

}  // namespace benchmarks
