// What the program says of an async operator, and the calls that it will make again.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include <weir/async_function.h>
#include <weir/internal/async/async_element_queue.h>
#include <weir/internal/batch.h>
#include <weir/internal/chain.h>
#include <weir/internal/operator.h>
#include <weir/internal/record_errors.h>
#include <weir/status.h>

namespace weir::internal {

struct AsyncOptions {
  AsyncOutputMode mode = AsyncOutputMode::kOrdered;
  std::int64_t timeout_ms = 0;  // 0: none
  std::uint32_t capacity = 100;
};

template <class F, class U>
struct AsyncPrototype {
  static constexpr bool kWrapsFunction = true;
  F function;
  AsyncOptions options;
  AsyncRetryStrategy<U> retry;
};

// Calls by the time at which they are due. Those that were given up meanwhile stay until then.
class AsyncRetries {
 public:
  struct Retry {
    std::int64_t time_ms = 0;
    std::uint32_t entry = 0;
    std::uint64_t call = 0;
    bool operator>(const Retry& other) const { return time_ms > other.time_ms; }
  };
  void Add(const Retry& retry) { retries_.push(retry); }
  // kNoTimer: there are none.
  std::int64_t next_ms() const { return retries_.empty() ? kNoTimer : retries_.top().time_ms; }
  std::optional<Retry> TakeDue(std::int64_t now_ms) {
    if (retries_.empty() || retries_.top().time_ms > now_ms) return std::nullopt;
    const Retry retry = retries_.top();
    retries_.pop();
    return retry;
  }

 private:
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries_;
};

// Calls the function for a record. With an error policy what it throws ends the call, as an error
// that comes later does.
template <class T, class U, class F>
void BeginCall(const OperatorContext& context, F& function, const T& record,
               const std::shared_ptr<AsyncCall<U>>& call) {
  if (context.errors == nullptr) {
    return InvokeAsync<F, T, U>(function, record, ResultFuture<U>(call));
  }
  try {
    InvokeAsync<F, T, U>(function, record, ResultFuture<U>(call));
  } catch (...) {
    ResultFuture<U>(call).CompleteExceptionally(std::current_exception());
  }
}

// The time of a record is over: has its Timeout() complete `call`. An error otherwise.
template <class T, class U, class F>
Status EndOverdueCall(const OperatorContext& context, F& function, const T& record,
                      const std::shared_ptr<AsyncCall<U>>& call, std::int64_t timeout_ms) {
  if constexpr (requires(ResultFuture<U> result) { function.Timeout(record, result); }) {
    if (context.errors == nullptr) {
      function.Timeout(record, ResultFuture<U>(call));
    } else {
      try {
        function.Timeout(record, ResultFuture<U>(call));
      } catch (...) {
        return StatusOfCurrentException();
      }
    }
    if (call->ended()) return Status::Ok();
    return Status::UserError("Timeout() returned without completing the result");
  } else {
    return Status(StatusCode::kTimedOut,
                  "there was no result within " + std::to_string(timeout_ms) + " ms",
                  ErrorDomain::kUser);
  }
}

// `error`, with the record whose call it ended.
inline Status AsyncCallFailed(const Status& error, std::int64_t timestamp_ms,
                              std::uint32_t retries) {
  std::string context = "the asynchronous call for a record";
  if (timestamp_ms != kNoTimestamp) context += " with timestamp " + std::to_string(timestamp_ms);
  context += " failed";
  if (retries > 0) context += " after " + std::to_string(retries) + " retries";
  return error.WithContext(context);
}

// The same for an entry of the queue, by the operator's error policy: an error fails the task.
template <class Entry>
Status HandleFailedCall(const OperatorContext& context, const Entry& entry, const Status& error) {
  Status failed = AsyncCallFailed(error, entry.timestamp_ms, entry.retries);
  if (context.errors == nullptr) return failed;
  return context.errors->Handle(std::move(failed), entry.timestamp_ms, entry.record);
}

}  // namespace weir::internal
