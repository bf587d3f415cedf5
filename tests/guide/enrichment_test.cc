// Snippets of docs/guide/enrichment.md.
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/testing.h>

#include "tests/guide/order.h"

namespace {

using weir::testing::StreamHarness;
using Lines = std::vector<std::string>;

// Stands for a client that answers on a thread of its own.
class CountryClient {
 public:
  template <class Callback>
  void Get(const std::string& customer, Callback callback) {
    threads_.emplace_back(
        [customer, callback] { callback(customer == "ann" ? "Austria" : "Brazil"); });
  }

 private:
  std::vector<std::jthread> threads_;
};

// [async-function]
struct LookUpCountry {
  void Open(weir::RuntimeContext&) { client = std::make_shared<CountryClient>(); }

  void AsyncInvoke(const Order& order, weir::ResultFuture<std::string> result) {
    client->Get(order.customer, [order, result](const std::string& country) {
      result.Complete(order.customer + " of " + country);
    });
  }
  void Timeout(const Order& order, weir::ResultFuture<std::string> result) {
    result.Complete(order.customer + " of nowhere");
  }

  std::shared_ptr<CountryClient> client;
};
// [/async-function]

// [async-retry]
// What a database that is not always there answers.
struct LookUpDiscount {
  void AsyncInvoke(const Order& order, weir::ResultFuture<std::string> result) {
    if (++attempts < 3) {
      result.CompleteExceptionally(weir::Status::Unavailable("the database restarts"));
    } else {
      result.Complete(order.customer + " gets 10 percent");
    }
  }
  int attempts = 0;
};
// [/async-retry]

TEST(GuideEnrichmentTest, AsynchronousCallsThatAreMadeAgain) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  const auto orders = input.stream();
  // [async-retry-use]
  auto retry = weir::AsyncRetryStrategy<std::string>::ExponentialBackoff(
                   /*maximum_retries=*/5, /*initial_delay_ms=*/100, /*maximum_delay_ms=*/10'000,
                   /*multiplier=*/2)
                   .IfException([](const weir::Status& error) {
                     return error.code() == weir::StatusCode::kUnavailable;
                   });
  const auto discounts = weir::AsyncDataStream::UnorderedWaitWithRetry(
                             orders, LookUpDiscount(), 60'000, 100, std::move(retry))
                             .Uid("discounts");
  // [/async-retry-use]
  auto out = harness.AddOutput(discounts);
  input.PushRecord({"ann", 1, 0});
  harness.AdvanceProcessingTime(1'000);
  EXPECT_EQ(out.values(), Lines{"ann gets 10 percent"});
}

TEST(GuideEnrichmentTest, AsynchronousCalls) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  const auto orders = input.stream();
  // [async-use]
  const auto with_country =
      weir::AsyncDataStream::OrderedWait(orders, LookUpCountry(), 5'000, 100).Uid("countries");
  // [/async-use]
  auto out = harness.AddOutput(with_country);
  input.PushRecord({"bob", 1, 0});
  input.PushRecord({"ann", 1, 0});
  harness.RunUntil([&] { return out.records().size() == 2; });
  EXPECT_EQ(out.values(), (Lines{"bob of Brazil", "ann of Austria"}));
}

// [broadcast-function]
const weir::MapStateDescriptor<std::string, std::int64_t> kLimits{"limits"};

struct Limit {
  std::string customer;
  std::int64_t cents = 0;
};
WEIR_FIELDS(Limit, customer, cents)

struct CheckLimits {
  void ProcessElement(const Order& order, weir::ReadOnlyBroadcastContext& context,
                      weir::Collector<std::string>& out) {
    const std::int64_t* limit = context.GetBroadcastState(kLimits).Find(order.customer);
    if (limit != nullptr && order.cents > *limit) out.Collect(order.customer + " is above");
  }
  void ProcessBroadcastElement(const Limit& limit, weir::BroadcastContext& context,
                               weir::Collector<std::string>&) {
    context.GetBroadcastState(kLimits).Put(limit.customer, limit.cents);
  }
};
// [/broadcast-function]

// [keyed-broadcast-function]
// Warns when a customer's orders together are above the limit, also when the limit falls below
// them.
struct CheckSums {
  weir::ValueState<std::int64_t> spent{"spent"};
  auto States() { return std::tie(spent); }

  void ProcessElement(const Order& order, weir::KeyedReadOnlyBroadcastContext<std::string>& context,
                      weir::Collector<std::string>& out) {
    const std::int64_t sum = spent.Mutable(context) += order.cents;
    const std::int64_t* limit = context.GetBroadcastState(kLimits).Find(order.customer);
    if (limit != nullptr && sum > *limit) out.Collect(order.customer + " is above");
  }
  void ProcessBroadcastElement(const Limit& limit,
                               weir::KeyedBroadcastContext<std::string>& context,
                               weir::Collector<std::string>& out) {
    context.GetBroadcastState(kLimits).Put(limit.customer, limit.cents);
    context.ApplyToKeyedState(spent, [&](weir::KeyedProcessContext<std::string>& of) {
      if (of.key() != limit.customer || spent.ValueOr(of, 0) <= limit.cents) return;
      out.Collect(limit.customer + " is above by now");
    });
  }
};
// [/keyed-broadcast-function]

struct Payment {
  std::string customer;
  std::int64_t cents = 0;
};
WEIR_FIELDS(Payment, customer, cents)

// [two-inputs]
const weir::OutputTag<Order> kUnpaid{"unpaid"};

// Holds an order back until it is paid, for a minute at most.
struct AwaitPayment {
  weir::ValueState<Order> open{"open"};
  auto States() { return std::tie(open); }

  void ProcessElement1(const Order& order, weir::KeyedProcessContext<std::string>& context,
                       weir::Collector<Order>&) {
    open.Update(context, order);
    context.TimerService().RegisterProcessingTimeTimer(context.processing_time_ms() + 60'000);
  }
  void ProcessElement2(const Payment&, weir::KeyedProcessContext<std::string>& context,
                       weir::Collector<Order>& out) {
    if (const Order* order = open.Find(context)) out.Collect(*order);
    open.Clear(context);
  }
  void OnTimer(std::int64_t, weir::OnTimerContext<std::string>& context, weir::Collector<Order>&) {
    if (const Order* order = open.Find(context)) context.Output(kUnpaid, *order);
    open.Clear(context);
  }
};
// [/two-inputs]

TEST(GuideEnrichmentTest, TwoStreamsShareStateAndTimers) {
  StreamHarness harness;
  auto order_input = harness.AddInput<Order>();
  auto payment_input = harness.AddInput<Payment>();
  const auto orders = order_input.stream();
  const auto payments = payment_input.stream();
  // [two-inputs-use]
  const auto paid = orders.KeyBy(&Order::customer)
                        .Connect(payments.KeyBy(&Payment::customer))
                        .Process(AwaitPayment())
                        .Uid("await-payment");
  const auto unpaid = paid.GetSideOutput(kUnpaid);
  // [/two-inputs-use]
  auto out = harness.AddOutput(paid);
  auto reminders = harness.AddOutput(unpaid);
  order_input.PushRecord({"ann", 500, 0});
  order_input.PushRecord({"bob", 300, 0});
  payment_input.PushRecord({"bob", 300});
  harness.AdvanceProcessingTime(60'001);
  ASSERT_EQ(out.records().size(), 1u);
  EXPECT_EQ(out.records()[0].record.customer, "bob");
  ASSERT_EQ(reminders.records().size(), 1u);
  EXPECT_EQ(reminders.records()[0].record.customer, "ann");
}

TEST(GuideEnrichmentTest, IntervalJoin) {
  StreamHarness harness;
  auto order_input = harness.AddInput<Order>();
  auto payment_input = harness.AddInput<Payment>();
  const auto orders = order_input.stream();
  const auto payments = payment_input.stream();
  // [interval-join]
  const auto paid = orders.KeyBy(&Order::customer)
                        .IntervalJoin(payments.KeyBy(&Payment::customer))
                        .Between(0, 60'000)  // a payment comes within a minute of its order
                        .Process([](const Order& order, const Payment& payment,
                                    weir::ProcessJoinContext&, weir::Collector<std::string>& out) {
                          out.Collect(order.customer + " paid " + std::to_string(payment.cents));
                        })
                        .Uid("paid");
  // [/interval-join]
  auto out = harness.AddOutput(paid);
  order_input.PushRecord({"ann", 500, 0}, 1'000);
  payment_input.PushRecord({"ann", 500}, 61'001);
  EXPECT_TRUE(out.records().empty());
  payment_input.PushRecord({"ann", 400}, 61'000);
  EXPECT_EQ(out.values(), Lines{"ann paid 400"});
}

TEST(GuideEnrichmentTest, WindowJoinAndCoGroup) {
  StreamHarness harness;
  auto order_input = harness.AddInput<Order>();
  auto payment_input = harness.AddInput<Payment>();
  const auto orders = order_input.stream();
  const auto payments = payment_input.stream();
  // [window-join]
  const auto pairs =
      orders.Join(payments)
          .Where(&Order::customer)
          .EqualTo(&Payment::customer)
          .Window(weir::TumblingEventTimeWindows::Of(60'000))
          .Apply([](const Order& order, const Payment& payment) {
            return order.customer + " owes " + std::to_string(order.cents - payment.cents);
          })
          .Uid("pairs");
  const auto unpaid =
      orders.CoGroup(payments)
          .Where(&Order::customer)
          .EqualTo(&Payment::customer)
          .Window(weir::TumblingEventTimeWindows::Of(60'000))
          .Apply([](const weir::WindowElements<Order>& orders,
                    const weir::WindowElements<Payment>& payments, weir::Collector<Order>& out) {
            if (!payments.empty()) return;
            for (const Order& order : orders) out.Collect(order);
          })
          .Uid("unpaid");
  // [/window-join]
  auto owed = harness.AddOutput(pairs);
  auto left_over = harness.AddOutput(unpaid);
  order_input.PushRecord({"ann", 500, 0}, 1'000);
  order_input.PushRecord({"bob", 300, 0}, 2'000);
  payment_input.PushRecord({"ann", 400}, 59'999);
  payment_input.PushRecord({"bob", 300}, 60'000);
  harness.Finish();
  EXPECT_EQ(owed.values(), Lines{"ann owes 100"});
  ASSERT_EQ(left_over.records().size(), 1u);
  EXPECT_EQ(left_over.records()[0].record.customer, "bob");
}

TEST(GuideEnrichmentTest, BroadcastState) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  auto limit_input = harness.AddInput<Limit>();
  const auto orders = input.stream();
  const auto limits = limit_input.stream();
  // [broadcast-use]
  const auto warnings =
      orders.Connect(limits.Broadcast(kLimits)).Process(CheckLimits()).Uid("limits");
  // [/broadcast-use]
  auto out = harness.AddOutput(warnings);
  input.PushRecord({"ann", 500, 0});
  limit_input.PushRecord({"ann", 100});
  input.PushRecord({"ann", 500, 0});
  EXPECT_EQ(out.values(), Lines{"ann is above"});
}

TEST(GuideEnrichmentTest, BroadcastStateBesideKeyedState) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  auto limit_input = harness.AddInput<Limit>();
  const auto orders = input.stream();
  const auto limits = limit_input.stream();
  // [keyed-broadcast-use]
  const auto warnings = orders.KeyBy(&Order::customer)
                            .Connect(limits.Broadcast(kLimits))
                            .Process(CheckSums())
                            .Uid("sums");
  // [/keyed-broadcast-use]
  auto out = harness.AddOutput(warnings);
  limit_input.PushRecord({"ann", 800});
  input.PushRecord({"ann", 500, 0});
  input.PushRecord({"bob", 900, 0});
  input.PushRecord({"ann", 500, 0});
  limit_input.PushRecord({"bob", 800});
  EXPECT_EQ(out.values(), (Lines{"ann is above", "bob is above by now"}));
}

}  // namespace
