// A source that makes records from their index (Flink's DataGeneratorSource).
//
//   weir::generator::DataGeneratorSource source(
//       [](std::int64_t index) { return "line " + std::to_string(index); }, /*count=*/1'000'000,
//       weir::generator::RateLimit::PerSecond(10'000));
//   env.FromSource(source, "lines")
//
// Indices run from 0 to count - 1 and are dealt out in turn: of n splits, split i makes i, i + n,
// i + 2n, … (so that an event time derived from the index advances alike in all readers). A split
// with its progress is what a checkpoint keeps: after a restart no index is made twice or left out.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/connectors/generator_rate.h>
#include <weir/connectors/internal/pacer.h>
#include <weir/data_sources.h>
#include <weir/source.h>

namespace weir::generator {

// For `count`: never ends.
inline constexpr std::int64_t kUnbounded = std::numeric_limits<std::int64_t>::max();

// The indices that are still to be made: next, next + step, …, `remaining` of them.
struct IndexRange {
  std::int64_t next = 0;
  std::int64_t step = 1;
  std::int64_t remaining = 0;  // kUnbounded: no end
  bool operator==(const IndexRange&) const = default;
};

// The splits of `count` indices for so many readers; those without an index are left out.
std::vector<IndexRange> DivideIndices(std::int64_t count, std::uint32_t readers);

// T f(index), or void f(index, T& record): assigns every field of a recycled record, whose strings
// keep their memory. Copied for each reader and held by its own type. May have
// `Status Open(RuntimeContext&)` (or void). What it throws fails the job as an error of the user.
template <class F, class T>
concept GeneratorFunction =
    std::copy_constructible<F> &&
    (std::is_invocable_r_v<T, F&, std::int64_t> || std::is_invocable_v<F&, std::int64_t, T&>);

template <class T, class F>
class DataGeneratorReader final : public SourceReader<T, IndexRange> {
 public:
  DataGeneratorReader(F function, std::int64_t count, RateLimit limit)
      : function_(std::move(function)), count_(count), pacer_(std::move(limit)) {}

  Status Open(SourceReaderContext& context) override {
    if (count_ < 0) {
      return Status::InvalidArgument("the generator's count must not be negative, it is " +
                                     std::to_string(count_));
    }
    context_ = &context;
    WEIR_RETURN_IF_ERROR(OpenFunction(context.runtime()));
    WEIR_RETURN_IF_ERROR(pacer_.Open(context));
    context.RequestSplit();
    return Status::Ok();
  }

  Result<ReadStatus> Read(SourceOutput<T>& output) override {
    if (ranges_.empty()) {
      return no_more_splits_ ? ReadStatus::kEndOfInput : ReadStatus::kNothingAvailable;
    }
    if (!SkipPaused()) return ReadStatus::kNothingAvailable;
    const std::int64_t available = pacer_.Available();
    if (available == 0) return ReadStatus::kNothingAvailable;
    IndexRange& range = ranges_.front();
    const std::int64_t made = std::min({available, range.remaining, std::int64_t{output.room()}});
    output.Select(split_outputs_.front());
    const std::int64_t step = range.step;
    std::int64_t index = range.next;
    for (T& record : output.Claim(static_cast<std::uint32_t>(made))) {
      Make(index, record);
      index += step;
    }
    range.next = index;
    if (range.remaining != kUnbounded) range.remaining -= made;
    pacer_.Take(made);
    Advance();
    return ReadStatus::kMoreAvailable;
  }

  Status AddSplits(std::vector<IndexRange> splits) override {
    for (const IndexRange& split : splits) {
      ranges_.push_back(split);
      split_outputs_.push_back(context_->CreateSplitOutput());
    }
    context_->availability()->NotifyAvailable();
    return Status::Ok();
  }
  void NoMoreSplits() override {
    no_more_splits_ = true;
    context_->availability()->NotifyAvailable();
  }
  bool PauseOrResumeSplits(const std::vector<std::uint32_t>& pause,
                           const std::vector<std::uint32_t>& resume) override {
    paused_.insert(pause.begin(), pause.end());
    for (const std::uint32_t split_output : resume) paused_.erase(split_output);
    return true;
  }
  std::vector<IndexRange> Snapshot(std::uint64_t /*checkpoint_id*/) override { return ranges_; }
  void Close() override { pacer_.Close(); }

