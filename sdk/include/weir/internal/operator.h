// An operator within a chain, as the chain drives it. Implementations: internal/operators/.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include <weir/internal/chain.h>
#include <weir/internal/input.h>
#include <weir/internal/operator_timers.h>
#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/status.h>

namespace weir::internal {

class KeyedStateBackend;
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
  std::string_view operator_id = {};    // OperatorDescription::id

  // Call once per block, right before user code runs.
  void Enter() const { chain->EnterOperator(operator_index); }
  // Operator::OnProcessingTime() is called once processing time has reached `time_ms`; replaces the
  // earlier time. kNoTimer: it is not called.
  void SetTimer(std::int64_t time_ms) const { timers->Set(operator_index, time_ms); }
  // Operator::FireTimers() is called in the next step, before anything else comes in.
  void SetTimersDue(bool due) const { timers->SetDue(operator_index, due); }
};

// An operator whose results come from elsewhere, or later (async I/O, a rate limiter). It starts a
// chain (ChainingStrategy::kHead), so that nothing in front of it is held up within a task.
class HoldingOperator {
 public:
  virtual ~HoldingOperator() = default;
  // Passes on what is ready. Called in each step in which what is behind has room. Returns whether
  // anything was passed on. Never waits; when there is more, Availability or a timer says so.
  virtual Result<bool> Resume() = 0;
  // Chain::HoldsInput()
  virtual bool HoldsInput() const = 0;
};

// Life: InitializeState, Open, then inputs, Poll and events, then Finish until true, then Close.
// The contracts of the methods are those of Chain's.
class Operator {
 public:
  Operator() = default;
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  virtual ~Operator() = default;

  // Operator state (weir/operator_state.h), not that of keys. Before Open(); `restored`: from the
  // checkpoint that the job starts from, null without one.
  virtual Status InitializeState(const OperatorStateSnapshot* /*restored*/) { return Status::Ok(); }
  virtual Status Open() { return Status::Ok(); }
  // Between inputs: copies the operator state. Appends.
  virtual Status SnapshotState(std::uint64_t /*checkpoint_id*/, OperatorStateSnapshot& /*out*/) {
    return Status::Ok();
  }
  // The checkpoint holds, or will never.
  virtual Status OnCheckpointEnd(std::uint64_t /*checkpoint_id*/, bool /*complete*/) {
    return Status::Ok();
  }
  // The contracts are those of Chain's.
  virtual Result<bool> PrepareCheckpoint(const Barrier& /*barrier*/) { return true; }
  virtual bool AwaitsCheckpoint() const { return false; }
  // Null for an operator without keyed state. It has all its tables from the beginning.
  virtual KeyedStateBackend* keyed_state_backend() { return nullptr; }
  // Null for an operator that passes on at once what it has.
  virtual HoldingOperator* holding() { return nullptr; }
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
  // Ships everything, whatever the credit, then the barrier into every channel.
  virtual void EmitBarrier(const Barrier& barrier) = 0;
  // Ships everything, then EndOfInput into every channel.
  virtual void End() = 0;
};

}  // namespace weir::internal
