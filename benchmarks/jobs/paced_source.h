// Keyed records that are made at a fixed rate, after a burst that fills the state: one record for
// each key, as fast as they are taken. The position is in checkpoints: a restored reader goes on
// with the same schedule, so what was due while nothing ran is made up for first, in order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/data_sources.h>
#include <weir/source.h>

#include "benchmarks/jobs/open_loop_source.h"
#include "benchmarks/workloads/open_loop.h"

namespace benchmarks {

struct PacedRecord {
  std::int64_t key = 0;
  std::int64_t turn = 0;        // how often the key has come, this record included
  std::int64_t created_ns = 0;  // when its turn came, by NowNs(); 0: it fills the state
};

struct PacedSplit {
  std::int64_t sender = 0;
  std::int64_t senders = 1;
  std::int64_t next = 0;      // of this sender's records
  std::int64_t start_ns = 0;  // of the schedule; 0: the state is still being filled
};

// Of all senders together: as many keys as fill the state, then `per_second` records.
struct PacedLoad {
  std::int64_t keys = 1;
  std::int64_t per_second = 1;
};

class PacedReader final : public weir::SourceReader<PacedRecord, PacedSplit> {
 public:
  explicit PacedReader(PacedLoad load) : load_(load) {}

  weir::Status Open(weir::SourceReaderContext& context) override {
    context_ = &context;
    context.RequestSplit();
    return weir::Status::Ok();
  }
  weir::Status AddSplits(std::vector<PacedSplit> splits) override {
    if (splits.size() != 1 || split_) {
      return weir::Status::InvalidArgument("a paced source has one split for each reader");
    }
    split_ = splits[0];
    // Its ticks need no relation to the schedule.
    clock_ = std::make_unique<BurstClock>(context_->availability(), NowNs());
    return weir::Status::Ok();
  }
  weir::Result<weir::ReadStatus> Read(weir::SourceOutput<PacedRecord>& output) override {
    if (!split_) return weir::ReadStatus::kNothingAvailable;
    const std::int64_t keys = load_.keys / split_->senders;
    while (split_->next < keys) {
      if (output.full()) return weir::ReadStatus::kMoreAvailable;
      Fill(output.Next(), 0);
    }
    const std::int64_t now_ns = NowNs();
    if (split_->start_ns == 0) split_->start_ns = now_ns;
    for (;;) {
      const std::int64_t due_ns = split_->start_ns + (split_->next - keys) * 1'000'000'000 *
                                                         split_->senders / load_.per_second;
      if (due_ns > now_ns) return weir::ReadStatus::kNothingAvailable;
      if (output.full()) return weir::ReadStatus::kMoreAvailable;
      Fill(output.Next(), due_ns);
    }
  }
  void NoMoreSplits() override {}
  std::vector<PacedSplit> Snapshot(std::uint64_t) override {
    return split_ ? std::vector<PacedSplit>{*split_} : std::vector<PacedSplit>{};
  }
  void Close() override { clock_.reset(); }

 private:
  // Each sender has keys of its own; keyBy spreads them.
  void Fill(PacedRecord& record, std::int64_t created_ns) {
    const std::int64_t keys = std::max<std::int64_t>(1, load_.keys / split_->senders);
    record.key = split_->next % keys * split_->senders + split_->sender;
    record.turn = split_->next++ / keys + 1;
    record.created_ns = created_ns;
  }

  const PacedLoad load_;
  weir::SourceReaderContext* context_ = nullptr;
  std::optional<PacedSplit> split_;
  std::unique_ptr<BurstClock> clock_;
};

// Never ends.
class PacedSource {
 public:
  using Record = PacedRecord;
  using Split = PacedSplit;
  using EnumeratorState = weir::SplitList<PacedSplit>;

  explicit PacedSource(PacedLoad load) : load_(load) {}

  bool bounded() const { return false; }
  std::string name() const { return "Paced"; }
  std::unique_ptr<weir::SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const {
    return std::make_unique<weir::SplitListEnumerator<PacedSplit>>([](std::uint32_t readers) {
      std::vector<PacedSplit> splits;
      for (std::uint32_t i = 0; i < readers; ++i) {
        splits.push_back({.sender = i, .senders = readers});
      }
      return splits;
    });
  }
  std::unique_ptr<PacedReader> CreateReader() const { return std::make_unique<PacedReader>(load_); }

 private:
  PacedLoad load_;
};

}  // namespace benchmarks