 private:
  Status OpenFunction(RuntimeContext& runtime) {
    if constexpr (requires {
                    { function_.Open(runtime) } -> std::same_as<Status>;
                  }) {
      return function_.Open(runtime);
    } else {
      if constexpr (requires { function_.Open(runtime); }) function_.Open(runtime);
      return Status::Ok();
    }
  }
  void Make(std::int64_t index, T& record) {
    if constexpr (std::is_invocable_v<F&, std::int64_t, T&>) {
      function_(index, record);
    } else {
      record = function_(index);
    }
  }
  void Rotate() {
    std::rotate(ranges_.begin(), ranges_.begin() + 1, ranges_.end());
    std::rotate(split_outputs_.begin(), split_outputs_.begin() + 1, split_outputs_.end());
  }
  // To the next range that may be read. False: none.
  bool SkipPaused() {
    if (paused_.empty()) return true;
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
      if (!paused_.contains(split_outputs_.front())) return true;
      Rotate();
    }
    return false;
  }
  // A finished range goes; of several (after a restart with fewer readers) each has its turn.
  void Advance() {
    if (ranges_.front().remaining == 0) {
      context_->ReleaseSplitOutput(split_outputs_.front());
      paused_.erase(split_outputs_.front());
      ranges_.erase(ranges_.begin());
      split_outputs_.erase(split_outputs_.begin());
      if (ranges_.empty() && !no_more_splits_) context_->RequestSplit();
    } else if (ranges_.size() > 1) {
      Rotate();
    }
  }

  F function_;
  const std::int64_t count_;
  internal::Pacer pacer_;
  SourceReaderContext* context_ = nullptr;
  std::vector<IndexRange> ranges_;            // the next block comes from the first
  std::vector<std::uint32_t> split_outputs_;  // by range
  std::set<std::uint32_t> paused_;            // of split_outputs_
  bool no_more_splits_ = false;
};

template <class T, class F>
class DataGeneratorSource {
  static_assert(GeneratorFunction<F, T>,
                "DataGeneratorSource: accepted is T f(std::int64_t index), or void "
                "f(std::int64_t index, T& record)");

 public:
  using Record = T;
  using Split = IndexRange;
  using EnumeratorState = SplitList<IndexRange>;

  // `count`: at least 0, or kUnbounded.
  DataGeneratorSource(F function, std::int64_t count, RateLimit limit = RateLimit::Unlimited())
      : function_(std::move(function)), count_(count), limit_(std::move(limit)) {}

  bool bounded() const { return count_ != kUnbounded; }
  std::string name() const { return "Data Generator"; }
  std::unique_ptr<SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const {
    return std::make_unique<SplitListEnumerator<IndexRange>>(
        [count = count_](std::uint32_t readers) { return DivideIndices(count, readers); });
  }
  std::unique_ptr<DataGeneratorReader<T, F>> CreateReader() const {
    return std::make_unique<DataGeneratorReader<T, F>>(function_, count_, limit_);
  }

 private:
  F function_;
  std::int64_t count_;
  RateLimit limit_;
};

template <class F>
DataGeneratorSource(F, std::int64_t)
    -> DataGeneratorSource<std::remove_cvref_t<std::invoke_result_t<F&, std::int64_t>>, F>;
template <class F>
DataGeneratorSource(F, std::int64_t, RateLimit)
    -> DataGeneratorSource<std::remove_cvref_t<std::invoke_result_t<F&, std::int64_t>>, F>;

// For functions that fill a record in place: GenerateInto<Order>([](std::int64_t index, Order&
// order) { … }, count).
template <class T, class F>
DataGeneratorSource<T, F> GenerateInto(F function, std::int64_t count,
                                       RateLimit limit = RateLimit::Unlimited()) {
  return DataGeneratorSource<T, F>(std::move(function), count, std::move(limit));
}

struct SequenceFunction {
  std::int64_t first = 0;
  std::int64_t operator()(std::int64_t index) const { return first + index; }
};
// first, first + 1, …, last (Flink's NumberSequenceSource) at a rate; first <= last + 1.
inline DataGeneratorSource<std::int64_t, SequenceFunction> Sequence(
    std::int64_t first, std::int64_t last, RateLimit limit = RateLimit::Unlimited()) {
  return {SequenceFunction{first}, last - first + 1, std::move(limit)};
}

}  // namespace weir::generator
