// Process functions on two streams, with and without keys.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/run_job.h"

namespace weir {
namespace {

using testing::Collected;
using testing::CollectingSink;
using testing::RunJob;

struct Order {
  std::int64_t id = 0;
  std::int64_t due_ms = 0;
};
struct Payment {
  std::int64_t order = 0;
};
const OutputTag<std::int64_t> kUnpaid{"unpaid"};

struct MatchPayment {
  ValueState<Order> waiting{"waiting"};
  auto States() { return std::tie(waiting); }
  void ProcessElement1(const Order& order, KeyedProcessContext<std::int64_t>& context,
                       Collector<std::int64_t>&) {
    waiting.Update(context, order);
    context.TimerService().RegisterEventTimeTimer(order.due_ms);
  }
  void ProcessElement2(const Payment& payment, KeyedProcessContext<std::int64_t>& context,
                       Collector<std::int64_t>& out) {
    const Order* order = waiting.Find(context);
    if (order == nullptr) return;
    context.TimerService().DeleteEventTimeTimer(order->due_ms);
    waiting.Clear(context);
    out.Collect(payment.order);
  }
  void OnTimer(std::int64_t, OnTimerContext<std::int64_t>& context, Collector<std::int64_t>&) {
    context.Output(kUnpaid, waiting.Find(context)->id);
    waiting.Clear(context);
  }
};

using OrderKey = decltype(std::mem_fn(&Order::id));
using PaymentKey = decltype(std::mem_fn(&Payment::order));
struct Matching {
  testing::OperatorHarness harness;
  testing::KeepingInput<std::int64_t> out;
  testing::KeepingInput<std::int64_t> unpaid;
  internal::SideOutputs sides;
  std::unique_ptr<internal::KeyedCoProcessOperator<Order, Payment, std::int64_t, MatchPayment,
                                                   OrderKey, PaymentKey>>
      op;
  Matching() {
    internal::OperatorContext context = harness.context();
    sides.Add("unpaid", &internal::kTypeMark<std::int64_t>,
              std::make_unique<internal::SideCollector<std::int64_t>>(context, unpaid));
    context.side_outputs = &sides;
    op = std::make_unique<typename decltype(op)::element_type>(
        context,
        internal::KeyedCoPrototype<MatchPayment, OrderKey, PaymentKey>{
            MatchPayment(), std::mem_fn(&Order::id), std::mem_fn(&Payment::order)},
        out);
  }
  void Push(std::vector<Order> orders) { op->input(0)->PushBatch(*testing::MakeBatch(orders)); }
  void Push(std::vector<Payment> payments) {
    op->input(1)->PushBatch(*testing::MakeBatch(payments));
  }
};

TEST(KeyedCoProcess, BothInputsShareStateAndTimers) {
  Matching m;
  m.Push(std::vector<Order>{{1, 100}, {2, 100}, {3, 200}});
  m.Push(std::vector<Payment>{{2}, {9}});
  EXPECT_EQ(m.out.records, std::vector<std::int64_t>{2});
  m.op->input(0)->OnWatermark({150});
  m.sides.Finish();
  EXPECT_TRUE(m.unpaid.records.empty());  // the other input holds event time back
  m.op->input(1)->OnWatermark({120});
  m.sides.Finish();
  EXPECT_EQ(m.unpaid.records, std::vector<std::int64_t>{1});
  EXPECT_EQ(m.unpaid.timestamps, std::vector<std::int64_t>{100});
  EXPECT_EQ(m.out.watermarks, std::vector<std::int64_t>{120});
  m.op->input(1)->OnWatermarkStatus({true});
  EXPECT_EQ(m.out.watermarks, (std::vector<std::int64_t>{120, 150}));
  m.op->input(0)->OnWatermarkStatus({true});
  EXPECT_EQ(m.out.idle, std::vector<bool>{true});
  m.op->EndInput(0);
  m.op->EndInput(1);
  m.sides.Finish();
  EXPECT_EQ(m.unpaid.records, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(m.out.watermarks.back(), internal::kMaximumWatermark);
}

TEST(KeyedCoProcess, BurstsHoldBackWatermarkStatusAndEnd) {
  Matching m;
  std::vector<Order> orders;
  for (std::int64_t id = 0; id < 5'000; ++id) orders.push_back({id, 100 + id});
  m.Push(orders);
  m.op->input(1)->OnWatermark({10'000});
  m.op->input(0)->OnWatermark({3'000});
  m.op->input(0)->OnWatermarkStatus({true});
  m.op->EndInput(0);
  m.op->input(1)->OnWatermarkStatus({true});
  EXPECT_TRUE(m.out.watermarks.empty());
  EXPECT_TRUE(m.out.idle.empty());
  int steps = 0;
  for (; m.harness.timers.any_due(); ++steps) ASSERT_TRUE(m.op->FireTimers().ok());
  m.sides.Finish();
  EXPECT_EQ(steps, 4);
  EXPECT_EQ(m.unpaid.records.size(), 5'000u);
  EXPECT_EQ(m.out.watermarks, (std::vector<std::int64_t>{3'000, 10'000}));
  EXPECT_EQ(m.out.idle, std::vector<bool>{true});
}

TEST(KeyedCoProcess, WholeJobsAtSeveralParallelisms) {
  std::vector<Order> orders;
  std::vector<Payment> payments;
  for (std::int64_t id = 0; id < 3'000; ++id) orders.push_back({id, 1'000'000});
  for (std::int64_t id = 0; id < 3'000; id += 3) payments.push_back({id});
  for (const std::uint32_t parallelism : {1u, 2u, 3u}) {
    auto paid = std::make_shared<Collected<std::int64_t>>();
    auto unpaid = std::make_shared<Collected<std::int64_t>>();
    const Status status = RunJob(parallelism, parallelism, paid, [&](auto& env) {
      auto keyed = env.FromData(orders).KeyBy(&Order::id);
      auto matched = keyed.Connect(env.FromData(payments).KeyBy(&Payment::order))
                         .Process(MatchPayment())
                         .Uid("match");
      matched.GetSideOutput(kUnpaid).SinkTo(CollectingSink<std::int64_t>(unpaid)).SetParallelism(1);
      return matched;
    });
    ASSERT_TRUE(status.ok()) << status.ToString();
    // A payment that comes before its order is forgotten: how many do depends on the order of
    // arrival, but every order ends on one side.
    EXPECT_GE(unpaid->records.size(), 2'000u);
    std::vector<std::int64_t> all = paid->records;
    all.insert(all.end(), unpaid->records.begin(), unpaid->records.end());
    std::sort(all.begin(), all.end());
    ASSERT_EQ(all.size(), 3'000u);
    for (std::int64_t id = 0; id < 3'000; ++id) ASSERT_EQ(all[static_cast<std::size_t>(id)], id);
  }
}

struct Sides {
  void ProcessElement1(const std::int64_t& number, ProcessContext& context,
                       Collector<std::string>& out) {
    if (number % 2 == 0) context.Output(kUnpaid, number);
    out.Collect("number " + std::to_string(number));
  }
  void ProcessElement2(const std::string& word, ProcessContext&, Collector<std::string>& out) {
    out.Collect("word " + word);
  }
};

TEST(CoProcess, HasSideOutputs) {
  auto main = std::make_shared<Collected<std::string>>();
  auto side = std::make_shared<Collected<std::int64_t>>();
  const Status status = RunJob(1, 1, main, [&](auto& env) {
    auto words = env.template FromData<std::string>({"a", "b"});
    auto both = env.FromSequence(1, 10).Connect(words).Process(Sides());
    both.GetSideOutput(kUnpaid).SinkTo(CollectingSink<std::int64_t>(side)).SetParallelism(1);
    return both;
  });
  ASSERT_TRUE(status.ok()) << status.ToString();
  std::sort(side->records.begin(), side->records.end());
  EXPECT_EQ(side->records, (std::vector<std::int64_t>{2, 4, 6, 8, 10}));
  EXPECT_EQ(main->records.size(), 12u);
  EXPECT_EQ(std::count(main->records.begin(), main->records.end(), "word b"), 1);
}

}  // namespace
}  // namespace weir
