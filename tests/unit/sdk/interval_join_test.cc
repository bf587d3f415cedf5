// The interval join: against an oracle with disorder and late records, and its wrong uses.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using Number = std::int64_t;

struct Order {
  Number key = 0;
  std::string id;
};
struct Payment {
  std::string key;
  Number id = 0;
};
// Left and right; their timestamps, and the result's.
using Pair = std::tuple<std::string, Number, Number, Number, Number>;

const OutputTag<Order> kLateOrders{"late-orders"};
const OutputTag<Payment> kLatePayments{"late-payments"};
const OutputTag<std::string> kSeen{"seen"};

struct MakePair {
  void ProcessElement(const Order& order, const Payment& payment, ProcessJoinContext& context,
                      Collector<Pair>& out) {
    out.Collect({order.id, payment.id, context.left_timestamp_ms(), context.right_timestamp_ms(),
                 context.timestamp_ms()});
    if (payment.id == 77) context.Output(kSeen, order.id);
  }
};

struct Bounds {
  Number lower_ms;
  Number upper_ms;
  bool lower_exclusive = false;
  bool upper_exclusive = false;
};

class JoinHarness {
 public:
  explicit JoinHarness(const Bounds& bounds) : context_({1, 1, 1, 1}) {
    StreamExecutionEnvironment env(inputs_);
    auto orders = env.FromData(std::vector<Order>()).KeyBy(&Order::key);
    auto payments = env.FromData(std::vector<Payment>()).KeyBy([](const Payment& payment) {
      return static_cast<Number>(payment.key.size());
    });
    auto joined = orders.IntervalJoin(payments).Between(bounds.lower_ms, bounds.upper_ms);
    if (bounds.lower_exclusive) joined = joined.LowerBoundExclusive();
    if (bounds.upper_exclusive) joined = joined.UpperBoundExclusive();
    auto pairs = joined.SideOutputLeftLateData(kLateOrders)
                     .SideOutputRightLateData(kLatePayments)
                     .Process(MakePair())
                     .Uid("join");
    pairs.Rebalance().SinkTo(testing::CollectingSink<Pair>(nullptr));
    pairs.GetSideOutput(kLateOrders).Rebalance().SinkTo(testing::CollectingSink<Order>(nullptr));
    pairs.GetSideOutput(kLatePayments)
        .Rebalance()
        .SinkTo(testing::CollectingSink<Payment>(nullptr));
    pairs.GetSideOutput(kSeen).Rebalance().SinkTo(testing::CollectingSink<std::string>(nullptr));
    auto job = env.Compile();
    EXPECT_TRUE(job.ok()) << job.status().ToString();
    job_ = *std::move(job);
    EXPECT_EQ(job_->graph().vertices[2].operators[0].type, "Interval Join");
    chain_ = job_->CreateChain(2, context_);
    EXPECT_TRUE(chain_->Open().ok());
  }

  template <class T>
  Status Push(std::uint32_t input, const T& record, Number timestamp_ms) {
    internal::Batch<T> batch(1);
    batch.Next(timestamp_ms) = record;
    return Settled(chain_->OnBatch(input, batch));
  }
  Status Watermark(std::uint32_t input, Number timestamp_ms) {
    return Settled(chain_->OnWatermark(input, {timestamp_ms}));
  }
  template <class T>
  std::vector<T> Out(std::uint32_t output) {
    chain_->Flush();
    auto& channel = *context_.outputs[output][0];
    auto records = testing::RecordsOf<T>(channel);
    channel.written.clear();
    return records;
  }
  std::vector<Pair> Pairs() { return Out<Pair>(0); }

 private:
  Status Settled(Status status) {
    while (status.ok() && chain_->timers_due()) status = chain_->FireTimers();
    return status;
  }
  internal::JobInputs inputs_;
  std::unique_ptr<internal::CompiledJob> job_;
  testing::FakeChainContext context_;
  std::unique_ptr<internal::Chain> chain_;
};

TEST(IntervalJoin, PairsWhatIsWithinItsBounds) {
  JoinHarness join({-2, 3});
  ASSERT_TRUE(join.Push(0, Order{1, "o"}, 10).ok());
  for (const Number time : {7, 8, 10, 13, 14}) {
    ASSERT_TRUE(join.Push(1, Payment{"x", time}, time).ok());
  }
  ASSERT_TRUE(join.Push(1, Payment{"xx", 10}, 10).ok());  // of another key
  EXPECT_EQ(join.Pairs(),
            (std::vector<Pair>{{"o", 8, 10, 8, 10}, {"o", 10, 10, 10, 10}, {"o", 13, 10, 13, 13}}));
  ASSERT_TRUE(join.Push(0, Order{1, "p"}, 12).ok());
  auto pairs = join.Pairs();
  std::sort(pairs.begin(), pairs.end());
  EXPECT_EQ(pairs, (std::vector<Pair>{
                       {"p", 10, 12, 10, 12}, {"p", 13, 12, 13, 13}, {"p", 14, 12, 14, 14}}));
  ASSERT_TRUE(join.Push(1, Payment{"x", 77}, 12).ok());
  EXPECT_EQ(join.Pairs().size(), 2u);
  EXPECT_EQ(join.Out<std::string>(3), (std::vector<std::string>{"o", "p"}));
}

