// An operator within a chain, as the chain drives it. Implementations: internal/operators/.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include <weir/internal/chain.h>
#include <weir/internal/input.h>
#include <weir/internal/operator_timers.h>
#include <weir/status.h>

namespace weir::internal {

class RecordErrors;
class SideOutputs;

// The first error of a chain. Push() returns nothing (an error costs no check per block); whoever
// fails reports here, and the chain looks after each batch.
class ChainFailure {
 public:
  bool failed() const { return !status_.ok(); }
  const Status& status() const { return status_; }
  void Report(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

 private:
  Status status_;
};

// What an operator knows of its place. Cheap to copy; what it points to outlives the operator.
struct OperatorContext {
  ChainContext* chain = nullptr;
  ChainFailure* failure = nullptr;
  std::uint32_t operator_index = 0;
  OperatorTimers* timers = nullptr;
  SideOutputs* side_outputs = nullptr;  // null where nobody gets any
  RecordErrors* errors = nullptr;       // null: what user code throws fails the task

  // Call once per block, right before user code runs.
  void Enter() const { chain->EnterOperator(operator_index); }
  // Operator::OnProcessingTime() is called once processing time has reached `time_ms`; replaces the
  // earlier time. kNoTimer: it is not called.
  void SetTimer(std::int64_t time_ms) const { timers->Set(operator_index, time_ms); }
  // Operator::FireTimers() is called in the next step, before anything else comes in.
  void SetTimersDue(bool due) const { timers->SetDue(operator_index, due); }
};

// Life: Open, then inputs, Poll and events, then Finish until true, then Close. The contracts of
// the methods are those of Chain's.
class Operator {
 public:
  Operator() = default;
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  virtual ~Operator() = default;

  virtual Status Open() { return Status::Ok(); }
  // By input number; null for sources.
  virtual AnyInput* input(std::uint32_t number) = 0;
  // All edges of this input number have ended.
  virtual void EndInput(std::uint32_t /*number*/) {}
  // Sources only.
  virtual Result<PollStatus> Poll() { return Status::Internal("this operator is no source"); }
  virtual Status OnCoordinatorEvent(std::string_view /*payload*/) {
    return Status::Internal("this operator has no coordinator");
  }
  // The time of OperatorContext::SetTimer() has come; it is set no more. `now_ms` is not before it.
  virtual Status OnProcessingTime(std::int64_t /*now_ms*/) { return Status::Ok(); }
  // Fires the next part of a burst of timers; OperatorContext::SetTimersDue(false) ends it.
  virtual Status FireTimers() { return Status::Ok(); }
  virtual Result<bool> Drain() { return true; }
  virtual Result<bool> Finish() { return true; }
  virtual Status Close() { return Status::Ok(); }
};

// A node at the end of the chain that writes into channels (internal/record_writer.h).
class OutputNode {
 public:
  virtual ~OutputNode() = default;
  // One input block or batch has passed through the chain: watermarks count their lag by this.
  virtual void InputBlockDone() = 0;
  // Ships partly filled batches and waiting watermarks into channels with credit.
  virtual void Flush() = 0;
  // Ships everything, then EndOfInput into every channel.
  virtual void End() = 0;
};

}  // namespace weir::internal
