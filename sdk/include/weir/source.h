// The source seam (Flink's FLIP-27): a split enumerator, one per job, finds splits and hands them
// to readers, one per subtask, which turn them into records.
//
// A source is any copyable type with
//   using Record = …;        what it produces
//   using Split = …;         serializable (weir/serializer.h)
//   using EnumeratorState = …;  serializable
//   bool bounded() const;
//   std::string name() const;                       "Kafka", shown in the plan
//   std::unique_ptr<weir::SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const;
//   std::unique_ptr<Reader> CreateReader() const;   Reader derives from weir::SourceReader<Record,
//   Split>
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <weir/error_policy.h>
#include <weir/internal/batch.h>
#include <weir/internal/chain.h>
#include <weir/internal/split_runs.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir {

// What an enumerator may do. The enumerator's thread only, except where said.
template <class Split>
class SplitEnumeratorContext {
 public:
  virtual ~SplitEnumeratorContext() = default;
  virtual std::uint32_t parallelism() const = 0;
  // Readers that are running now.
  virtual const std::vector<std::uint32_t>& registered_readers() const = 0;
  // The reader must be registered.
  virtual void AssignSplits(std::uint32_t reader, std::vector<Split> splits) = 0;
  // No split will be assigned to this reader any more: it ends when it has read what it has. What
  // it still asks for is not passed on.
  virtual void SignalNoMoreSplits(std::uint32_t reader) = 0;
  // Runs `work` where it may block (asking a broker), then `done` on the enumerator's thread.
  virtual void RunBlocking(std::function<void()> work, std::function<void()> done) = 0;
  virtual void Schedule(std::int64_t delay_ms, std::function<void()> task) = 0;
  // Fails the job. Any thread.
  virtual void Fail(Status status) = 0;
  virtual Logger& logger() = 0;
};

// One per job, in the coordinator process. All calls come from one thread and must not block.
template <class Split, class State>
class SplitEnumerator {
 public:
  virtual ~SplitEnumerator() = default;
  // `restored` is what Snapshot() gave for the checkpoint the job starts from. The context outlives
  // the enumerator.
  virtual Status Start(SplitEnumeratorContext<Split>& context, std::optional<State> restored) = 0;
  // A reader is there (again). Readers restored from a checkpoint already have their splits.
  virtual void AddReader(std::uint32_t reader) = 0;
  // A reader asked for a split.
  virtual void HandleSplitRequest(std::uint32_t reader) = 0;
  // A reader was lost; these of its splits are in no checkpoint and must be handed out again.
  virtual void AddSplitsBack(std::vector<Split> splits, std::uint32_t reader) = 0;
  // What is still to be handed out. Splits that were assigned are the readers': a restored
  // enumerator must not assign them again, whatever the parallelism is then.
  virtual Result<State> Snapshot(std::uint64_t checkpoint_id) = 0;
  virtual void Close() {}
};

// What SourceOutput::Select() takes for records that are of no split in particular.
inline constexpr std::uint32_t kMainOutput = 0;

// Where a reader puts its records: one block.
template <class T>
class SourceOutput {
 public:
  // `runs`, which may be null, keeps what Select() says.
  explicit SourceOutput(internal::Batch<T>& block, internal::SplitRuns* runs = nullptr)
      : block_(block), runs_(runs) {}
  // The records that follow are of the split that SourceReaderContext::CreateSplitOutput() gave
  // this number, until the next Select() or the end of this Read(). Costs nothing per record: call
  // it where the split changes. Without it they are of the reader as a whole.
  void Select(std::uint32_t split_output) {
    if (runs_ != nullptr) runs_->Begin(split_output, block_.size());
  }
  bool full() const { return block_.full(); }
  std::uint32_t size() const { return block_.size(); }
  // The next slot, holding an old record: assign every field. Look at full() first.
  T& Next(std::int64_t timestamp_ms = internal::kNoTimestamp) { return block_.Next(timestamp_ms); }
  // The next `count` slots at once, for a reader that knows how many records are there: costs less
  // per record than Next(). `count` is at most room(); the span holds until the end of the Read().
  std::span<T> Claim(std::uint32_t count, std::int64_t timestamp_ms = internal::kNoTimestamp) {
    const std::uint32_t first = block_.Claim(count);
    std::fill_n(block_.timestamps() + first, count, timestamp_ms);
    return {block_.records() + first, count};
  }
  std::uint32_t room() const { return block_.capacity() - block_.size(); }
  // Takes back the slot that Next() gave last.
  void DropLast() { block_.DropLast(); }
  void Collect(T record, std::int64_t timestamp_ms = internal::kNoTimestamp) {
    block_.Next(timestamp_ms) = std::move(record);
  }

 private:
  internal::Batch<T>& block_;
  internal::SplitRuns* const runs_;
};

enum class ReadStatus : std::uint8_t {
  kMoreAvailable,     // call again soon
  kNothingAvailable,  // SourceReaderContext::NotifyAvailable() will be called when that changes
  kEndOfInput,        // all splits are read and no more will come
};

class SourceReaderContext {
 public:
  virtual ~SourceReaderContext() = default;
  virtual RuntimeContext& runtime() = 0;
  // Outlives the reader: a reader's own threads keep it to say that records are there.
  virtual std::shared_ptr<internal::Availability> availability() = 0;
  // Asks the enumerator for a split.
  virtual void RequestSplit() = 0;
  // For a reader whose splits advance in event time each for itself: from now on the split that the
  // result stands for (see SourceOutput::Select) holds back the watermark until it is released.
  virtual std::uint32_t CreateSplitOutput() = 0;
  // The split has ended. May be called in the Read() that gives its last records.
  virtual void ReleaseSplitOutput(std::uint32_t split_output) = 0;
  // The reader cannot make sense of a record: the source's ErrorPolicy (weir/error_policy.h) says
  // what becomes of it. Ok: go on with the next one; else end Read() with this error. For sources
  // with `static constexpr bool kReportsBadRecords = true`; take the record's slot back first.
  virtual Status HandleBadRecord(const BadRecord& record) {
    return record.error.WithContext(record.origin);
  }
};

// One per subtask. All calls come from the task's thread and must not block; what blocks belongs
// into threads of the reader's own, bounded in number and memory.
template <class T, class Split>
class SourceReader {
 public:
  virtual ~SourceReader() = default;
  // The context outlives the reader. May block.
  virtual Status Open(SourceReaderContext& context) = 0;
  // Puts records into `output` until it is full or nothing is there.
  virtual Result<ReadStatus> Read(SourceOutput<T>& output) = 0;
  virtual Status AddSplits(std::vector<Split> splits) = 0;
  virtual void NoMoreSplits() = 0;
  // Watermark alignment: the splits of these outputs (CreateSplitOutput) are too far ahead in event
  // time, or are not any more. Records that are fetched already may still come. False: the reader
  // cannot do this, which is enough where it reads one split after the other: then Read() is not
  // called while that one is ahead.
  virtual bool PauseOrResumeSplits(const std::vector<std::uint32_t>& /*pause*/,
                                   const std::vector<std::uint32_t>& /*resume*/) {
    return false;
  }
  // The splits that are not finished, each with its progress: what Read() has put out is read. A
  // restored reader gets them, or those of others, by AddSplits() right after Open().
  virtual std::vector<Split> Snapshot(std::uint64_t checkpoint_id) = 0;
  // The checkpoint is complete: its splits will not be asked for from before it.
  virtual void CheckpointComplete(std::uint64_t /*checkpoint_id*/) {}
  // Stops its threads. Bounded time.
  virtual void Close() {}
};

}  // namespace weir
