// A source whose records a test pushes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/data_sources.h>
#include <weir/source.h>

namespace weir::testing {

// What the test has pushed and the reader not yet read. One thread.
template <class T>
struct PushedRecords {
  std::deque<std::pair<T, std::int64_t>> records;  // with timestamps
  bool ended = false;
};

// Has no splits: its one reader has the records.
template <class T>
class HarnessSource {
 public:
  using Record = T;
  using Split = RangeSplit;
  using EnumeratorState = SplitList<RangeSplit>;

  explicit HarnessSource(std::shared_ptr<PushedRecords<T>> pushed) : pushed_(std::move(pushed)) {}
  bool bounded() const { return true; }
  std::string name() const { return "Harness"; }
  std::unique_ptr<SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const {
    return std::make_unique<SplitListEnumerator<RangeSplit>>(
        [](std::uint32_t) { return std::vector<RangeSplit>(); });
  }

  class Reader final : public SourceReader<T, RangeSplit> {
   public:
    explicit Reader(std::shared_ptr<PushedRecords<T>> pushed) : pushed_(std::move(pushed)) {}
    Status Open(SourceReaderContext&) override { return Status::Ok(); }
    Result<ReadStatus> Read(SourceOutput<T>& output) override {
      auto& records = pushed_->records;
      while (!records.empty() && !output.full()) {
        output.Collect(std::move(records.front().first), records.front().second);
        records.pop_front();
      }
      if (!records.empty()) return ReadStatus::kMoreAvailable;
      return pushed_->ended ? ReadStatus::kEndOfInput : ReadStatus::kNothingAvailable;
    }
    Status AddSplits(std::vector<RangeSplit>) override { return Status::Ok(); }
    void NoMoreSplits() override {}
    std::vector<RangeSplit> Snapshot(std::uint64_t) override { return {}; }

   private:
    const std::shared_ptr<PushedRecords<T>> pushed_;
  };
  std::unique_ptr<Reader> CreateReader() const { return std::make_unique<Reader>(pushed_); }

 private:
  std::shared_ptr<PushedRecords<T>> pushed_;
};

}  // namespace weir::testing