TEST(IntervalJoin, BoundsMayBeExclusive) {
  JoinHarness join({-2, 3, true, true});
  ASSERT_TRUE(join.Push(0, Order{1, "o"}, 10).ok());
  for (const Number time : {8, 9, 12, 13}) {
    ASSERT_TRUE(join.Push(1, Payment{"x", time}, time).ok());
  }
  EXPECT_EQ(join.Pairs(), (std::vector<Pair>{{"o", 9, 10, 9, 10}, {"o", 12, 10, 12, 12}}));
}

TEST(IntervalJoin, LateRecordsGoToTheSideAndOthersFindTheirPartnersUntilTheWatermark) {
  JoinHarness join({0, 5});
  ASSERT_TRUE(join.Push(0, Order{1, "o"}, 10).ok());
  ASSERT_TRUE(join.Watermark(0, 15).ok());
  ASSERT_TRUE(join.Watermark(1, 15).ok());
  ASSERT_TRUE(join.Push(1, Payment{"x", 1}, 15).ok());
  ASSERT_TRUE(join.Push(1, Payment{"x", 2}, 14).ok());
  ASSERT_TRUE(join.Push(0, Order{1, "late"}, 14).ok());
  EXPECT_EQ(join.Pairs(), (std::vector<Pair>{{"o", 1, 10, 15, 15}}));
  ASSERT_EQ(join.Out<Payment>(2).size(), 1u);
  const auto late = join.Out<Order>(1);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].id, "late");
}

// --- against an oracle ---

struct Arrival {
  bool left = false;
  Number key = 0;
  Number number = 0;
  Number time_ms = 0;
};

