// Window join and window coGroup: what two streams have of a key in the same window.
//
//   auto matched = orders.Join(payments)
//                      .Where(&Order::id)
//                      .EqualTo(&Payment::order)
//                      .Window(weir::TumblingEventTimeWindows::Of(60'000))
//                      .Apply([](const Order& order, const Payment& payment) {
//                        return Matched{order.id, payment.amount};
//                      })
//                      .Uid("order-payment");
//
// A join's function is called for every pair; a record without a partner in its window is in none.
// A coGroup's is called once for each key and window in which either stream has records, with both
// lists:
//
//   orders.CoGroup(payments).Where(…).EqualTo(…).Window(…).Apply(
//       [](const weir::WindowElements<Order>& orders,
//          const weir::WindowElements<Payment>& payments, weir::Collector<Line>& out) { … });
//
// Results have the window's last millisecond as their timestamp. All else about windows, and the
// Uid() that they need: weir/windowed_stream.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <weir/collector.h>
#include <weir/data_stream.h>
#include <weir/internal/operators/pairing_window_function.h>
#include <weir/keyed_stream.h>
#include <weir/windowed_stream.h>

namespace weir {

namespace internal {

// The key of a record of either stream.
template <class A, class B, class FirstSelector, class SecondSelector>
struct EitherKey {
  FirstSelector first;
  SecondSelector second;
  auto operator()(const std::variant<A, B>& record) const {
    using K = std::remove_cvref_t<std::invoke_result_t<const FirstSelector&, const A&>>;
    return record.index() == 0 ? K(std::invoke(first, std::get<0>(record)))
                               : K(std::invoke(second, std::get<1>(record)));
  }
};

// Each record as one that may be of either stream, in as many subtasks as the stream has.
template <std::size_t kIndex, class A, class B>
DataStream<std::variant<A, B>> AsEither(
    const DataStream<std::variant_alternative_t<kIndex, std::variant<A, B>>>& stream) {
  using Record = std::variant_alternative_t<kIndex, std::variant<A, B>>;
  auto mapped = stream.Map(
      [](const Record& record) { return std::variant<A, B>(std::in_place_index<kIndex>, record); });
  auto& nodes = stream.graph()->nodes;
  const auto& origins = stream.origins();
  if (origins.size() == 1) {
    nodes[mapped.origins().front().node].parallelism = nodes[origins.front().node].parallelism;
  }
  return mapped;
}

}  // namespace internal

// What Window() of a join or coGroup gives. The methods up to Apply() return a changed copy.
template <internal::Pairing kPairing, class A, class B, class Windowed>
class PairedWindows {
 public:
  explicit PairedWindows(Windowed windowed) : windowed_(std::move(windowed)) {}

  template <class Tr>
  auto Trigger(Tr trigger) const {
    return Changed(windowed_.Trigger(std::move(trigger)));
  }
  // Sees std::variant<A, B>: records of either stream.
  template <class Ev>
  auto Evictor(Ev evictor) const {
    return Changed(windowed_.Evictor(std::move(evictor)));
  }
  auto AllowedLateness(std::int64_t lateness_ms) const {
    return Changed(windowed_.AllowedLateness(lateness_ms));
  }

  // Of a join: U f(const A&, const B&), or void f(const A&, const B&, weir::Collector<U>&). Of a
  // coGroup: void f(const weir::WindowElements<A>&, const weir::WindowElements<B>&,
  // weir::Collector<U>&). Where U cannot be seen name it: Apply<U>(f).
  template <class Asked = internal::Deduced, class F>
  auto Apply(F function) const {
    using U = typename decltype(internal::PairingOutputOf<kPairing, Asked, F, A, B>())::type;
    constexpr bool kAccepted = internal::PairingFunction<kPairing, F, A, B, U>;
    static_assert(kAccepted,
                  "Apply: this function cannot be called. Accepted for a join are U f(const A&, "
                  "const B&) and void f(const A&, const B&, weir::Collector<U>&); for a coGroup "
                  "void f(const weir::WindowElements<A>&, const weir::WindowElements<B>&, "
                  "weir::Collector<U>&); with a generic lambda name the result type: Apply<U>(f).");
    if constexpr (kAccepted) {
      using Function = internal::PairingWindowFunction<kPairing, F, A, B, U>;
      return windowed_.template Process<U>(Function(std::move(function)));
    }
  }

