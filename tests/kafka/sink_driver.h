// Runs one sink writer on the caller's thread, as the engine would.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include <weir/internal/batch.h>
#include <weir/sink.h>
#include <weir/status.h>

#include "tests/kafka/task_contexts.h"

namespace weir::test {

template <class Sink>
class SinkDriver {
 public:
  using Record = typename Sink::Record;
  using Writer = typename decltype(std::declval<Sink>().CreateWriter())::element_type;

  explicit SinkDriver(const Sink& sink) : context_(0, 1), writer_(sink.CreateWriter()) {}

  Status Open() { return writer_->Open(context_); }

  // Waits for room where the writer has none, until `timeout`.
  Status Write(Record record, std::int64_t timestamp_ms = internal::kNoTimestamp,
               std::chrono::milliseconds timeout = std::chrono::seconds(60)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
      const std::uint64_t seen = context_.counting().notifications();
      WEIR_ASSIGN_OR_RETURN(const WriteStatus status, writer_->Write(record, timestamp_ms));
      if (status == WriteStatus::kAccepted) return Status::Ok();
      ++not_ready_;
      if (!context_.counting().WaitForMoreThan(seen, deadline)) {
        return Status(StatusCode::kTimedOut, "the writer had no room before the deadline");
      }
    }
  }

  Status Flush(bool end_of_input, std::chrono::milliseconds timeout = std::chrono::seconds(60)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
      const std::uint64_t seen = context_.counting().notifications();
      WEIR_ASSIGN_OR_RETURN(const FlushStatus status, writer_->Flush(end_of_input));
      if (status == FlushStatus::kDone) return Status::Ok();
      if (!context_.counting().WaitForMoreThan(seen, deadline)) {
        return Status(StatusCode::kTimedOut, "the flush did not end before the deadline");
      }
    }
  }

  // How often a record had to wait.
  std::uint64_t not_ready() const { return not_ready_; }
  Writer& writer() { return *writer_; }
  TestWriterContext& context() { return context_; }
  void Close() { writer_->Close(); }

 private:
  TestWriterContext context_;
  std::unique_ptr<Writer> writer_;
  std::uint64_t not_ready_ = 0;
};

}  // namespace weir::test
