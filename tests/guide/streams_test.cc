// Snippets of docs/guide/first-job.md and streams.md.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/testing.h>

#include "tests/guide/order.h"

void WordCount(weir::StreamExecutionEnvironment& env);

namespace {

// [run-local]
int RunWordCount(int argument_count, const char* const* arguments) {
  weir::StreamExecutionEnvironment env(argument_count, arguments);
  env.SetParallelism(2);
  WordCount(env);
  const auto result = env.ExecuteLocal("word-count");
  return result.ok() && result->failure.ok() ? 0 : 1;
}
// [/run-local]

template <class T>
std::vector<T> Sorted(weir::Result<std::vector<T>> records) {
  EXPECT_TRUE(records.ok()) << records.status().ToString();
  if (!records.ok()) return {};
  std::sort(records->begin(), records->end());
  return *std::move(records);
}

class GuideTest : public testing::Test {
 protected:
  const char* const program_ = "guide";
  weir::StreamExecutionEnvironment env{1, &program_};
};

using Lines = std::vector<std::string>;
using weir::testing::StreamHarness;

TEST(GuideFirstJobTest, CountsTheWordsOfItsArgument) {
  testing::internal::CaptureStdout();
  const char* const arguments[] = {"word_count", "so so"};
  EXPECT_EQ(RunWordCount(2, arguments), 0);
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_NE(printed.find("> so 1\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("> so 2\n"), std::string::npos) << printed;
}

TEST_F(GuideTest, OneRecordAtATime) {
  const auto orders = env.FromData<Order>({{"ann", 1'250, 0}, {"bob", 80, 0}, {"ann", 9'900, 0}});
  // [one-record]
  const auto receipts =
      orders
          .Update([](Order& order) { order.cents += 100; })                 // in place
          .Filter([](const Order& order) { return order.cents >= 1'000; })  // keep or drop
          .Map([](const Order& order) {                                     // a new record
            return order.customer + " pays " + std::to_string(order.cents);
          });
  // [/one-record]
  EXPECT_EQ(Sorted(receipts.ExecuteAndCollect()), (Lines{"ann pays 10000", "ann pays 1350"}));
}

}  // namespace

// [own-type]
// A type that says itself how it is written.
class Money {
 public:
  explicit Money(std::int64_t cents = 0) : cents_(cents) {}
  std::int64_t cents() const { return cents_; }

 private:
  std::int64_t cents_;
};

template <>
struct weir::Serializer<Money> {
  static void Write(weir::ByteWriter& out, const Money& money) { out.WriteFixed(money.cents()); }
  static bool Read(weir::ByteReader& in, Money& money) {  // false: these bytes are no Money
    std::int64_t cents = 0;
    if (!in.ReadFixed(cents)) return false;
    money = Money(cents);
    return true;
  }
  static std::string Schema() { return "money/1"; }  // state written under another name is refused
};
// [/own-type]

namespace {

TEST_F(GuideTest, TypesOfItsOwnAndALimitedRate) {
  const auto orders = env.FromData<Order>({{"ann", 5, 0}, {"bob", 7, 0}});
  // [rate-limit]
  const auto slowly = orders.RateLimit(/*records_per_second=*/10'000).Uid("limit");
  // [/rate-limit]
  const auto prices = slowly.Map([](const Order& order) { return Money(order.cents); })
                          .Rebalance()  // as bytes, between TaskManagers
                          .Map([](const Money& price) { return price.cents(); })
                          .SetParallelism(2);
  EXPECT_EQ(Sorted(prices.ExecuteAndCollect()), (std::vector<std::int64_t>{5, 7}));
  std::vector<std::byte> bytes;
  weir::SerializeTo(Money(42), bytes);
  EXPECT_EQ(weir::Deserialize<Money>(bytes).value().cents(), 42);
}

TEST_F(GuideTest, SideOutputs) {
  const auto lines = env.FromData<std::string>({"12", "twelve", "7"});
  // [side-output]
  const weir::OutputTag<std::string> rejected{"rejected"};
  const auto numbers =
      lines.Process([rejected](const std::string& line, weir::ProcessContext& context,
                               weir::Collector<std::int64_t>& out) {
        if (line.find_first_not_of("0123456789") == std::string::npos) {
          out.Collect(std::stoll(line));
        } else {
          context.Output(rejected, line);
        }
      });
  const auto complaints = numbers.GetSideOutput(rejected);
  // [/side-output]
  EXPECT_EQ(Sorted(complaints.ExecuteAndCollect()), Lines{"twelve"});
  EXPECT_EQ(Sorted(numbers.ExecuteAndCollect()), (std::vector<std::int64_t>{7, 12}));
}

// [co-flat-map]
// Lets through what is worth the minimum or more, which the other stream sets.
struct AtLeast {
  void FlatMap1(const Order& order, weir::Collector<Order>& out) const {
    if (order.cents >= minimum_cents) out.Collect(order);
  }
  void FlatMap2(const std::int64_t& cents, weir::Collector<Order>&) { minimum_cents = cents; }
  std::int64_t minimum_cents = 0;
};
// [/co-flat-map]

TEST_F(GuideTest, OneStreamChangesWhatHappensToTheOther) {
  StreamHarness harness;
  auto order_input = harness.AddInput<Order>();
  auto minimum_input = harness.AddInput<std::int64_t>();
  const auto orders = order_input.stream();
  const auto minima = minimum_input.stream();
  // [co-flat-map-use]
  const auto large = orders.Connect(minima.Broadcast()).FlatMap(AtLeast());
  // [/co-flat-map-use]
  auto out = harness.AddOutput(large);
  order_input.PushRecord({"ann", 5, 0});
  minimum_input.PushRecord(7);
  order_input.PushRecord({"bob", 6, 0});
  order_input.PushRecord({"cleo", 7, 0});
  ASSERT_EQ(out.records().size(), 2u);
  EXPECT_EQ(out.records()[1].record.customer, "cleo");
}

TEST_F(GuideTest, SeveralStreams) {
  const auto web = env.FromData<Order>({{"ann", 5, 0}});
  const auto shop = env.FromData<Order>({{"bob", 7, 0}});
  const auto discounts = env.FromData<std::string>({"ten percent"});
  // [several-streams]
  const auto all = web.Union(shop);
  const auto log = all.Connect(discounts).Map(
      [](const Order& order) { return "order of " + order.customer; },
      [](const std::string& discount) { return "discount: " + discount; });
  // [/several-streams]
  EXPECT_EQ(Sorted(log.ExecuteAndCollect()),
            (Lines{"discount: ten percent", "order of ann", "order of bob"}));
}

TEST_F(GuideTest, Distribution) {
  const auto orders = env.FromData<Order>({{"ann", 5, 0}, {"bob", 7, 0}, {"cleo", 9, 0}});
  const auto slow = [](const Order& order) { return order.cents; };
  // [distribution]
  const auto anywhere = orders.Rebalance().Map(slow).SetParallelism(3);
  const auto chosen = orders
                          .PartitionCustom([](const Order& order, std::uint32_t partitions) {
                            return order.cents % partitions;
                          })
                          .Map(slow)
                          .SetParallelism(2);
  // [/distribution]
  EXPECT_EQ(Sorted(anywhere.Union(chosen).ExecuteAndCollect()),
            (std::vector<std::int64_t>{5, 5, 7, 7, 9, 9}));
}

// [rich-function]
struct ParseNumber {
  weir::Status Open(weir::RuntimeContext& context) {
    empty_ = &context.metrics().counter("emptyLines");
    return weir::Status::Ok();
  }
  void operator()(const std::string& line, weir::Collector<std::int64_t>& out) {
    if (line.empty()) {
      empty_->Increment();
    } else {
      out.Collect(std::stoll(line));
    }
  }
  weir::Counter* empty_ = nullptr;
};
// [/rich-function]

TEST_F(GuideTest, RichFunctionsAndOptions) {
  const auto lines = env.FromData<std::string>({"12", "", "7"});
  // [options]
  const auto numbers = lines.FlatMap(ParseNumber())
                           .Name("parse")
                           .Uid("parse")  // by which its state is found again
                           .SetParallelism(2)
                           .SetMaxParallelism(64)
                           .DisableChaining();
  // [/options]
  EXPECT_EQ(Sorted(numbers.ExecuteAndCollect()), (std::vector<std::int64_t>{7, 12}));
}

TEST_F(GuideTest, Errors) {
  const auto lines = env.FromData<std::string>({"12", "twelve", "7"});
  // [errors]
  const auto numbers = lines.Map([](const std::string& line) { return std::stoll(line); })
                           .OnError(weir::ErrorPolicy::kDeadLetter)
                           .Name("parse");
  const auto letters = numbers.DeadLetters().Map(
      [](const weir::DeadLetter& letter) { return letter.operator_name + ": " + letter.error; });
  // [/errors]
  const Lines got = Sorted(letters.ExecuteAndCollect());
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got.front().find("parse: "), 0u) << got.front();
}

}  // namespace
