// Where FlatMap and Process functions put their results.
#pragma once

#include <cstdint>
#include <utility>

#include <weir/internal/batch.h>
#include <weir/internal/input.h>
#include <weir/internal/operator.h>
#include <weir/internal/record_errors.h>

namespace weir {

// Fills a block and passes it on whenever it is full, so one call of a user function may emit any
// number of records. The task's thread only; valid during the call that got it. When a successor
// has no room the call waits inside; after a cancel results are dropped.
template <class T>
class Collector {
 public:
  Collector(internal::OperatorContext context, internal::Input<T>& output)
      : context_(context), output_(output), block_(internal::BlockCapacity<T>()) {}

  // The result gets the timestamp of the record that is being processed.
  void Collect(const T& value) { Next() = value; }
  void Collect(T&& value) { Next() = std::move(value); }
  void CollectWithTimestamp(T value, std::int64_t timestamp_ms) {
    Next(timestamp_ms) = std::move(value);
  }

  // The next slot itself, for results that own memory: it holds an old record whose strings can be
  // assigned to. Assign every field. Valid until the next call.
  T& Next() { return Next(timestamp_ms_); }
  T& Next(std::int64_t timestamp_ms) {
    if (block_.full()) [[unlikely]] {
      Emit();
    }
    return block_.Next(timestamp_ms);
  }

  // For operators: the timestamp of what Collect() adds from now on.
  void SetTimestamp(std::int64_t timestamp_ms) { timestamp_ms_ = timestamp_ms; }
  // For operators: passes on what is there.
  void Finish() {
    if (!block_.empty()) Push();
  }

 private:
  [[gnu::noinline]] void Emit() {
    Push();
    context_.Enter();  // back in the user function
  }
  void Push() {
    if (context_.errors != nullptr) context_.errors->SetPushing(true);
    output_.Push(block_);
    if (context_.errors != nullptr) context_.errors->SetPushing(false);
    block_.Clear();
  }

  const internal::OperatorContext context_;
  internal::Input<T>& output_;
  internal::Batch<T> block_;
  std::int64_t timestamp_ms_ = internal::kNoTimestamp;
};

}  // namespace weir
