// OnError() of operators that keep something for a key: what is left is as if a rejected record had
// not come.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"
#include "tests/unit/sdk/state_copy.h"

namespace weir {
namespace {

using testing::Collected;
using testing::CollectingSink;
using testing::JobRunner;
using Number = std::int64_t;

template <class T>
std::shared_ptr<Collected<T>> Into(const DataStream<T>& stream) {
  auto collected = std::make_shared<Collected<T>>();
  stream.SinkTo(CollectingSink<T>(collected));
  return collected;
}
Status RunJob(const StreamExecutionEnvironment& env) {
  auto job = env.Compile();
  if (!job.ok()) return job.status();
  return JobRunner(**job, 1).Run();
}

void ThrowAtSevens(Number number) {
  if (number % 7 == 0) throw std::runtime_error("seven in " + std::to_string(number));
}
// A reduced value is the sum, and a multiple of ten thousand of it: no seven by chance.
constexpr auto kReduce = [](Number& sum, const Number& number) {
  sum += number * 10'000;  // before it throws
  ThrowAtSevens(number);
};
struct Totals {
  Number count = 0;
  Number sum = 0;
};
WEIR_FIELDS(Totals, count, sum)
struct Totalling {
  Totals CreateAccumulator() { return {}; }
  void Add(const Number& number, Totals& totals) {
    ++totals.count;
    ThrowAtSevens(number);
    totals.sum += number;
  }
  std::string GetResult(const Totals& totals) {
    return std::to_string(totals.count) + " " + std::to_string(totals.sum);
  }
  void Merge(Totals& into, const Totals& from) {
    into.count += from.count;
    into.sum += from.sum;
  }
};
constexpr auto kKey = [](const Number& number) { return number % 3; };
constexpr auto kText = [](const Number& number) { return std::to_string(number); };

using Stream = SingleOutputStreamOperator<std::string>;
struct Case {
  const char* name;
  // With kFail for a run without such records.
  Stream (*add)(const DataStream<Number>& numbers, ErrorPolicy policy,
                std::vector<DataStream<DeadLetter>>& letters);
};
void PrintTo(const Case& tested, std::ostream* out) {
  *out << tested.name;
}

// Applies the policy; keeps the letters.
template <class T>
SingleOutputStreamOperator<T> With(ErrorPolicy policy, SingleOutputStreamOperator<T> stream,
                                   std::vector<DataStream<DeadLetter>>& letters) {
  stream.Uid("tested").Name("tested").OnError(policy);
  if (policy == ErrorPolicy::kDeadLetter) letters.push_back(stream.DeadLetters());
  return stream;
}

const Case kCases[] = {
    {"Reduce",
     [](const DataStream<Number>& numbers, ErrorPolicy policy, auto& letters) {
       // The first record of a key is not reduced: it comes before the sevens.
       return With(policy, numbers.KeyBy(kKey).Reduce(kReduce), letters).Map(kText);
     }},
    {"Aggregate",
     [](const DataStream<Number>& numbers, ErrorPolicy policy, auto& letters) {
       return With(
           policy,
           numbers.KeyBy([](const Number& number) { return number / 4; }).Aggregate(Totalling()),
           letters);
     }},
    {"TumblingWindows",
     [](const DataStream<Number>& numbers, ErrorPolicy policy, auto& letters) {
       // Some windows have nothing but a seven.
       return With(
           policy,
           numbers.KeyBy(kKey).Window(TumblingEventTimeWindows::Of(4)).Aggregate(Totalling()),
           letters);
     }},
    {"SlidingWindows",
     [](const DataStream<Number>& numbers, ErrorPolicy policy, auto& letters) {
       return With(
           policy,
           numbers.KeyBy(kKey).Window(SlidingEventTimeWindows::Of(12, 2)).Aggregate(Totalling()),
           letters);
     }},
    {"WindowsWithATrigger",
     [](const DataStream<Number>& numbers, ErrorPolicy policy, auto& letters) {
       return With(policy,
                   numbers.KeyBy(kKey)
                       .Window(GlobalWindows::Create())
                       .Trigger(PurgingTrigger(CountTrigger::Of(3)))
                       .Aggregate(Totalling()),
                   letters);
     }},
    // A seven stands between two sessions of its key, and would make one of them.
    {"Sessions",
     [](const DataStream<Number>& numbers, ErrorPolicy policy, auto& letters) {
       return With(
           policy,
           numbers.KeyBy(kKey).Window(EventTimeSessionWindows::WithGap(4)).Aggregate(Totalling()),
           letters);
     }},
    {"SessionsWhoseGapThrows",
     [](const DataStream<Number>& numbers, ErrorPolicy policy, auto& letters) {
       return With(
           policy,
           numbers.KeyBy(kKey)
               .Window(EventTimeSessionWindows::WithDynamicGap([](const Number& number) {
                 ThrowAtSevens(number);
                 return number % 11 + 1;
               }))
               .Process([](WindowContext<Number>& context, const WindowElements<Number>& elements,
                           Collector<std::string>& out) {
                 out.Collect(std::to_string(context.window().end_ms) + " " +
                             std::to_string(elements.size()));
               }),
           letters);
     }},
};

class KeyedErrorPolicy : public ::testing::TestWithParam<Case> {
 protected:
  struct Outcome {
    std::vector<std::string> results;
    std::vector<Number> letters;
  };
  static Outcome Run(ErrorPolicy policy, bool with_sevens) {
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    const auto numbers =
        env.FromSequence(1, 3'000)
            .Filter([with_sevens](const Number& number) { return with_sevens || number % 7 != 0; })
            .AssignTimestampsAndWatermarks(
                WatermarkStrategy<Number>::ForMonotonousTimestamps().WithTimestampAssigner(
                    [](const Number& number) { return number; }));
    std::vector<DataStream<DeadLetter>> taken;
    const auto results = Into<std::string>(GetParam().add(numbers, policy, taken));
    std::shared_ptr<Collected<DeadLetter>> letters;
    if (!taken.empty()) letters = Into<DeadLetter>(taken[0]);
    const Status status = RunJob(env);
    EXPECT_TRUE(status.ok()) << status.ToString();
    Outcome outcome{results->records, {}};
    if (!letters) return outcome;
    for (const DeadLetter& letter : letters->records) {
      outcome.letters.push_back(*Deserialize<Number>(std::as_bytes(std::span(letter.record))));
      EXPECT_NE(letter.error.find("seven in " + std::to_string(outcome.letters.back())),
                std::string::npos);
      EXPECT_EQ(letter.operator_name, "tested");
      EXPECT_EQ(letter.timestamp_ms, outcome.letters.back());
    }
    return outcome;
  }
};
INSTANTIATE_TEST_SUITE_P(Operators, KeyedErrorPolicy, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(KeyedErrorPolicy, RejectedRecordsLeaveNoTrace) {
  const std::vector<std::string> expected = Run(ErrorPolicy::kFail, false).results;
  ASSERT_GT(expected.size(), 50u);
  EXPECT_EQ(Run(ErrorPolicy::kDrop, true).results, expected);
  const Outcome outcome = Run(ErrorPolicy::kDeadLetter, true);
  EXPECT_EQ(outcome.results, expected);
  ASSERT_EQ(outcome.letters.size(), 3'000u / 7);
  for (std::size_t i = 0; i < outcome.letters.size(); ++i) {
    EXPECT_EQ(outcome.letters[i], static_cast<Number>(i + 1) * 7);
  }
}

TEST_P(KeyedErrorPolicy, WithoutAPolicyTheTaskFails) {
  EXPECT_THROW(Run(ErrorPolicy::kFail, true), std::runtime_error);
}

// Sessions with a gap of 6 ms; keys are tens.
struct RejectingSessions {
  struct Tens {
    Number operator()(const Number& number) const { return number / 10; }
  };
  using Specification = internal::WindowSpecification<
      Number, EventTimeSessionWindows, EventTimeTrigger, internal::NoEvictor,
      internal::AggregateAggregation<Number, Number, Totalling>, internal::NoWindowFunction>;

  internal::OperatorContext Context() {
    internal::OperatorContext context = harness.context();
    context.errors = &errors;
    return context;
  }
  void Push(Number number, std::int64_t timestamp_ms) {
    internal::Batch<Number> block(1);
    block.Next(timestamp_ms) = number;
    op.Push(block);
  }
  std::vector<std::string> AllResults() {
    op.OnWatermark({internal::kMaximumWatermark});
    while (harness.timers.any_due()) EXPECT_TRUE(op.FireTimers().ok());
    std::sort(out.records.begin(), out.records.end());
    return out.records;
  }

  testing::OperatorHarness harness;
  internal::RecordErrors errors{ErrorPolicy::kDrop, "sessions", harness.chain};
  testing::KeepingInput<std::string> out;
  internal::WindowOperator<Number, std::string, Specification, Tens> op{
      Context(),
      {{EventTimeSessionWindows::WithGap(6), {}, {}, {Totalling()}, {}, 0, {}}, Tens()},
      out};
};

TEST(KeyedErrorPolicy, ARejectedRecordNeitherMergesSessionsNorLeavesState) {
  RejectingSessions sessions;
  ASSERT_TRUE(sessions.op.Open().ok());
  sessions.Push(11, 0);
  sessions.Push(12, 10);
  sessions.Push(14, 5);   // would join both
  sessions.Push(14, 40);  // would begin one
  sessions.Push(70, 5);   // of a key that has nothing else
  sessions.Push(22, 0);
  sessions.Push(23, 10);
  sessions.Push(24, 5);  // joins both
  RejectingSessions restored;
  testing::CopyTables(sessions.op.keyed_state(), restored.op.keyed_state());
  ASSERT_TRUE(restored.op.Open().ok());
  for (RejectingSessions* each : {&sessions, &restored}) {
    EXPECT_EQ(each->AllResults(), (std::vector<std::string>{"1 11", "1 12", "3 69"}));
    for (const auto& [name, table] : each->op.keyed_state().tables()) {
      EXPECT_EQ(table->size(), 0u) << name;
    }
    EXPECT_TRUE(each->harness.failure.status().ok());
  }
}

// What is thrown where a window fires has no record, also where a record makes it fire.
TEST(KeyedErrorPolicy, AWindowThatFiresFailsTheTask) {
  for (const bool count : {true, false}) {
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    const auto windows = env.FromSequence(1, 10).KeyBy(kKey).Window(GlobalWindows::Create());
    const auto fail = [](WindowContext<Number, GlobalWindow>&, const WindowElements<Number>&,
                         Collector<std::string>&) { throw std::logic_error("in the window"); };
    if (count) {
      Into<std::string>(windows.Trigger(CountTrigger::Of(2))
                            .Process(fail)
                            .Uid("fails")
                            .OnError(ErrorPolicy::kDrop));
    } else {
      Into<std::string>(windows.Trigger(EndOfStreamTrigger())
                            .Process(fail)
                            .Uid("fails")
                            .OnError(ErrorPolicy::kDrop));
    }
    EXPECT_THROW((void)RunJob(env), std::logic_error) << count;
  }
}

// What is thrown behind the operator, in the middle of its emitting, is not its business.
TEST(KeyedErrorPolicy, ErrorsOfTheNextOperatorAreItsOwn) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  Into<std::string>(env.FromSequence(1, 5'000)
                        .KeyBy(kKey)
                        .Reduce([](Number& sum, const Number& number) { sum += number; })
                        .Uid("sum")
                        .OnError(ErrorPolicy::kDrop)
                        .Map([](const Number& sum) -> std::string {
                          if (sum > 1'000'000) throw std::logic_error("the next one");
                          return std::to_string(sum);
                        }));
  EXPECT_THROW((void)RunJob(env), std::logic_error);
}

// A Status that the windows themselves have for a record.
TEST(KeyedErrorPolicy, ARecordThatWindowsCannotHaveIsRejected) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  std::vector<DataStream<DeadLetter>> taken;
  const auto stream = With(ErrorPolicy::kDeadLetter,
                           env.FromSequence(1, 5)
                               .KeyBy(kKey)
                               .Window(TumblingEventTimeWindows::Of(10))
                               .Aggregate(Totalling()),
                           taken);
  const auto results = Into<std::string>(stream);
  const auto letters = Into<DeadLetter>(taken[0]);
  ASSERT_TRUE(RunJob(env).ok());
  EXPECT_TRUE(results->records.empty());
  ASSERT_EQ(letters->records.size(), 5u);
  EXPECT_NE(letters->records[0].error.find("a record without a timestamp"), std::string::npos);
}

}  // namespace
}  // namespace weir
