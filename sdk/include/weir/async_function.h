// Asynchronous functions: they ask something else (a database, a service) about each record and
// complete a ResultFuture, from any thread, when the answer is there. Many calls are under way at a
// time, and no thread waits for them. weir/async_data_stream.h puts them on a stream.
//
//   struct LookUp {
//     weir::Status Open(weir::RuntimeContext& context);       // starts the client
//     void AsyncInvoke(const Order& order, weir::ResultFuture<Priced> result) {
//       client->Get(order.item, [order, result](Price price) {  // on a thread of the client's
//         result.Complete({order, price});
//       });
//     }
//     void Timeout(const Order& order, weir::ResultFuture<Priced> result) {  // if you like
//       result.Complete({order, kUnknown});
//     }
//     std::shared_ptr<Client> client;
//   };
//
// AsyncInvoke and Timeout (and Open and Close) are called by the task's thread and must not block.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/async/async_call.h>
#include <weir/internal/function_traits.h>
#include <weir/status.h>

namespace weir {

// Takes the results of one call. Copies stand for the same call; any thread may complete it, once:
// what comes later (also behind a timeout) is ignored. May outlive the job. A call whose last copy
// goes without completing it fails.
template <class U>
class ResultFuture {
 public:
  using Result = U;
  // For the operator.
  explicit ResultFuture(std::shared_ptr<internal::AsyncCall<U>> call) : call_(std::move(call)) {}

  // One result for the record.
  void Complete(U result) const {
    std::vector<U> results;
    results.push_back(std::move(result));
    call_->End(std::move(results), Status::Ok());
  }
  // Any number of results, also none.
  void CompleteAll(std::vector<U> results) const { call_->End(std::move(results), Status::Ok()); }
  // The call failed: it is made again if the retry strategy says so, else the job fails with this.
  void CompleteExceptionally(Status error) const {
    if (error.ok()) error = Status::UserError("CompleteExceptionally() was called with OK");
    call_->End({}, std::move(error));
  }
  // std::current_exception() and the like.
  void CompleteExceptionally(const std::exception_ptr& exception) const {
    try {
      if (exception) std::rethrow_exception(exception);
      CompleteExceptionally(Status::UserError("CompleteExceptionally() got no exception"));
    } catch (const std::exception& caught) {
      CompleteExceptionally(Status::UserError(caught.what()));
    } catch (...) {
      CompleteExceptionally(Status::UserError("something that is no std::exception was thrown"));
    }
  }

 private:
  std::shared_ptr<internal::AsyncCall<U>> call_;
};

// When a call is made again (Flink's AsyncRetryStrategies). Without a predicate it never is:
//
//   weir::AsyncRetryStrategy<Priced>::ExponentialBackoff(5, 100, 10'000, 2)
//       .IfException([](const weir::Status& error) { return error.code() == kUnavailable; })
//       .IfResult([](const std::vector<Priced>& results) { return results.empty(); });
//
// When all retries are used up, the last results are passed on, or the last error fails the job.
template <class U>
class AsyncRetryStrategy {
 public:
  static AsyncRetryStrategy Never() { return AsyncRetryStrategy(0, 0, 0, 1); }
  // At most `maximum_retries` calls behind the first one, each `delay_ms` after the one before.
  static AsyncRetryStrategy FixedDelay(std::uint32_t maximum_retries, std::int64_t delay_ms) {
    return AsyncRetryStrategy(maximum_retries, delay_ms, delay_ms, 1);
  }
  // The delay grows by `multiplier` (at least 1) from retry to retry, up to `maximum_delay_ms`.
  static AsyncRetryStrategy ExponentialBackoff(std::uint32_t maximum_retries,
                                               std::int64_t initial_delay_ms,
                                               std::int64_t maximum_delay_ms, double multiplier) {
    return AsyncRetryStrategy(maximum_retries, initial_delay_ms, maximum_delay_ms, multiplier);
  }
  AsyncRetryStrategy IfResult(std::function<bool(const std::vector<U>&)> predicate) && {
    if_result_ = std::move(predicate);
    return std::move(*this);
  }
  AsyncRetryStrategy IfException(std::function<bool(const Status&)> predicate) && {
    if_exception_ = std::move(predicate);
    return std::move(*this);
  }

