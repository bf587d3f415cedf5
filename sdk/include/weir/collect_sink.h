// CollectSink: keeps what a stream comes to where the program that runs the job sees it. For jobs
// that run in the process that made them: ExecuteLocal() and tests.
//
//   weir::CollectSink<Count> counts;
//   stream.SinkTo(counts);
//   env.ExecuteLocal("count");
//   counts.records();
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <weir/sink.h>

namespace weir {

// Copies share what they collect. Any thread.
template <class T>
class CollectSink {
 public:
  using Record = T;

  // What the writers have got so far: subtask by subtask, of each in order. A subtask that starts
  // again after a failure begins anew.
  std::vector<T> records() const {
    const std::lock_guard lock(collected_->mutex);
    std::vector<T> all;
    for (const auto& [subtask, records] : collected_->by_subtask) {
      all.insert(all.end(), records.begin(), records.end());
    }
    return all;
  }
  // The same, and forgets them.
  std::vector<T> TakeRecords() {
    const std::lock_guard lock(collected_->mutex);
    std::vector<T> all;
    for (auto& [subtask, records] : collected_->by_subtask) {
      all.insert(all.end(), std::make_move_iterator(records.begin()),
                 std::make_move_iterator(records.end()));
      records.clear();
    }
    return all;
  }

  // For the engine.
  class Writer;
  std::string name() const { return "Collect"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(collected_); }

 private:
  struct Collected {
    std::mutex mutex;
    std::map<std::uint32_t, std::vector<T>> by_subtask;
  };
  std::shared_ptr<Collected> collected_ = std::make_shared<Collected>();
};

// Hands over a block at a time.
template <class T>
class CollectSink<T>::Writer final : public SinkWriter<T> {
 public:
  explicit Writer(std::shared_ptr<Collected> collected) : collected_(std::move(collected)) {}

  Status Open(SinkWriterContext& context) override {
    const std::lock_guard lock(collected_->mutex);
    records_ = &collected_->by_subtask[context.runtime().subtask_index()];
    records_->clear();
    return Status::Ok();
  }
  Result<WriteStatus> Write(T& record, std::int64_t) override {
    block_.push_back(std::move(record));
    return WriteStatus::kAccepted;
  }
  Status EndBlock() {
    const std::lock_guard lock(collected_->mutex);
    records_->insert(records_->end(), std::make_move_iterator(block_.begin()),
                     std::make_move_iterator(block_.end()));
    block_.clear();
    return Status::Ok();
  }
  Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }

 private:
  const std::shared_ptr<Collected> collected_;
  std::vector<T>* records_ = nullptr;  // of this subtask; guarded by the mutex
  std::vector<T> block_;
};

}  // namespace weir
