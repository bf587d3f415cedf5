#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/testing.h>

namespace weir::testing {
namespace {

constexpr std::int64_t kFinal = std::numeric_limits<std::int64_t>::max();

struct Payment {
  std::string account;
  std::int64_t cents = 0;
  bool operator==(const Payment&) const = default;
};
WEIR_FIELDS(Payment, account, cents)

// Sums by account; refuses what is negative.
struct Balance {
  ValueState<std::int64_t> sum{"sum"};
  OutputTag<std::string> refused{"refused"};
  auto States() { return std::tie(sum); }
  Status Open(RuntimeContext& context) {
    context.logger().Info("open");
    payments = &context.metrics().counter("payments");
    return Status::Ok();
  }
  void ProcessElement(const Payment& payment, KeyedProcessContext<std::string>& context,
                      Collector<Payment>& out) {
    payments->Increment();
    if (payment.cents == 0) throw std::out_of_range("nothing to pay");
    if (payment.cents < 0) return context.Output(refused, payment.account);
    out.Collect({context.key(), sum.Mutable(context) += payment.cents});
  }
  Counter* payments = nullptr;
};

TEST(StreamHarnessTest, AKeyedFunctionWithStateAndSideOutput) {
  StreamHarness harness;
  auto payments = harness.AddInput<Payment>();
  const auto balances = payments.stream()
                            .KeyBy([](const Payment& payment) { return payment.account; })
                            .Process(Balance())
                            .Uid("balance");
  auto out = harness.AddOutput(balances);
  auto refused = harness.AddOutput(balances.GetSideOutput(OutputTag<std::string>("refused")));

  payments.PushRecord({"a", 100}, 1);
  payments.PushRecord({"b", 5}, 2);
  payments.PushRecord({"a", -1}, 3);
  payments.PushRecords({{{"a", 20}, 4}, {{"b", 5}, 5}});
  const std::vector<TimestampedRecord<Payment>> expected = {
      {{"a", 100}, 1}, {{"b", 5}, 2}, {{"a", 120}, 4}, {{"b", 10}, 5}};
  EXPECT_EQ(out.records(), expected);
  EXPECT_EQ(out.TakeRecords().size(), 4u);
  EXPECT_TRUE(out.records().empty());
  EXPECT_EQ(refused.records(), (std::vector<TimestampedRecord<std::string>>{{"a", 3}}));
  EXPECT_EQ(harness.counter("payments"), 5u);
  EXPECT_EQ(harness.logged(), std::vector<std::string>{"open"});

  payments.PushWatermark(10);
  EXPECT_EQ(out.watermarks(), std::vector<std::int64_t>{10});
  EXPECT_EQ(refused.watermarks(), std::vector<std::int64_t>{10});
  harness.Finish();
  EXPECT_EQ(out.watermarks(), (std::vector<std::int64_t>{10, kFinal}));
}

TEST(StreamHarnessTest, TheSlowerOfTwoInputsHoldsBackTheWatermark) {
  StreamHarness harness;
  auto words = harness.AddInput<std::string>();
  auto numbers = harness.AddInput<std::int64_t>();
  auto out = harness.AddOutput(
      words.stream()
          .Connect(numbers.stream())
          .Map([](const std::string& word) { return word + "!"; },
               [](const std::int64_t& number) { return std::to_string(number); }));
  words.PushRecord("one", 7);
  numbers.PushRecord(2);
  EXPECT_EQ(out.values(), (std::vector<std::string>{"one!", "2"}));
  EXPECT_EQ(out.records()[1].timestamp_ms, internal::kNoTimestamp);
  words.PushWatermark(50);
  EXPECT_TRUE(out.watermarks().empty());
  numbers.PushWatermark(20);
  EXPECT_EQ(out.watermarks(), std::vector<std::int64_t>{20});
  numbers.PushIdle();
  EXPECT_EQ(out.watermarks(), (std::vector<std::int64_t>{20, 50}));
  EXPECT_FALSE(out.idle());
  words.PushIdle();
  EXPECT_TRUE(out.idle());
  words.PushActive();
  EXPECT_FALSE(out.idle());
  words.End();
  numbers.End();
  EXPECT_EQ(out.watermarks().back(), kFinal);
}

TEST(StreamHarnessTest, OperatorsThatAreNotChainedAndAUnion) {
  StreamHarness harness;
  auto left = harness.AddInput<std::int64_t>();
  auto right = harness.AddInput<std::int64_t>();
  const auto twice = [](std::int64_t value) { return 2 * value; };
  auto out = harness.AddOutput(
      left.stream().Map(twice).DisableChaining().Union(right.stream()).Rebalance().Map(twice));
  left.PushRecord(1);
  right.PushRecord(1);
  EXPECT_EQ(out.values(), (std::vector<std::int64_t>{4, 2}));
  left.PushWatermark(5);
  EXPECT_TRUE(out.watermarks().empty());
  right.PushWatermark(4);
  EXPECT_EQ(out.watermarks(), std::vector<std::int64_t>{4});
}

TEST(StreamHarnessTest, TheClockStopsAtEveryTimerOnTheWay) {
  // Says at which times it was asked.
  struct Asked {
    void OnEvent(std::int64_t, std::int64_t, WatermarkOutput&) {}
    void OnPeriodicEmit(WatermarkOutput& output) {
      output.EmitWatermark(output.processing_time_ms());
    }
  };
  StreamHarness harness;
  auto numbers = harness.AddInput<std::int64_t>();
  auto out = harness.AddOutput(numbers.stream().AssignTimestampsAndWatermarks(
      WatermarkStrategy<std::int64_t>::ForGenerator(Asked())));
  numbers.PushRecord(1, 1);
  harness.AdvanceProcessingTime(650);
  EXPECT_EQ(out.watermarks(), (std::vector<std::int64_t>{200, 400, 600}));
  EXPECT_EQ(harness.processing_time_ms(), 650);
  EXPECT_THROW(harness.AdvanceProcessingTime(649), HarnessError);
}

// Answers on a thread of its own.
struct AskElsewhere {
  std::shared_ptr<std::vector<std::jthread>> threads =
      std::make_shared<std::vector<std::jthread>>();
  void AsyncInvoke(const std::int64_t& question, ResultFuture<std::int64_t> result) {
    threads->emplace_back([question, result] { result.Complete(question + 1); });
  }
};

TEST(StreamHarnessTest, WaitsForOtherThreads) {
  StreamHarness harness;
  auto questions = harness.AddInput<std::int64_t>();
  auto answers = harness.AddOutput(
      AsyncDataStream::OrderedWait(questions.stream(), AskElsewhere(), 0).Uid("ask"));
  questions.PushRecord(1, 5);
  questions.PushRecord(2, 6);
  harness.RunUntil([&] { return answers.records().size() == 2; });
  EXPECT_EQ(answers.records(), (std::vector<TimestampedRecord<std::int64_t>>{{2, 5}, {3, 6}}));
  EXPECT_THROW(harness.RunUntil([] { return false; }, 1), HarnessError);
  harness.Finish();
}

TEST(StreamHarnessTest, WhatGoesWrongIsThrown) {
  const auto by_account = [](const Payment& payment) { return payment.account; };
  StreamHarness throwing;
  auto payments = throwing.AddInput<Payment>();
  throwing.AddOutput(payments.stream().KeyBy(by_account).Process(Balance()).Uid("balance"));
  EXPECT_THROW(payments.PushRecord({"a", 0}), std::out_of_range);
  EXPECT_THROW(throwing.AddInput<Payment>(), HarnessError) << "open already";

  StreamHarness without_uid;
  auto input = without_uid.AddInput<Payment>();
  without_uid.AddOutput(input.stream().KeyBy(by_account).Process(Balance()));
  try {
    without_uid.Open();
    FAIL() << "the operator has no uid";
  } catch (const HarnessError& error) {
    EXPECT_EQ(error.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(error.status().message().find("no uid"), std::string::npos) << error.what();
  }

  StreamHarness parallel;
  auto numbers = parallel.AddInput<std::int64_t>();
  parallel.AddOutput(
      numbers.stream().Map([](std::int64_t value) { return value; }).SetParallelism(2));
  EXPECT_THROW(parallel.Open(), HarnessError);

  StreamHarness finished;
  auto last = finished.AddInput<std::int64_t>();
  finished.AddOutput(last.stream());
  finished.Finish();
  EXPECT_THROW(last.PushRecord(1), HarnessError);
}

// --- what operators keep ---

std::vector<TimestampedRecord<Payment>> PushAfterRestore(const StateSnapshot& snapshot) {
  StreamHarness harness;
  auto payments = harness.AddInput<Payment>();
  auto out = harness.AddOutput(payments.stream()
                                   .KeyBy([](const Payment& payment) { return payment.account; })
                                   .Process(Balance())
                                   .Uid("balance"));
  harness.Restore({snapshot});
  payments.PushRecord({"a", 1}, 7);
  return out.records();
}

TEST(StreamHarnessTest, AnotherHarnessGoesOnFromASnapshot) {
  StreamHarness harness;
  auto payments = harness.AddInput<Payment>();
  auto out = harness.AddOutput(payments.stream()
                                   .KeyBy([](const Payment& payment) { return payment.account; })
                                   .Process(Balance())
                                   .Uid("balance"));
  EXPECT_EQ(harness.TakeSnapshot().bytes(), 0u);
  payments.PushRecord({"a", 100}, 1);
  const StateSnapshot snapshot = harness.TakeSnapshot();
  EXPECT_GT(snapshot.bytes(), 0u);
  payments.PushRecord({"a", 10}, 2);
  EXPECT_EQ(out.values().back().cents, 110) << "it goes on, too";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(PushAfterRestore(snapshot),
              (std::vector<TimestampedRecord<Payment>>{{{"a", 101}, 7}}));
  }
}

// Keeps the sum as another type, or under another name.
template <class Sum>
struct OtherBalance {
  explicit OtherBalance(std::string name) : sum(std::move(name)) {}
  ValueState<Sum> sum;
  auto States() { return std::tie(sum); }
  void ProcessElement(const Payment&, KeyedProcessContext<std::string>&, Collector<Payment>&) {}
};

template <class F>
Status RestoreInto(const StateSnapshot& snapshot, const F& function, const std::string& uid) {
  StreamHarness harness;
  auto payments = harness.AddInput<Payment>();
  harness.AddOutput(payments.stream()
                        .KeyBy([](const Payment& payment) { return payment.account; })
                        .Process(function)
                        .Uid(uid));
  harness.Restore({snapshot});
  try {
    harness.Open();
  } catch (const HarnessError& error) {
    return error.status();
  }
  return Status::Ok();
}

TEST(StreamHarnessTest, ASnapshotOfOtherStateIsRefused) {
  StreamHarness harness;
  auto payments = harness.AddInput<Payment>();
  harness.AddOutput(payments.stream()
                        .KeyBy([](const Payment& payment) { return payment.account; })
                        .Process(Balance())
                        .Uid("balance"));
  payments.PushRecord({"a", 100}, 1);
  const StateSnapshot snapshot = harness.TakeSnapshot();
  using Same = OtherBalance<std::int64_t>;
  EXPECT_TRUE(RestoreInto(snapshot, Same("sum"), "balance").ok());
  const Status other_type = RestoreInto(snapshot, OtherBalance<double>("sum"), "balance");
  EXPECT_EQ(other_type.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(other_type.message().find("was written as key=string value=i64, the program declares "
                                      "it as key=string value=f64"),
            std::string::npos)
      << other_type.message();
  const Status other_name = RestoreInto(snapshot, Same("total"), "balance");
  EXPECT_NE(other_name.message().find("'sum', the program does not declare it"), std::string::npos)
      << other_name.message();
  const Status other_uid = RestoreInto(snapshot, Same("sum"), "account");
  EXPECT_NE(other_uid.message().find("has its uid changed?"), std::string::npos)
      << other_uid.message();
}

// Numbers what it sees, over all subtasks; notes what it is told of checkpoints.
struct Numbering {
  std::shared_ptr<std::vector<std::string>> calls;
  OperatorListState<std::int64_t> seen{"seen"};
  auto OperatorStates() { return std::tie(seen); }
  void NotifyCheckpointComplete(std::uint64_t id) {
    calls->push_back("complete " + std::to_string(id));
  }
  void NotifyCheckpointAborted(std::uint64_t id) {
    calls->push_back("aborted " + std::to_string(id));
  }
  std::int64_t operator()(const std::int64_t& number) {
    seen.Add(number);
    return static_cast<std::int64_t>(seen.Get().size());
  }
};

TEST(StreamHarnessTest, OperatorStateIsDealtOutToTheSubtasks) {
  const auto calls = std::make_shared<std::vector<std::string>>();
  StreamHarness first;
  auto numbers = first.AddInput<std::int64_t>();
  first.AddOutput(numbers.stream().Map(Numbering{calls}).Uid("numbering"));
  for (std::int64_t i = 0; i < 5; ++i) numbers.PushRecord(i);
  const StateSnapshot snapshot = first.TakeSnapshot(3);
  first.NotifyCheckpointComplete(3);
  first.NotifyCheckpointAborted(4);
  EXPECT_EQ(*calls, (std::vector<std::string>{"complete 3", "aborted 4"}));

  std::vector<std::int64_t> next;
  for (std::uint32_t subtask = 0; subtask < 2; ++subtask) {
    StreamHarness harness;
    auto input = harness.AddInput<std::int64_t>();
    auto out = harness.AddOutput(input.stream().Map(Numbering{calls}).Uid("numbering"));
    harness.RunAsSubtask(subtask, 2);
    harness.Restore({snapshot});
    input.PushRecord(9);
    next.push_back(out.values().back());
  }
  EXPECT_EQ(next, (std::vector<std::int64_t>{4, 3})) << "three items and two";
}

}  // namespace
}  // namespace weir::testing