  // Ok, or what is wrong with the arguments.
  Status failure() const {
    if (initial_delay_ms_ < 0 || maximum_delay_ms_ < initial_delay_ms_ || !(multiplier_ >= 1)) {
      return Status::InvalidArgument(
          "AsyncRetryStrategy: needs 0 <= initial delay <= maximum delay and a multiplier of at "
          "least 1");
    }
    return Status::Ok();
  }
  // For the operator. `retries`: how many there were.
  bool ShallRetry(std::uint32_t retries, const std::vector<U>& results, const Status& error) const {
    if (retries >= maximum_retries_) return false;
    return error.ok() ? if_result_ && if_result_(results) : if_exception_ && if_exception_(error);
  }
  std::int64_t DelayMs(std::uint32_t retries) const {
    auto delay_ms = static_cast<double>(initial_delay_ms_);
    const auto most_ms = static_cast<double>(maximum_delay_ms_);
    for (; retries > 0 && multiplier_ > 1 && delay_ms < most_ms; --retries) {
      delay_ms = delay_ms > 0 ? delay_ms * multiplier_ : 1;
    }
    return delay_ms < most_ms ? static_cast<std::int64_t>(delay_ms) : maximum_delay_ms_;
  }

 private:
  AsyncRetryStrategy(std::uint32_t maximum_retries, std::int64_t initial_delay_ms,
                     std::int64_t maximum_delay_ms, double multiplier)
      : maximum_retries_(maximum_retries),
        initial_delay_ms_(initial_delay_ms),
        maximum_delay_ms_(maximum_delay_ms),
        multiplier_(multiplier) {}

  std::uint32_t maximum_retries_;
  std::int64_t initial_delay_ms_;
  std::int64_t maximum_delay_ms_;
  double multiplier_;
  std::function<bool(const std::vector<U>&)> if_result_;
  std::function<bool(const Status&)> if_exception_;
};

namespace internal {

// Calls AsyncInvoke where there is one, else operator().
template <class F, class T, class U>
void InvokeAsync(F& function, const T& record, ResultFuture<U> result) {
  if constexpr (requires { function.AsyncInvoke(record, std::move(result)); }) {
    function.AsyncInvoke(record, std::move(result));
  } else {
    function(record, std::move(result));
  }
}

template <class P>
struct CompletedBy {
  using Type = void;  // refused by the caller
};
template <class U>
struct CompletedBy<ResultFuture<U>> {
  using Type = U;
};
template <class Asked, class F>
consteval auto AsyncResultOf() {
  if constexpr (!std::is_same_v<Asked, Deduced>) {
    return std::type_identity<Asked>();
  } else if constexpr (requires { typename LastParameter<decltype(&F::AsyncInvoke)>::Type; }) {
    return std::type_identity<typename CompletedBy<
        std::remove_cvref_t<typename LastParameter<decltype(&F::AsyncInvoke)>::Type>>::Type>();
  } else if constexpr (requires { typename LastParameter<decltype(&F::operator())>::Type; }) {
    return std::type_identity<typename CompletedBy<
        std::remove_cvref_t<typename LastParameter<decltype(&F::operator())>::Type>>::Type>();
  } else {
    return std::type_identity<void>();
  }
}

}  // namespace internal

// void f(const T&, ResultFuture<U>), as operator() or AsyncInvoke; may also have
// void Timeout(const T&, ResultFuture<U>), which completes the result before it returns.
template <class F, class T, class U>
concept AsyncFunction =
    !std::is_void_v<U> && (requires(F& f, const T& record, ResultFuture<U> result) {
      f.AsyncInvoke(record, result);
    } || std::invocable<F&, const T&, ResultFuture<U>>);

}  // namespace weir
