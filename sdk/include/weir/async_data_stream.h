// Async I/O on a stream: a function that asks something else about each record, with many calls
// under way at a time (weir/async_function.h).
//
//   auto priced = weir::AsyncDataStream::UnorderedWait(orders, LookUp(), 1000).Uid("look-up");
//
// The operator keeps the records that are under way in its state, so it needs a Uid; restored, it
// makes their calls again. It starts a chain. When `capacity` records are under way it takes no
// input until one is done; no thread waits. At the end of the input all calls are waited for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/async_function.h>
#include <weir/data_stream.h>
#include <weir/internal/operators/async_wait_operator.h>

namespace weir {

class AsyncDataStream {
 public:
  static constexpr std::uint32_t kDefaultCapacity = 100;

  // Results in the order of their records. `timeout_ms`: from the first call for a record to its
  // result, retries included; then Timeout() of the function is called, or the job fails. 0: none.
  // Where the result type U cannot be seen (a generic lambda) name it: OrderedWait<U>(…).
  template <class Asked = internal::Deduced, class T, class F>
  static auto OrderedWait(const DataStream<T>& stream, F function, std::int64_t timeout_ms,
                          std::uint32_t capacity = kDefaultCapacity) {
    using U = typename decltype(internal::AsyncResultOf<Asked, F>())::type;
    return Add<T, U>(stream, std::move(function), {Mode::kOrdered, timeout_ms, capacity},
                     AsyncRetryStrategy<Known<U>>::Never());
  }
  // Results as they come, but never past a watermark.
  template <class Asked = internal::Deduced, class T, class F>
  static auto UnorderedWait(const DataStream<T>& stream, F function, std::int64_t timeout_ms,
                            std::uint32_t capacity = kDefaultCapacity) {
    using U = typename decltype(internal::AsyncResultOf<Asked, F>())::type;
    return Add<T, U>(stream, std::move(function), {Mode::kUnordered, timeout_ms, capacity},
                     AsyncRetryStrategy<Known<U>>::Never());
  }
  // The same with calls that are made again.
  template <class T, class F, class U>
  static auto OrderedWaitWithRetry(const DataStream<T>& stream, F function, std::int64_t timeout_ms,
                                   std::uint32_t capacity, AsyncRetryStrategy<U> retry) {
    return Add<T, U>(stream, std::move(function), {Mode::kOrdered, timeout_ms, capacity},
                     std::move(retry));
  }
  template <class T, class F, class U>
  static auto UnorderedWaitWithRetry(const DataStream<T>& stream, F function,
                                     std::int64_t timeout_ms, std::uint32_t capacity,
                                     AsyncRetryStrategy<U> retry) {
    return Add<T, U>(stream, std::move(function), {Mode::kUnordered, timeout_ms, capacity},
                     std::move(retry));
  }

 private:
  using Mode = internal::AsyncOutputMode;
  // A result type that could not be seen is refused below, not by what is made of it before.
  template <class U>
  using Known = std::conditional_t<std::is_void_v<U>, int, U>;

  template <class T, class U, class F>
  static auto Add(const DataStream<T>& stream, F function, internal::AsyncOptions options,
                  AsyncRetryStrategy<Known<U>> retry) {
    constexpr bool kAccepted = AsyncFunction<F, T, U>;
    static_assert(kAccepted,
                  "AsyncDataStream: this function cannot be called with a record of the stream and "
                  "a result. Accepted: void f(const T&, weir::ResultFuture<U>), as operator() or "
                  "as AsyncInvoke; with a generic lambda name the result type: OrderedWait<U>(…).");
    static_assert(std::is_copy_constructible_v<F>,
                  "a user function is copied for every subtask: it must be copyable");
    if constexpr (kAccepted) {
      const char* const type =
          options.mode == Mode::kOrdered ? "Async Wait" : "Async Wait Unordered";
      if (options.capacity == 0) {
        stream.graph()->Fail(Status::InvalidArgument(std::string(type) + ": the capacity is 0"));
      }
      if (options.timeout_ms < 0) {
        stream.graph()->Fail(Status::InvalidArgument(std::string(type) + ": the timeout is " +
                                                     std::to_string(options.timeout_ms) + " ms"));
      }
      stream.graph()->Fail(retry.failure());
      using Prototype = internal::AsyncPrototype<F, U>;
      using Operator = internal::AsyncWaitOperator<T, U, F>;
      internal::StreamNode node;
      node.type = type;
      node.chaining = internal::ChainingStrategy::kHead;
      node.state_names = {Operator::kStateName};
      node.factory = std::make_shared<internal::FunctionOperatorFactory<U, Prototype, Operator>>(
          Prototype{std::move(function), options, std::move(retry)});
      return SingleOutputStreamOperator<U>(
          stream.graph(), stream.graph()->AddNode(std::move(node), {stream.origins()}));
    }
  }
};

}  // namespace weir
