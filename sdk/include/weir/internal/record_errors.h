// An operator's error policy at work: what becomes of records that user code rejected, and the loop
// that goes on behind them. weir/error_policy.h says what users see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/error_policy.h>
#include <weir/internal/batch.h>
#include <weir/internal/operator.h>
#include <weir/serializer.h>
#include <weir/status.h>

namespace weir::internal {

class SideOutputs;

// Of the exception that is being handled: domain user, with what() of a std::exception; the status
// of a RecordError. A StoreError goes on: the state has failed, whatever the record.
Status StatusOfCurrentException();

// "at the record 'abc' (3 bytes, timestamp 12)": as serialized, and of long ones the beginning.
std::string DescribeRecord(const std::vector<std::byte>& bytes, std::int64_t timestamp_ms);

// Of one operator whose policy is not kFail. The task's thread.
class RecordErrors {
 public:
  // `chain` outlives it. Opens nothing: the counter is asked for with the first error.
  RecordErrors(ErrorPolicy policy, std::string operator_name, ChainContext& chain)
      : policy_(policy), operator_name_(std::move(operator_name)), chain_(chain) {}
  // Of the operator; null where nobody gets any.
  void SetSideOutputs(SideOutputs* sides) { sides_ = sides; }

  // Drops the record or sends its letter, and counts it. An error is one of the side output.
  Status Handle(const BadRecord& record);

  // While a block is pushed on: what is thrown then comes from an operator behind this one, whose
  // policy is not this operator's business. So also while a window fires, which no single record is
  // to blame for. Nests.
  void SetPushing(bool pushing) { pushing_ += pushing ? 1 : -1; }
  bool pushing() const { return pushing_ > 0; }
  int pushing_depth() const { return pushing_; }

  // Of one record, or of several that were rejected together, one behind the other.
  template <class... T>
  Status Handle(Status error, std::int64_t timestamp_ms, const T&... records) {
    std::vector<std::byte> bytes;
    if (policy_ == ErrorPolicy::kDeadLetter) (SerializeTo(records, bytes), ...);
    return Handle(BadRecord{{reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                            std::move(error),
                            std::string(),
                            timestamp_ms});
  }

 private:
  const ErrorPolicy policy_;
  const std::string operator_name_;
  ChainContext& chain_;
  SideOutputs* sides_ = nullptr;
  Counter* counter_ = nullptr;
  int pushing_ = 0;
};

// What was rejected follows the operator's policy, which it must have; then its user code runs
// again.
template <class... T>
void RejectRecords(const OperatorContext& context, Status error, std::int64_t timestamp_ms,
                   const T&... records) {
  Status handled = context.errors->Handle(std::move(error), timestamp_ms, records...);
  if (!handled.ok()) context.failure->Report(std::move(handled));
  context.Enter();
}

// While what user code has thrown for the record goes on: the task's failure will name it.
template <class T>
void NoteRecord(const OperatorContext& context, std::int64_t timestamp_ms, const T& record) {
  std::vector<std::byte> bytes;
  try {
    SerializeTo(record, bytes);
  } catch (...) {
    return;  // the exception that goes on says more than that
  }
  context.chain->NoteRecord(context.operator_index, DescribeRecord(bytes, timestamp_ms));
}

// step(i) for each i from `from` to `end`. A step that throws is the business of the operator's
// policy: with one, `rejected(i)` takes back what the step began and the loop goes on behind it.
// The handler stands around the loop: a record that does not throw pays nothing for it.
template <class T, class Step, class Rejected>
inline void ForEachRecord(const OperatorContext& context, const Batch<T>& in, std::uint32_t from,
                          std::uint32_t end, Step&& step, Rejected&& rejected) {
  std::uint32_t i = from;
  for (;;) {
    Status error;
    try {
      for (; i < end; ++i) step(i);
      return;
    } catch (...) {
      if (context.errors == nullptr) NoteRecord(context, in.timestamp(i), in[i]);
      if (context.errors == nullptr || context.errors->pushing()) throw;
      error = StatusOfCurrentException();
    }
    rejected(i);
    RejectRecords(context, std::move(error), in.timestamp(i), in[i]);
    ++i;
  }
}

// call() for a pair that a join has found. With a policy a pair that throws is rejected by itself:
// its records stay, for their other partners. Also while a window fires; what an operator behind
// throws is not this one's business.
template <class A, class B, class Call>
inline void CallForPair(const OperatorContext& context, const A& left, const B& right,
                        std::int64_t timestamp_ms, Call&& call) {
  if (context.errors == nullptr) [[likely]] {
    call();
    return;
  }
  const int depth = context.errors->pushing_depth();
  Status error;
  try {
    call();
    return;
  } catch (...) {
    if (context.errors->pushing_depth() > depth) throw;
    error = StatusOfCurrentException();
  }
  RejectRecords(context, std::move(error), timestamp_ms, left, right);
}

// The same as ForEachRecord for a step that returns a Status: an error is the record's; without a
// policy it is reported and the rest is left out.
template <class T, class Step>
inline void ForEachRecordUntilError(const OperatorContext& context, const Batch<T>& in,
                                    Step&& step) {
  bool failed = false;
  const auto checked_step = [&](std::uint32_t i) {
    if (failed) return;
    Status done = step(i);
    if (done.ok()) [[likely]] {
      return;
    }
    if (context.errors != nullptr) throw RecordError(std::move(done));
    failed = true;
    context.failure->Report(std::move(done));
  };
  ForEachRecord(context, in, 0, in.size(), checked_step, [](std::uint32_t) {});
}

// Takes the records at these places, in rising order, out of a block.
template <class T>
void RemoveRecords(Batch<T>& block, const std::vector<std::uint32_t>& places) {
  std::uint32_t kept = places.front();
  auto next = places.begin();
  for (std::uint32_t i = kept; i < block.size(); ++i) {
    if (next != places.end() && *next == i) {
      ++next;
      continue;
    }
    block[kept] = std::move(block[i]);
    block.timestamp(kept) = block.timestamp(i);
    if (block.has_key_hashes()) block.key_hashes()[kept] = block.key_hashes()[i];
    ++kept;
  }
  block.Truncate(kept);
}

}  // namespace weir::internal
