// Interval join: pairs of records of two keyed streams whose keys are equal and whose event times
// lie within bounds of each other.
//
//   auto matched = orders.KeyBy(&Order::id)
//                      .IntervalJoin(payments.KeyBy(&Payment::order))
//                      .Between(-1'000, 60'000)  // payment.time - order.time, in milliseconds
//                      .LowerBoundExclusive()
//                      .SideOutputRightLateData(kLatePayments)
//                      .Process([](const Order& order, const Payment& payment,
//                                  weir::ProcessJoinContext& context,
//                                  weir::Collector<Match>& out) { out.Collect({order, payment}); })
//                      .Uid("order-payment");
//
// Each pair comes once, when the second of the two arrives, and has the larger of their timestamps.
// A record that is behind the watermark is late: it is not joined, but put out to the side or
// dropped and counted (numLateRecordsDropped). Records without timestamps fail the job. What can
// find no partner any more is forgotten with the watermark. Joins keep state: they need a Uid().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/collector.h>
#include <weir/internal/operators/interval_join_function.h>
#include <weir/keyed_connected_streams.h>
#include <weir/keyed_stream.h>
#include <weir/side_output.h>
#include <weir/status.h>
#include <weir/watermark_strategy.h>

namespace weir {

// What Between() gives. A value; the methods up to Process() return a changed copy.
template <class A, class B, class K, class FirstSelector, class SecondSelector>
class IntervalJoined {
 public:
  using Streams = KeyedConnectedStreams<A, B, K, FirstSelector, SecondSelector>;
  IntervalJoined(DataStream<A> first, Streams streams,
                 internal::IntervalJoinSettings<A, B> settings)
      : first_(std::move(first)), streams_(std::move(streams)), settings_(std::move(settings)) {}

  // Pairs exactly at the bound do not count.
  IntervalJoined LowerBoundExclusive() const {
    IntervalJoined changed = *this;
    changed.settings_.lower_exclusive = true;
    return changed;
  }
  IntervalJoined UpperBoundExclusive() const {
    IntervalJoined changed = *this;
    changed.settings_.upper_exclusive = true;
    return changed;
  }
  // Late records of the stream before IntervalJoin go there, instead of being dropped.
  IntervalJoined SideOutputLeftLateData(const OutputTag<A>& tag) const {
    IntervalJoined changed = *this;
    changed.settings_.left_late = tag;
    return changed;
  }
  // Those of the other one.
  IntervalJoined SideOutputRightLateData(const OutputTag<B>& tag) const {
    IntervalJoined changed = *this;
    changed.settings_.right_late = tag;
    return changed;
  }

  // void f(const A&, const B&, weir::ProcessJoinContext&, weir::Collector<U>&), as operator() or
  // ProcessElement.
  template <class Asked = internal::Deduced, class F>
  auto Process(F function) const {
    using U = internal::CollectedType<Asked, F>;
    constexpr bool kAccepted = ProcessJoinFunction<F, A, B, U>;
    static_assert(kAccepted,
                  "IntervalJoin: this function cannot be called with a record of each stream. "
                  "Accepted: void f(const A&, const B&, weir::ProcessJoinContext&, "
                  "weir::Collector<U>&), as operator() or as ProcessElement; with a generic lambda "
                  "name the result type: Process<U>(f).");
    static_assert(!internal::HasCheckpointHooks<F> && !internal::HasStates<F>,
                  "IntervalJoin: a join function has no state");
    if constexpr (kAccepted) {
      const Status wrong = settings_.Check();
      first_.graph()->Fail(wrong);
      using Join = internal::IntervalJoinFunction<A, B, K, U, F>;
      auto joined = streams_.template Process<U>(Join(std::move(function), settings_));
      first_.graph()->nodes[joined.origins().front().node].type = "Interval Join";
      return joined;
    }
  }

 private:
  DataStream<A> first_;
  Streams streams_;
  internal::IntervalJoinSettings<A, B> settings_;
};

// What IntervalJoin() gives.
template <class A, class B, class K, class FirstSelector, class SecondSelector>
class IntervalJoin {
 public:
  IntervalJoin(KeyedStream<A, K, FirstSelector> first, KeyedStream<B, K, SecondSelector> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  // Joins a with b where a.time + lower_ms <= b.time <= a.time + upper_ms. Either may be negative.
  IntervalJoined<A, B, K, FirstSelector, SecondSelector> Between(std::int64_t lower_ms,
                                                                 std::int64_t upper_ms) const {
    return {first_, {first_, second_}, {lower_ms, upper_ms}};
  }

 private:
  KeyedStream<A, K, FirstSelector> first_;
  KeyedStream<B, K, SecondSelector> second_;
};

template <class T, class K, class KeySelector>
template <class B, class SecondSelector>
auto KeyedStream<T, K, KeySelector>::IntervalJoin(
    const KeyedStream<B, K, SecondSelector>& other) const {
  return weir::IntervalJoin<T, B, K, KeySelector, SecondSelector>(*this, other);
}

}  // namespace weir
