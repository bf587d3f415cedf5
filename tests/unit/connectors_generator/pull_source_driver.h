// Runs a source whose readers ask for splits on one thread: its enumerator and a reader for each
// subtask, as the engine would.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/source.h>
#include <weir/status.h>

#include "tests/kafka/source_driver.h"
#include "tests/kafka/task_contexts.h"

namespace weir::test {

// Of one subtask; counts the splits it asked for.
class PullingReaderContext final : public SourceReaderContext {
 public:
  PullingReaderContext(std::uint32_t subtask, std::uint32_t parallelism,
                       std::shared_ptr<CountingAvailability> availability)
      : runtime_(subtask, parallelism), availability_(std::move(availability)) {}
  TestRuntimeContext& runtime() override { return runtime_; }
  std::shared_ptr<internal::Availability> availability() override { return availability_; }
  void RequestSplit() override { ++requests; }
  std::uint32_t CreateSplitOutput() override { return ++split_outputs; }
  void ReleaseSplitOutput(std::uint32_t) override { ++released_split_outputs; }

  std::uint32_t requests = 0;  // not handled yet
  std::uint32_t split_outputs = 0;
  std::uint32_t released_split_outputs = 0;

 private:
  TestRuntimeContext runtime_;
  std::shared_ptr<CountingAvailability> availability_;
};

template <class Source>
class PullSourceDriver {
 public:
  using Record = typename Source::Record;
  using Split = typename Source::Split;
  using Reader = typename decltype(std::declval<Source>().CreateReader())::element_type;
  using OnRecord = std::function<void(std::uint32_t reader, Record&)>;

  PullSourceDriver(const Source& source, std::uint32_t parallelism)
      : availability_(std::make_shared<CountingAvailability>()),
        enumerator_context_(parallelism),
        enumerator_(source.CreateEnumerator()),
        ended_(parallelism, false) {
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      enumerator_context_.registered.push_back(i);
      contexts_.push_back(std::make_unique<PullingReaderContext>(i, parallelism, availability_));
      readers_.push_back(source.CreateReader());
    }
  }
  ~PullSourceDriver() {
    for (auto& reader : readers_) reader->Close();
  }

  Status Start(std::optional<typename Source::EnumeratorState> restored = std::nullopt) {
    WEIR_RETURN_IF_ERROR(enumerator_->Start(enumerator_context_, std::move(restored)));
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      WEIR_RETURN_IF_ERROR(readers_[i]->Open(*contexts_[i]));
    }
    return enumerator_context_.failure;
  }

  // One block of one reader; nothing when there was none.
  Result<ReadStatus> ReadBlock(std::uint32_t reader, const OnRecord& on_record) {
    WEIR_RETURN_IF_ERROR(AnswerRequests(reader));
    batch_.Clear();
    SourceOutput<Record> output(batch_);
    WEIR_ASSIGN_OR_RETURN(const ReadStatus status, readers_[reader]->Read(output));
    for (std::uint32_t i = 0; i < batch_.size(); ++i) on_record(reader, batch_[i]);
    if (status == ReadStatus::kEndOfInput) ended_[reader] = true;
    return status;
  }

  // Until every reader has ended, or `enough` says so after a block; waits for notifications.
  // kTimedOut after `timeout`.
  Status Read(
      std::chrono::milliseconds timeout, const OnRecord& on_record,
      const std::function<bool()>& enough = [] { return false; }) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!AllEnded() && !enough()) {
      const std::uint64_t seen = availability_->notifications();
      bool more = false;
      for (std::uint32_t i = 0; i < readers_.size() && !enough(); ++i) {
        if (ended_[i]) continue;
        WEIR_ASSIGN_OR_RETURN(const ReadStatus status, ReadBlock(i, on_record));
        more = more || status != ReadStatus::kNothingAvailable || batch_.size() > 0 ||
               contexts_[i]->requests > 0;
      }
      if (!more && !AllEnded() && !enough() && !availability_->WaitForMoreThan(seen, deadline)) {
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
  Reader& reader(std::uint32_t i) { return *readers_[i]; }
  PullingReaderContext& context(std::uint32_t i) { return *contexts_[i]; }
  CountingAvailability& availability() { return *availability_; }
  auto& enumerator() { return *enumerator_; }

 private:
  Status AnswerRequests(std::uint32_t reader) {
    for (; contexts_[reader]->requests > 0; --contexts_[reader]->requests) {
      enumerator_->HandleSplitRequest(reader);
    }
    WEIR_RETURN_IF_ERROR(enumerator_context_.failure);
    auto splits = std::exchange(enumerator_context_.assigned[reader], {});
    if (!splits.empty()) WEIR_RETURN_IF_ERROR(readers_[reader]->AddSplits(std::move(splits)));
    if (enumerator_context_.no_more_splits[reader]) readers_[reader]->NoMoreSplits();
    return Status::Ok();
  }

  std::shared_ptr<CountingAvailability> availability_;
  TestEnumeratorContext<Split> enumerator_context_;
  std::unique_ptr<SplitEnumerator<Split, typename Source::EnumeratorState>> enumerator_;
  std::vector<std::unique_ptr<PullingReaderContext>> contexts_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<bool> ended_;
  internal::Batch<Record> batch_{internal::BlockCapacity<Record>()};
};

}  // namespace weir::test
