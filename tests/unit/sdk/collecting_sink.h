// A sink that keeps records where the test sees them, and may make its writer say "not ready".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/sink.h>

namespace weir::testing {

template <class T>
struct Collected {
  std::vector<T> records;
  std::vector<std::uint32_t> subtasks;  // of the writer that took each record
  std::uint32_t accept_in_a_row = 0;    // 0: always ready; else one kNotReady after so many
  std::uint32_t flushes_needed = 0;     // Flush() says kPending so often
  int closed = 0;
};

// One thread: all writers share `collected`.
template <class T>
class CollectingSink {
 public:
  using Record = T;
  explicit CollectingSink(std::shared_ptr<Collected<T>> collected)
      : collected_(std::move(collected)) {}

  class Writer final : public SinkWriter<T> {
   public:
    explicit Writer(std::shared_ptr<Collected<T>> collected) : collected_(std::move(collected)) {}
    Status Open(SinkWriterContext& context) override {
      context_ = &context;
      return Status::Ok();
    }
    Result<WriteStatus> Write(T& record, std::int64_t) override {
      if (collected_->accept_in_a_row > 0 && taken_ == collected_->accept_in_a_row) {
        taken_ = 0;
        context_->availability()->NotifyAvailable();
        return WriteStatus::kNotReady;
      }
      ++taken_;
      collected_->records.push_back(std::move(record));
      collected_->subtasks.push_back(context_->runtime().subtask_index());
      return WriteStatus::kAccepted;
    }
    Result<FlushStatus> Flush(bool) override {
      if (flushed_++ < collected_->flushes_needed) {
        context_->availability()->NotifyAvailable();
        return FlushStatus::kPending;
      }
      return FlushStatus::kDone;
    }
    void Close() override { ++collected_->closed; }

   private:
    std::shared_ptr<Collected<T>> collected_;
    SinkWriterContext* context_ = nullptr;
    std::uint32_t taken_ = 0;
    std::uint32_t flushed_ = 0;
  };

  std::string name() const { return "Collecting"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(collected_); }

 private:
  std::shared_ptr<Collected<T>> collected_;
};

}  // namespace weir::testing
