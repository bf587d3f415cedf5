// The sources behind FromData and FromSequence, and the enumerator they share: a list of splits
// handed out one at a time to whoever asks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/source.h>

namespace weir {

// Flink's "unassigned splits": what the enumerator has still to hand out.
template <class Split>
struct SplitList {
  std::vector<Split> unassigned;
};

// `create(parallelism)` makes the splits of a fresh start.
template <class Split>
class SplitListEnumerator final : public SplitEnumerator<Split, SplitList<Split>> {
 public:
  explicit SplitListEnumerator(std::function<std::vector<Split>(std::uint32_t)> create)
      : create_(std::move(create)) {}

  Status Start(SplitEnumeratorContext<Split>& context,
               std::optional<SplitList<Split>> restored) override {
    context_ = &context;
    splits_.unassigned =
        restored ? std::move(restored->unassigned) : create_(context.parallelism());
    return Status::Ok();
  }
  void AddReader(std::uint32_t) override {}  // readers ask
  void HandleSplitRequest(std::uint32_t reader) override {
    if (splits_.unassigned.empty()) {
      context_->SignalNoMoreSplits(reader);
      return;
    }
    Split split = std::move(splits_.unassigned.back());
    splits_.unassigned.pop_back();
    context_->AssignSplits(reader, {std::move(split)});
  }
  void AddSplitsBack(std::vector<Split> splits, std::uint32_t) override {
    for (Split& split : splits) splits_.unassigned.push_back(std::move(split));
  }
  Result<SplitList<Split>> Snapshot(std::uint64_t) override { return splits_; }

 private:
  const std::function<std::vector<Split>(std::uint32_t)> create_;
  SplitEnumeratorContext<Split>* context_ = nullptr;
  SplitList<Split> splits_;
};

// The part [next, end) of a range that is still to be produced.
struct RangeSplit {
  std::int64_t next = 0;
  std::int64_t end = 0;
};

// Reads range splits one after the other, asking for the next when one is used up.
// `produce(i)`: the i-th record; inlined.
template <class T, class Produce>
class RangeReader final : public SourceReader<T, RangeSplit> {
 public:
  explicit RangeReader(Produce produce) : produce_(std::move(produce)) {}

  Status Open(SourceReaderContext& context) override {
    context_ = &context;
    context.RequestSplit();
    return Status::Ok();
  }
  Result<ReadStatus> Read(SourceOutput<T>& output) override {
    while (!splits_.empty()) {
      RangeSplit& split = splits_.back();
      output.Select(split_outputs_.back());
      std::int64_t next = split.next;
      while (next < split.end && !output.full()) output.Next() = produce_(next++);
      split.next = next;
      if (next < split.end) return ReadStatus::kMoreAvailable;
      context_->ReleaseSplitOutput(split_outputs_.back());
      splits_.pop_back();
      split_outputs_.pop_back();
      if (splits_.empty() && !no_more_splits_) context_->RequestSplit();
    }
    return no_more_splits_ ? ReadStatus::kEndOfInput : ReadStatus::kNothingAvailable;
  }
  Status AddSplits(std::vector<RangeSplit> splits) override {
    // In front: the one at the back may be half read.
    splits_.insert(splits_.begin(), splits.begin(), splits.end());
    std::vector<std::uint32_t> outputs(splits.size());
    for (std::uint32_t& output : outputs) output = context_->CreateSplitOutput();
    split_outputs_.insert(split_outputs_.begin(), outputs.begin(), outputs.end());
    context_->availability()->NotifyAvailable();
    return Status::Ok();
  }
  void NoMoreSplits() override {
    no_more_splits_ = true;
    context_->availability()->NotifyAvailable();
  }
  std::vector<RangeSplit> Snapshot(std::uint64_t) override { return splits_; }

 private:
  Produce produce_;
  SourceReaderContext* context_ = nullptr;
  std::vector<RangeSplit> splits_;            // the last one is read first
  std::vector<std::uint32_t> split_outputs_;  // by split
  bool no_more_splits_ = false;
};

// first, first + 1, …, last, divided among the readers: each part is in order.
class SequenceSource {
 public:
  using Record = std::int64_t;
  using Split = RangeSplit;
  using EnumeratorState = SplitList<RangeSplit>;

  SequenceSource(std::int64_t first, std::int64_t last) : first_(first), last_(last) {}
  bool bounded() const { return true; }
  std::string name() const { return "Sequence Source"; }
  std::unique_ptr<SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const;

  struct Identity {
    std::int64_t operator()(std::int64_t i) const { return i; }
  };
  std::unique_ptr<RangeReader<std::int64_t, Identity>> CreateReader() const {
    return std::make_unique<RangeReader<std::int64_t, Identity>>(Identity());
  }

 private:
  std::int64_t first_;
  std::int64_t last_;
};

// Records that the program itself holds, in order, by one reader.
template <class T>
class DataSource {
 public:
  using Record = T;
  using Split = RangeSplit;
  using EnumeratorState = SplitList<RangeSplit>;

  explicit DataSource(std::vector<T> records)
      : records_(std::make_shared<const std::vector<T>>(std::move(records))) {}
  bool bounded() const { return true; }
  std::string name() const { return "Collection Source"; }
  std::unique_ptr<SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const {
    const auto size = static_cast<std::int64_t>(records_->size());
    return std::make_unique<SplitListEnumerator<RangeSplit>>(
        [size](std::uint32_t) { return std::vector<RangeSplit>{{0, size}}; });
  }

  struct Lookup {
    std::shared_ptr<const std::vector<T>> records;
    const T& operator()(std::int64_t i) const { return (*records)[static_cast<std::size_t>(i)]; }
  };
  std::unique_ptr<RangeReader<T, Lookup>> CreateReader() const {
    return std::make_unique<RangeReader<T, Lookup>>(Lookup{records_});
  }

 private:
  std::shared_ptr<const std::vector<T>> records_;
};

}  // namespace weir
