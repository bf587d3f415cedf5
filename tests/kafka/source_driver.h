// Runs a source on one thread: its enumerator and a reader for each subtask, as the engine would.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/source.h>
#include <weir/status.h>

#include "tests/kafka/task_contexts.h"

namespace weir::test {

// Work that may block is run at once, on the caller's thread; assignments are kept until they are
// taken.
template <class Split>
class TestEnumeratorContext final : public SplitEnumeratorContext<Split> {
 public:
  explicit TestEnumeratorContext(std::uint32_t parallelism)
      : assigned(parallelism), no_more_splits(parallelism, false) {}

  std::uint32_t parallelism() const override { return static_cast<std::uint32_t>(assigned.size()); }
  const std::vector<std::uint32_t>& registered_readers() const override { return registered; }
  void AssignSplits(std::uint32_t reader, std::vector<Split> splits) override {
    for (Split& split : splits) assigned[reader].push_back(std::move(split));
  }
  void SignalNoMoreSplits(std::uint32_t reader) override { no_more_splits[reader] = true; }
  void RunBlocking(std::function<void()> work, std::function<void()> done) override {
    work();
    done();
  }
  void Schedule(std::int64_t /*delay_ms*/, std::function<void()> /*task*/) override {
    Fail(Status::Internal("TestEnumeratorContext has no timers"));
  }
  void Fail(Status status) override {
    if (failure.ok()) failure = std::move(status);
  }
  RecordingLogger& logger() override { return logger_; }

  std::vector<std::uint32_t> registered;
  std::vector<std::vector<Split>> assigned;
  std::vector<bool> no_more_splits;
  Status failure;

 private:
  RecordingLogger logger_;
};

template <class Source>
class SourceDriver {
 public:
  using Record = typename Source::Record;
  using Split = typename Source::Split;
  using Reader = typename decltype(std::declval<Source>().CreateReader())::element_type;

  SourceDriver(Source source, std::uint32_t parallelism)
      : source_(std::move(source)),
        availability_(std::make_shared<CountingAvailability>()),
        enumerator_context_(parallelism),
        batch_(internal::BlockCapacity<Record>()) {
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      enumerator_context_.registered.push_back(i);
      contexts_.push_back(std::make_unique<TestReaderContext>(i, parallelism, availability_));
      readers_.push_back(source_.CreateReader());
    }
    ended_.resize(parallelism, false);
  }

  // With `restored` each reader gets these splits and no enumerator is asked.
  Status Start(std::optional<std::vector<std::vector<Split>>> restored = std::nullopt) {
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      WEIR_RETURN_IF_ERROR(readers_[i]->Open(*contexts_[i]));
    }
    if (restored) {
      enumerator_context_.assigned = *std::move(restored);
      enumerator_context_.no_more_splits.assign(readers_.size(), source_.bounded());
    } else {
      enumerator_ = source_.CreateEnumerator();
      WEIR_RETURN_IF_ERROR(enumerator_->Start(enumerator_context_, std::nullopt));
      WEIR_RETURN_IF_ERROR(enumerator_context_.failure);
    }
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      WEIR_RETURN_IF_ERROR(readers_[i]->AddSplits(enumerator_context_.assigned[i]));
      if (enumerator_context_.no_more_splits[i]) readers_[i]->NoMoreSplits();
    }
    return Status::Ok();
  }

  // Until every reader has ended, or `enough` says so after a round; kTimedOut after `timeout`.
  Status Read(
      std::chrono::milliseconds timeout,
      const std::function<void(std::uint32_t reader, Record&, std::int64_t timestamp)>& on_record,
      const std::function<bool()>& enough = [] { return false; }) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!AllEnded() && !enough()) {
      const std::uint64_t seen = availability_->notifications();
      bool progress = false;
      for (std::uint32_t i = 0; i < readers_.size(); ++i) {
        WEIR_ASSIGN_OR_RETURN(const bool read, ReadBlock(i, on_record));
        progress = progress || read;
      }
      if (!progress && !AllEnded() && !enough() &&
          !availability_->WaitForMoreThan(seen, deadline)) {
        return Status(StatusCode::kTimedOut, "the readers gave nothing before the deadline");
      }
    }
    return Status::Ok();
  }

  bool AllEnded() const {
    for (const bool ended : ended_) {
      if (!ended) return false;
    }
    return true;
  }
  TestEnumeratorContext<Split>& enumerator_context() { return enumerator_context_; }
  // While a record is handed over: the split output that the reader selected for it.
  std::uint32_t split_output() const { return split_output_; }
  TestReaderContext& reader_context(std::uint32_t i) { return *contexts_[i]; }
  Reader& reader(std::uint32_t i) { return *readers_[i]; }
  void Close() {
    for (auto& reader : readers_) reader->Close();
  }

 private:
  // Whether the reader gave a record or ended.
  Result<bool> ReadBlock(
      std::uint32_t i, const std::function<void(std::uint32_t, Record&, std::int64_t)>& on_record) {
    if (ended_[i]) return false;
    batch_.Clear();
    runs_.Clear();
    SourceOutput<Record> output(batch_, &runs_);
    WEIR_ASSIGN_OR_RETURN(const ReadStatus status, readers_[i]->Read(output));
    WEIR_RETURN_IF_ERROR(
        runs_.ForEach(batch_.size(), [&](auto split_output, auto first, auto count) {
          split_output_ = split_output;
          for (std::uint32_t r = first; r < first + count; ++r) {
            on_record(i, batch_[r], batch_.timestamp(r));
          }
          return Status::Ok();
        }));
    ended_[i] = status == ReadStatus::kEndOfInput;
    return !batch_.empty() || ended_[i];
  }

  Source source_;
  std::shared_ptr<CountingAvailability> availability_;
  TestEnumeratorContext<Split> enumerator_context_;
  std::vector<std::unique_ptr<TestReaderContext>> contexts_;
  std::unique_ptr<SplitEnumerator<Split, typename Source::EnumeratorState>> enumerator_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<bool> ended_;
  internal::Batch<Record> batch_;
  internal::SplitRuns runs_;
  std::uint32_t split_output_ = kMainOutput;
};

}  // namespace weir::test