 private:
  template <class NewWindowed>
  static PairedWindows<kPairing, A, B, NewWindowed> Changed(NewWindowed windowed) {
    return PairedWindows<kPairing, A, B, NewWindowed>(std::move(windowed));
  }

  Windowed windowed_;
};

// What EqualTo() gives.
template <internal::Pairing kPairing, class A, class B, class FirstSelector, class SecondSelector>
class PairedKeys {
 public:
  PairedKeys(DataStream<A> first, DataStream<B> second, FirstSelector first_selector,
             SecondSelector second_selector)
      : first_(std::move(first)),
        second_(std::move(second)),
        selector_{std::move(first_selector), std::move(second_selector)} {}

  // For each key the windows that `assigner` says (weir/windowed_stream.h).
  template <class Assigner>
  auto Window(Assigner assigner) const {
    auto both = internal::AsEither<0, A, B>(first_).Union(internal::AsEither<1, A, B>(second_));
    if (first_.graph() != second_.graph()) {
      first_.graph()->Fail(
          Status::InvalidArgument("Join: the streams are of different environments"));
    }
    auto windowed = both.KeyBy(selector_).Window(std::move(assigner));
    return PairedWindows<kPairing, A, B, decltype(windowed)>(std::move(windowed));
  }

 private:
  DataStream<A> first_;
  DataStream<B> second_;
  internal::EitherKey<A, B, FirstSelector, SecondSelector> selector_;
};

// What Where() gives.
template <internal::Pairing kPairing, class A, class B, class FirstSelector>
class PairedWhere {
 public:
  PairedWhere(DataStream<A> first, DataStream<B> second, FirstSelector selector)
      : first_(std::move(first)), second_(std::move(second)), selector_(std::move(selector)) {}

  // K f(const B&), or a member of it, of the same key type.
  template <class F>
  auto EqualTo(F selector) const {
    static_assert(KeySelectorFunction<F, B>,
                  "EqualTo: accepted is K f(const B&) with a const operator(), or &B::member");
    if constexpr (KeySelectorFunction<F, B>) {
      static_assert(
          std::is_same_v<std::remove_cvref_t<std::invoke_result_t<const FirstSelector&, const A&>>,
                         std::remove_cvref_t<std::invoke_result_t<const F&, const B&>>>,
          "EqualTo: its key is of another type than that of Where");
      return PairedKeys<kPairing, A, B, FirstSelector, F>(first_, second_, selector_,
                                                          std::move(selector));
    }
  }

 private:
  DataStream<A> first_;
  DataStream<B> second_;
  FirstSelector selector_;
};

// What stream.Join(other) and stream.CoGroup(other) give.
template <internal::Pairing kPairing, class A, class B>
class PairedStreams {
 public:
  PairedStreams(DataStream<A> first, DataStream<B> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  // K f(const A&), or a member of it: the key of the first stream.
  template <class F>
  auto Where(F selector) const {
    static_assert(KeySelectorFunction<F, A>,
                  "Where: accepted is K f(const A&) with a const operator(), or &A::member");
    if constexpr (KeySelectorFunction<F, A>) {
      return PairedWhere<kPairing, A, B, F>(first_, second_, std::move(selector));
    }
  }

 private:
  DataStream<A> first_;
  DataStream<B> second_;
};

template <class A, class B>
using JoinedStreams = PairedStreams<internal::Pairing::kJoin, A, B>;
template <class A, class B>
using CoGroupedStreams = PairedStreams<internal::Pairing::kCoGroup, A, B>;

template <class T>
template <class B>
auto StreamCombinations<T>::Join(const DataStream<B>& other) const {
  return JoinedStreams<T, B>(self(), other);
}
template <class T>
template <class B>
auto StreamCombinations<T>::CoGroup(const DataStream<B>& other) const {
  return CoGroupedStreams<T, B>(self(), other);
}

}  // namespace weir
