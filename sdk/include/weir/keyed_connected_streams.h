// KeyedConnectedStreams<A, B, K, …>: two streams of the same key, a.KeyBy(…).Connect(b.KeyBy(…)) or
// a.Connect(b).KeyBy(…, …). Records of a key from both meet on one subtask, with one state.
//
//   struct MatchPayment {
//     weir::ValueState<Order> order{"order"};
//     auto States() { return std::tie(order); }
//     void ProcessElement1(const Order& each, weir::KeyedProcessContext<std::int64_t>& context,
//                          weir::Collector<Matched>&) {
//       order.Update(context, each);
//       context.TimerService().RegisterEventTimeTimer(each.due_ms);
//     }
//     void ProcessElement2(const Payment& payment,
//                          weir::KeyedProcessContext<std::int64_t>& context,
//                          weir::Collector<Matched>& out) {
//       const Order* found = order.Find(context);
//       if (found == nullptr) return;
//       out.Collect({*found, payment});
//       context.TimerService().DeleteEventTimeTimer(found->due_ms);
//       order.Clear(context);
//     }
//     void OnTimer(std::int64_t, weir::OnTimerContext<std::int64_t>& context,
//                  weir::Collector<Matched>&) {
//       context.Output(kUnpaid, *order.Find(context));
//       order.Clear(context);
//     }
//   };
//   orders.KeyBy(&Order::id).Connect(payments.KeyBy(&Payment::order)).Process(MatchPayment());
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <weir/connected_streams.h>
#include <weir/internal/operators/keyed_co_process_operator.h>
#include <weir/keyed_stream.h>

namespace weir {

// void ProcessElement1(const A&, KeyedProcessContext<K>&, Collector<U>&), ProcessElement2 with B.
template <class F, class A, class B, class K, class U>
concept KeyedCoProcessFunction =
    !std::is_void_v<U> &&
    requires(F& f, const A& a, const B& b, KeyedProcessContext<K>& context, Collector<U>& out) {
      f.ProcessElement1(a, context, out);
      f.ProcessElement2(b, context, out);
    };

template <class A, class B, class K, class FirstSelector, class SecondSelector>
class KeyedConnectedStreams : public ConnectedStreams<A, B> {
 public:
  using Key = K;
  KeyedConnectedStreams(KeyedStream<A, K, FirstSelector> first,
                        KeyedStream<B, K, SecondSelector> second)
      : ConnectedStreams<A, B>(first, second),
        first_selector_(first.key_selector()),
        second_selector_(second.key_selector()) {}

  // An object with void ProcessElement1(const A&, weir::KeyedProcessContext<K>&,
  // weir::Collector<U>&), the same with ProcessElement2 and B, and, to be called again later,
  // OnTimer as on a keyed stream (weir/timer_service.h). Needs a Uid().
  template <class Asked = internal::Deduced, class F>
  auto Process(F function) const {
    using U = internal::CollectedType<Asked, F>;
    constexpr bool kAccepted = KeyedCoProcessFunction<F, A, B, K, U>;
    static_assert(kAccepted,
                  "Process on keyed connected streams: accepted is an object with void "
                  "ProcessElement1(const A&, weir::KeyedProcessContext<K>&, weir::Collector<U>&) "
                  "and void ProcessElement2(const B&, weir::KeyedProcessContext<K>&, "
                  "weir::Collector<U>&); with templates name the result type: Process<U>(f).");
    static_assert(!internal::NamesOnTimer<F> || HasOnTimer<F, K, U>,
                  "Process: accepted is void OnTimer(std::int64_t timestamp_ms, "
                  "weir::OnTimerContext<K>&, weir::Collector<U>&), public, with the key type and "
                  "the result type of this stream.");
    if constexpr (kAccepted) {
      using Prototype = internal::KeyedCoPrototype<F, FirstSelector, SecondSelector>;
      using MadeOperator =
          internal::KeyedCoProcessOperator<A, B, U, F, FirstSelector, SecondSelector>;
      this->Fail(internal::CheckStates(function).WithContext("Keyed Co-Process"));
      std::vector<std::string> states = internal::KeyedStateNamesOf<K, U>(function);
      return this->template AddOperator<U, MadeOperator>(
          "Keyed Co-Process", Prototype{std::move(function), first_selector_, second_selector_},
          std::move(states));
    }
  }

 private:
  FirstSelector first_selector_;
  SecondSelector second_selector_;
};

}  // namespace weir
