// CollectSink: keeps what a stream comes to where the program that runs the job sees it. For jobs
// that run in the process that made them: ExecuteLocal() and tests.
//
//   weir::CollectSink<Count> counts;
//   stream.SinkTo(counts);
//   env.ExecuteLocal("count");
//   counts.records();
//
// A job that goes on from a checkpoint goes on with what was collected before it: each record is
// there once, if it was not taken (TakeRecords) before the failure; such a one comes again. What
// another process has collected is not here.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <weir/sink.h>
#include <weir/two_phase_sink.h>

namespace weir {

// Copies share what they collect. Any thread.
template <class T>
class CollectSink {
 public:
  using Record = T;

  // What the writers have got so far: subtask by subtask, of each in order. A subtask that starts
  // again without a checkpoint begins anew.
  std::vector<T> records() const {
    const std::lock_guard lock(collected_->mutex);
    std::vector<T> all;
    for (const auto& [subtask, part] : collected_->by_subtask) {
      all.insert(all.end(), part.records.begin(), part.records.end());
    }
    return all;
  }
  // The same, and forgets them.
  std::vector<T> TakeRecords() {
    const std::lock_guard lock(collected_->mutex);
    std::vector<T> all;
    for (auto& [subtask, part] : collected_->by_subtask) {
      all.insert(all.end(), std::make_move_iterator(part.records.begin()),
                 std::make_move_iterator(part.records.end()));
      part.taken += part.records.size();
      part.records.clear();
    }
    return all;
  }

  // For the engine.
  struct WriterState {
    std::uint32_t subtask = 0;  // whose records these are
    std::uint64_t records = 0;  // so many, with those that were taken
  };
  class Writer;
  std::string name() const { return "Collect"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(collected_); }

 private:
  struct Part {
    std::uint64_t taken = 0;  // records before these
    std::vector<T> records;
    // So many, with those that were taken, when its subtask had finished.
    std::optional<std::uint64_t> finished;

    void CutTo(std::uint64_t count) {
      if (count < taken) taken = count;
      while (taken + records.size() > count) records.pop_back();
      taken = count - records.size();  // some may be another process's
    }
  };
  struct Collected {
    std::mutex mutex;
    std::map<std::uint32_t, Part> by_subtask;
  };
  std::shared_ptr<Collected> collected_ = std::make_shared<Collected>();
};

// Hands over a block at a time.
template <class T>
class CollectSink<T>::Writer final : public SinkWriter<T> {
 public:
  explicit Writer(std::shared_ptr<Collected> collected) : collected_(std::move(collected)) {}

  Status Restore(const RestoredSink<std::monostate, WriterState>& restored) {
    for (const auto& held : restored.writer_states) {
      if (restored.IsMine(held.state.subtask)) restored_[held.state.subtask] = held.state.records;
    }
    return Status::Ok();
  }
  Status Open(SinkWriterContext& context) override {
    subtask_ = context.runtime().subtask_index();
    parallelism_ = context.runtime().parallelism();
    const std::lock_guard lock(collected_->mutex);
    part_ = &collected_->by_subtask[subtask_];
    for (auto& [subtask, part] : collected_->by_subtask) {
      if (IsMine(subtask)) GoOn(subtask, part, context.starts_from_checkpoint());
    }
    return Status::Ok();
  }
  Result<WriteStatus> Write(T& record, std::int64_t) override {
    block_.push_back(std::move(record));
    return WriteStatus::kAccepted;
  }
  Status EndBlock() {
    const std::lock_guard lock(collected_->mutex);
    part_->records.insert(part_->records.end(), std::make_move_iterator(block_.begin()),
                          std::make_move_iterator(block_.end()));
    block_.clear();
    return Status::Ok();
  }
  Result<FlushStatus> Flush(bool end_of_input) override {
    if (end_of_input) {
      const std::lock_guard lock(collected_->mutex);
      for (auto& [subtask, part] : collected_->by_subtask) {
        if (IsMine(subtask)) part.finished = part.taken + part.records.size();
      }
    }
    return FlushStatus::kDone;
  }
  Result<std::vector<WriterState>> Snapshot(std::uint64_t /*checkpoint_id*/) {
    const std::lock_guard lock(collected_->mutex);
    std::vector<WriterState> states;
    for (const auto& [subtask, part] : collected_->by_subtask) {
      if (IsMine(subtask)) states.push_back({subtask, part.taken + part.records.size()});
    }
    return states;
  }

 private:
  // A checkpoint that holds nothing of a subtask was taken when that had finished.
  void GoOn(std::uint32_t subtask, Part& part, bool starts_from_checkpoint) {
    const auto held = restored_.find(subtask);
    if (held == restored_.end() && starts_from_checkpoint && part.finished) {
      return part.CutTo(*part.finished);
    }
    part.CutTo(held == restored_.end() ? 0 : held->second);
    part.finished.reset();
  }
  // Those of subtasks that there are no more belong to others.
  bool IsMine(std::uint32_t subtask) const { return subtask % parallelism_ == subtask_; }

  const std::shared_ptr<Collected> collected_;
  std::uint32_t subtask_ = 0;
  std::uint32_t parallelism_ = 1;
  std::map<std::uint32_t, std::uint64_t> restored_;  // records, by subtask
  Part* part_ = nullptr;                             // of this subtask; guarded by the mutex
  std::vector<T> block_;
};

}  // namespace weir
