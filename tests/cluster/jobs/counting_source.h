// CountingSource: every subtask produces 0, 1, 2, … of its own, so a test knows what each must have
// sent. Started again it begins at 0.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/data_sources.h>

#include "tests/cluster/jobs/pacer.h"
#include "tests/cluster/jobs/tagged_record.h"

namespace weir::cluster_test {

// One range per reader, handed to exactly that reader.
class RangePerReaderEnumerator final : public SplitEnumerator<RangeSplit, SplitList<RangeSplit>> {
 public:
  explicit RangePerReaderEnumerator(std::int64_t records) : records_(records) {}
  Status Start(SplitEnumeratorContext<RangeSplit>& context,
               std::optional<SplitList<RangeSplit>>) override {
    context_ = &context;
    return Status::Ok();
  }
  void AddReader(std::uint32_t reader) override {
    context_->AssignSplits(reader, {RangeSplit{0, records_}});
    context_->SignalNoMoreSplits(reader);
  }
  void HandleSplitRequest(std::uint32_t) override {}
  // The lost reader gets its range anew when it is there again.
  void AddSplitsBack(std::vector<RangeSplit>, std::uint32_t) override {}
  Result<SplitList<RangeSplit>> Snapshot(std::uint64_t) override { return SplitList<RangeSplit>{}; }

 private:
  const std::int64_t records_;
  SplitEnumeratorContext<RangeSplit>* context_ = nullptr;
};

class CountingReader final : public SourceReader<TaggedRecord, RangeSplit> {
 public:
  explicit CountingReader(Pace pace) : pace_(std::move(pace)) {}

  Status Open(SourceReaderContext& context) override {
    context_ = &context;
    pacer_.emplace(pace_, context.availability());
    return Status::Ok();
  }
  Result<ReadStatus> Read(SourceOutput<TaggedRecord>& output) override {
    if (!split_) return ReadStatus::kNothingAvailable;
    if (pacer_->ended()) return ReadStatus::kEndOfInput;
    const std::uint32_t subtask = context_->runtime().subtask_index();
    const std::int64_t now_ms = SteadyMillis();
    while (split_->next < split_->end && !output.full()) {
      if (!pacer_->Take()) return ReadStatus::kNothingAvailable;
      output.Next() = {.value = split_->next++, .source_subtask = subtask, .created_ms = now_ms};
    }
    return split_->next < split_->end ? ReadStatus::kMoreAvailable : ReadStatus::kEndOfInput;
  }
  Status AddSplits(std::vector<RangeSplit> splits) override {
    split_ = splits.front();
    context_->availability()->NotifyAvailable();
    return Status::Ok();
  }
  void NoMoreSplits() override {}
  std::vector<RangeSplit> Snapshot(std::uint64_t) override { return {*split_}; }
  void Close() override { pacer_.reset(); }

 private:
  const Pace pace_;
  SourceReaderContext* context_ = nullptr;
  std::optional<Pacer> pacer_;
  std::optional<RangeSplit> split_;
};

class CountingSource {
 public:
  using Record = TaggedRecord;
  using Split = RangeSplit;
  using EnumeratorState = SplitList<RangeSplit>;

  // `records` per subtask; they also end early when `pace.end_file` appears.
  CountingSource(std::int64_t records, Pace pace) : records_(records), pace_(std::move(pace)) {}
  bool bounded() const { return true; }
  std::string name() const { return "Counting Source"; }
  std::unique_ptr<SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const {
    return std::make_unique<RangePerReaderEnumerator>(records_);
  }
  std::unique_ptr<CountingReader> CreateReader() const {
    return std::make_unique<CountingReader>(pace_);
  }

 private:
  std::int64_t records_;
  Pace pace_;
};

}  // namespace weir::cluster_test
