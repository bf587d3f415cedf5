// Joins and coGroups as functions on the windows of both streams' records.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <weir/collector.h>
#include <weir/internal/function_traits.h>
#include <weir/internal/record_errors.h>
#include <weir/runtime_context.h>
#include <weir/status.h>
#include <weir/windowing/window_functions.h>

namespace weir::internal {

enum class Pairing : std::uint8_t { kJoin, kCoGroup };

template <class F, class A, class B>
concept ReturnsPair = std::invocable<F&, const A&, const B&> &&
                      !std::is_void_v<std::invoke_result_t<F&, const A&, const B&>>;

template <Pairing kPairing, class F, class A, class B, class U>
concept PairingFunction =
    !std::is_void_v<U> &&
    ((kPairing == Pairing::kJoin &&
      (ReturnsPair<F, A, B> || std::invocable<F&, const A&, const B&, Collector<U>&>)) ||
     (kPairing == Pairing::kCoGroup &&
      std::invocable<F&, const WindowElements<A>&, const WindowElements<B>&, Collector<U>&>));

template <Pairing kPairing, class Asked, class F, class A, class B>
consteval auto PairingOutputOf() {
  if constexpr (std::is_same_v<Asked, Deduced> && kPairing == Pairing::kJoin &&
                ReturnsPair<F, A, B>) {
    return std::type_identity<std::remove_cvref_t<std::invoke_result_t<F&, const A&, const B&>>>();
  } else {
    return std::type_identity<CollectedType<Asked, F>>();
  }
}

template <Pairing kPairing, class F, class A, class B, class U>
class PairingWindowFunction {
 public:
  explicit PairingWindowFunction(F function) : function_(std::move(function)) {}

  Status Open(RuntimeContext& context) { return OpenFunction(function_, context); }
  Status Close() { return CloseFunction(function_); }

  template <class K, class W>
  void Process(const K&, WindowContext<K, W>& context,
               const WindowElements<std::variant<A, B>>& records, Collector<U>& out) {
    first_.clear();
    second_.clear();
    for (const std::variant<A, B>& record : records) {
      if (record.index() == 0) {
        first_.push_back(&std::get<0>(record));
      } else {
        second_.push_back(&std::get<1>(record));
      }
    }
    if constexpr (kPairing == Pairing::kCoGroup) {
      function_(WindowElements<A>(first_.data(), first_.size()),
                WindowElements<B>(second_.data(), second_.size()), out);
    } else {
      for (const A* left : first_) {
        for (const B* right : second_) {
          CallForPair(context.operator_context(), *left, *right, context.timestamp_ms(),
                      [&] { Join(*left, *right, out); });
        }
      }
    }
  }

 private:
  void Join(const A& left, const B& right, Collector<U>& out) {
    if constexpr (ReturnsPair<F, A, B>) {
      out.Collect(function_(left, right));
    } else {
      function_(left, right, out);
    }
  }

  F function_;
  std::vector<const A*> first_;  // of the window; their memory is used again
  std::vector<const B*> second_;
};

}  // namespace weir::internal
