// How operators call user functions, and what can be learned of a function's signature.
#pragma once

#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir {
template <class T>
class Collector;
}

namespace weir::internal {

// A record is passed as const T& where the function takes that (a function that takes T by value
// then copies: measured faster than moving, which empties the recycled slot of its memory), else as
// T&, else as T&&.
template <class F, class T, class... More>
concept CallableOnRecord = std::invocable<F&, const T&, More...> ||
                           std::invocable<F&, T&, More...> || std::invocable<F&, T&&, More...>;

template <class F, class T, class... More>
  requires CallableOnRecord<F, T, More...>
inline decltype(auto) CallOnRecord(F& function, T& record, More&&... more) {
  if constexpr (std::invocable<F&, const T&, More...>) {
    return function(std::as_const(record), std::forward<More>(more)...);
  } else if constexpr (std::invocable<F&, T&, More...>) {
    return function(record, std::forward<More>(more)...);
  } else {
    return function(std::move(record), std::forward<More>(more)...);
  }
}

template <class F, class T, class... More>
using RecordResult = std::remove_cvref_t<decltype(CallOnRecord(
    std::declval<F&>(), std::declval<T&>(), std::declval<More>()...))>;

// The last parameter of a function object that has exactly one operator().
template <class Signature>
struct LastParameter;
template <class R, class C, class... P>
struct LastParameter<R (C::*)(P...)> {
  using Type = std::tuple_element_t<sizeof...(P) - 1, std::tuple<P...>>;
};
template <class R, class C, class... P>
struct LastParameter<R (C::*)(P...) const> : LastParameter<R (C::*)(P...)> {};
template <class R, class C, class... P>
struct LastParameter<R (C::*)(P...) noexcept> : LastParameter<R (C::*)(P...)> {};
template <class R, class C, class... P>
struct LastParameter<R (C::*)(P...) const noexcept> : LastParameter<R (C::*)(P...)> {};
template <class R, class... P>
struct LastParameter<R (*)(P...)> {
  using Type = std::tuple_element_t<sizeof...(P) - 1, std::tuple<P...>>;
};

template <class P>
struct CollectedBy;
template <class T>
struct CollectedBy<Collector<T>&> {
  using Type = T;
};

// "Deduce it from the function's Collector<U>& parameter."
struct Deduced {};

template <class Asked, class F>
consteval auto OutputOf() {
  if constexpr (!std::is_same_v<Asked, Deduced>) {
    return std::type_identity<Asked>();
  } else if constexpr (requires { typename F::Output; }) {
    return std::type_identity<typename F::Output>();
  } else if constexpr (requires {
                         typename CollectedBy<
                             typename LastParameter<decltype(&F::operator())>::Type>::Type;
                       }) {
    return std::type_identity<
        typename CollectedBy<typename LastParameter<decltype(&F::operator())>::Type>::Type>();
  } else if constexpr (requires {
                         typename CollectedBy<
                             typename LastParameter<decltype(&F::ProcessElement)>::Type>::Type;
                       }) {
    return std::type_identity<
        typename CollectedBy<typename LastParameter<decltype(&F::ProcessElement)>::Type>::Type>();
  } else if constexpr (requires {
                         typename CollectedBy<
                             typename LastParameter<decltype(&F::FlatMap1)>::Type>::Type;
                       }) {
    return std::type_identity<
        typename CollectedBy<typename LastParameter<decltype(&F::FlatMap1)>::Type>::Type>();
  } else if constexpr (requires {
                         typename CollectedBy<
                             typename LastParameter<decltype(&F::ProcessElement1)>::Type>::Type;
                       }) {
    return std::type_identity<
        typename CollectedBy<typename LastParameter<decltype(&F::ProcessElement1)>::Type>::Type>();
  } else if constexpr (requires { typename CollectedBy<typename LastParameter<F>::Type>::Type; }) {
    return std::type_identity<typename CollectedBy<typename LastParameter<F>::Type>::Type>();
  } else {
    return std::type_identity<void>();  // refused by the caller
  }
}
template <class Asked, class F>
using CollectedType = typename decltype(OutputOf<Asked, F>())::type;

// Calls ProcessElement where there is one, else operator().
template <class F>
struct ProcessCall {
  F& function;
  template <class... P>
    requires(requires(F& f, P&&... p) { f.ProcessElement(std::forward<P>(p)...); } ||
             std::invocable<F&, P...>)
  void operator()(P&&... p) {
    if constexpr (requires { function.ProcessElement(std::forward<P>(p)...); }) {
      function.ProcessElement(std::forward<P>(p)...);
    } else {
      function(std::forward<P>(p)...);
    }
  }
};

template <class Call>
Status StatusOf(Call&& call) {
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
    return Status::Ok();
  } else {
    return call();
  }
}

// Open(RuntimeContext&) and Close() of a rich function; nothing for others.
template <class F>
Status OpenFunction(F& function, RuntimeContext& context) {
  if constexpr (requires { function.Open(context); }) {
    return StatusOf([&] { return function.Open(context); });
  } else {
    return Status::Ok();
  }
}
template <class F>
Status CloseFunction(F& function) {
  if constexpr (requires { function.Close(); }) {
    return StatusOf([&] { return function.Close(); });
  } else {
    return Status::Ok();
  }
}

}  // namespace weir::internal