// All pairs of those that were not late when they came, in whatever order.
std::vector<Pair> Expected(const std::vector<Arrival>& on_time, const Bounds& bounds) {
  std::vector<Pair> pairs;
  for (const Arrival& left : on_time) {
    for (const Arrival& right : on_time) {
      if (!left.left || right.left || left.key != right.key) continue;
      const Number apart_ms = right.time_ms - left.time_ms;
      if (apart_ms < bounds.lower_ms || apart_ms > bounds.upper_ms) continue;
      if (bounds.lower_exclusive && apart_ms == bounds.lower_ms) continue;
      if (bounds.upper_exclusive && apart_ms == bounds.upper_ms) continue;
      pairs.emplace_back(std::to_string(left.number), right.number, left.time_ms, right.time_ms,
                         std::max(left.time_ms, right.time_ms));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

TEST(IntervalJoin, GivesWhatTheOracleGives) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&](Number first, Number last) {
    return std::uniform_int_distribution<Number>(first, last)(random);
  };
  for (int round = 0; round < 200; ++round) {
    const Number lower_ms = pick(-20, 20);
    const Bounds bounds{lower_ms, lower_ms + pick(2, 30), pick(0, 1) == 1, pick(0, 1) == 1};
    const Number keys = pick(1, 4);
    const Number disorder_ms = pick(0, 15);
    JoinHarness join(bounds);
    std::vector<Arrival> on_time;
    std::size_t late = 0;
    Number watermarks_ms[2] = {-1, -1};
    Number time_ms = 100;
    for (Number n = 0; n < 120; ++n) {
      time_ms += pick(0, 3);
      const Arrival arrival{pick(0, 1) == 1, pick(1, keys), n,
                            time_ms - pick(0, disorder_ms + (n % 10 == 0 ? 25 : 0))};
      if (arrival.time_ms < std::min(watermarks_ms[0], watermarks_ms[1])) {
        ++late;
      } else {
        on_time.push_back(arrival);
      }
      const auto key_size = static_cast<std::size_t>(arrival.key);
      ASSERT_TRUE((arrival.left
                       ? join.Push(0, Order{arrival.key, std::to_string(n)}, arrival.time_ms)
                       : join.Push(1, Payment{std::string(key_size, 'x'), n}, arrival.time_ms))
                      .ok());
      if (pick(0, 3) == 0) {
        const auto input = static_cast<std::uint32_t>(pick(0, 1));
        const Number watermark_ms = time_ms - disorder_ms;
        if (watermark_ms > watermarks_ms[input]) {
          watermarks_ms[input] = watermark_ms;
          ASSERT_TRUE(join.Watermark(input, watermark_ms).ok());
        }
      }
    }
    auto pairs = join.Pairs();
    std::sort(pairs.begin(), pairs.end());
    ASSERT_EQ(pairs, Expected(on_time, bounds))
        << "round " << round << ": " << bounds.lower_ms << " to " << bounds.upper_ms;
    ASSERT_EQ(join.Out<Order>(1).size() + join.Out<Payment>(2).size(), late);
  }
}

// Whatever the parallelism; without a watermark before the end nothing is late.
TEST(IntervalJoin, GivesTheSameAtAnyParallelism) {
  std::vector<Order> orders;
  std::vector<Payment> payments;
  std::vector<Arrival> arrivals;
  for (Number n = 0; n < 300; ++n) {
    orders.push_back({n % 7, std::to_string(n)});
    payments.push_back({std::string(static_cast<std::size_t>(n % 5), 'x'), n});
    arrivals.push_back({true, n % 7, n, n});
    arrivals.push_back({false, n % 5, n, 2 * n});
  }
  for (const std::uint32_t parallelism : {1u, 2u, 3u, 7u}) {
    auto collected = std::make_shared<testing::Collected<Pair>>();
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    env.SetParallelism(parallelism);
    auto left = env.FromData(orders).AssignTimestampsAndWatermarks(
        WatermarkStrategy<Order>::ForMonotonousTimestamps().WithTimestampAssigner(
            [](const Order& order, Number) { return std::stoll(order.id); }));
    auto right = env.FromData(payments).AssignTimestampsAndWatermarks(
        WatermarkStrategy<Payment>::ForMonotonousTimestamps().WithTimestampAssigner(
            [](const Payment& payment, Number) { return 2 * payment.id; }));
    left.SetParallelism(1);
    right.SetParallelism(1);
    left.KeyBy(&Order::key)
        .IntervalJoin(right.KeyBy(
            [](const Payment& payment) { return static_cast<Number>(payment.key.size()); }))
        .Between(-10, 20)
        .Process([](const Order& order, const Payment& payment, ProcessJoinContext& context,
                    Collector<Pair>& out) {
          out.Collect({order.id, payment.id, context.left_timestamp_ms(),
                       context.right_timestamp_ms(), context.timestamp_ms()});
        })
        .Uid("join")
        .SinkTo(testing::CollectingSink<Pair>(collected))
        .SetParallelism(1);
    auto job = env.Compile();
    ASSERT_TRUE(job.ok()) << job.status().ToString();
    const Status run = testing::JobRunner(**job, parallelism, 16).Run();
    ASSERT_TRUE(run.ok()) << run.ToString();
    std::sort(collected->records.begin(), collected->records.end());
    EXPECT_EQ(collected->records, Expected(arrivals, {-10, 20})) << parallelism;
  }
}

TEST(IntervalJoin, WrongUsesAreNamed) {
  JoinHarness join({0, 5});
  try {
    static_cast<void>(join.Push(0, Order{1, "o"}, internal::kNoTimestamp));
    ADD_FAILURE() << "a record without a timestamp was taken";
  } catch (const RecordError& error) {
    EXPECT_NE(error.status().message().find("no timestamp"), std::string::npos);
  }
  internal::JobInputs inputs;
  const auto message = [&](Number lower_ms, Number upper_ms, bool exclusive, const char* uid) {
    StreamExecutionEnvironment env(inputs);
    auto orders = env.FromData(std::vector<Order>()).KeyBy(&Order::key);
    auto joined = orders.IntervalJoin(orders).Between(lower_ms, upper_ms);
    if (exclusive) joined = joined.LowerBoundExclusive();
    joined
        .Process([](const Order& left, const Order&, ProcessJoinContext&, Collector<Order>& out) {
          out.Collect(left);
        })
        .Uid(uid);
    return std::string(env.Compile().status().message());
  };
  EXPECT_EQ(message(3, 3, false, "join"), "");
  EXPECT_EQ(message(4, 3, false, "join"),
            "IntervalJoin: nothing lies between the lower bound 4 ms and the upper bound 3 ms");
  EXPECT_EQ(message(3, 3, true, "join"),
            "IntervalJoin: nothing lies between the lower bound 3 ms (exclusive) and the upper "
            "bound 3 ms");
  EXPECT_NE(message(std::numeric_limits<Number>::min(), 3, false, "join")
                .find("is not between -2^62 and 2^62"),
            std::string::npos);
  EXPECT_NE(message(0, 3, false, "").find("it keeps state and has no uid"), std::string::npos);
}

}  // namespace
}  // namespace weir
