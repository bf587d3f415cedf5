// OnError() of operators on two streams: what either input's records are rejected for stays with
// them.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"

namespace weir {
namespace {

using Number = std::int64_t;
using Stream = SingleOutputStreamOperator<Number>;

Number NotSeven(Number number) {
  if (number % 7 == 0) throw std::runtime_error("seven in " + std::to_string(number));
  return number;
}
const MapStateDescriptor<Number, Number> kSeen("seen");

// Passes on what comes on either input.
struct Passing {
  void ProcessElement1(const Number& number, ProcessContext&, Collector<Number>& out) {
    out.Collect(NotSeven(number));
  }
  void ProcessElement2(const Number& number, ProcessContext&, Collector<Number>& out) {
    out.Collect(NotSeven(number));
  }
};
struct Broadcasting {
  void ProcessElement(const Number& number, ReadOnlyBroadcastContext&, Collector<Number>& out) {
    out.Collect(NotSeven(number));
  }
  void ProcessBroadcastElement(const Number& number, BroadcastContext&, Collector<Number>& out) {
    out.Collect(NotSeven(number));
  }
};
struct KeyedBroadcasting {
  void ProcessElement(const Number& number, KeyedReadOnlyBroadcastContext<Number>&,
                      Collector<Number>& out) {
    out.Collect(NotSeven(number));
  }
  void ProcessBroadcastElement(const Number& number, KeyedBroadcastContext<Number>&,
                               Collector<Number>& out) {
    out.Collect(NotSeven(number));
  }
};

struct Case {
  const char* name;
  Stream (*add)(const DataStream<Number>& first, const DataStream<Number>& second);
};
void PrintTo(const Case& tested, std::ostream* out) {
  *out << tested.name;
}
const Case kCases[] = {
    {"CoMap",
     [](const DataStream<Number>& first, const DataStream<Number>& second) -> Stream {
       return first.Connect(second).Map([](const Number& number) { return NotSeven(number); },
                                        [](const Number& number) { return NotSeven(number); });
     }},
    {"CoProcess",
     [](const DataStream<Number>& first, const DataStream<Number>& second) -> Stream {
       return first.Connect(second).Process(Passing());
     }},
    {"Broadcast",
     [](const DataStream<Number>& first, const DataStream<Number>& second) -> Stream {
       return first.Connect(second.Broadcast(kSeen)).Process(Broadcasting());
     }},
    {"KeyedBroadcast",
     [](const DataStream<Number>& first, const DataStream<Number>& second) -> Stream {
       return first.KeyBy([](const Number& number) { return number % 3; })
           .Connect(second.Broadcast(kSeen))
           .Process(KeyedBroadcasting());
     }},
};

class TwoInputErrorPolicy : public ::testing::TestWithParam<Case> {
 protected:
  void Start(ErrorPolicy policy) {
    StreamExecutionEnvironment env(inputs_);
    const auto first = env.FromData(std::vector<Number>());
    const auto second = env.FromData(std::vector<Number>());
    Stream tested = GetParam().add(first, second);
    tested.Uid("tested").Name("tested").OnError(policy);
    tested.SinkTo(testing::CollectingSink<Number>(kept_));
    if (policy == ErrorPolicy::kDeadLetter) {
      tested.DeadLetters().SinkTo(testing::CollectingSink<DeadLetter>(letters_));
    }
    auto job = env.Compile();
    ASSERT_TRUE(job.ok()) << job.status().ToString();
    job_ = *std::move(job);
    chain_ = job_->CreateChain(2, context_);
    ASSERT_TRUE(chain_->Open().ok());
  }
  // A step of the engine with these numbers of an input.
  Status Step(std::uint32_t input, const std::vector<Number>& numbers) {
    WEIR_ASSIGN_OR_RETURN(const bool drained, chain_->Drain());
    EXPECT_TRUE(drained);
    return chain_->OnBatch(input, *testing::MakeBatch(numbers));
  }

  internal::JobInputs inputs_;
  const std::shared_ptr<testing::Collected<Number>> kept_ =
      std::make_shared<testing::Collected<Number>>();
  const std::shared_ptr<testing::Collected<DeadLetter>> letters_ =
      std::make_shared<testing::Collected<DeadLetter>>();
  std::unique_ptr<internal::CompiledJob> job_;
  testing::FakeChainContext context_;
  std::unique_ptr<internal::Chain> chain_;
};
INSTANTIATE_TEST_SUITE_P(Operators, TwoInputErrorPolicy, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(TwoInputErrorPolicy, DropLeavesOutWhatThrowsOnEitherInput) {
  Start(ErrorPolicy::kDrop);
  ASSERT_TRUE(Step(0, {1, 7, 2}).ok());
  ASSERT_TRUE(Step(1, {14, 3, 21, 4}).ok());
  ASSERT_TRUE(Step(0, {5}).ok());
  EXPECT_EQ(kept_->records, (std::vector<Number>{1, 2, 3, 4, 5}));
}

TEST_P(TwoInputErrorPolicy, LettersAreOfTheInputThatTheRecordCameFrom) {
  Start(ErrorPolicy::kDeadLetter);
  ASSERT_TRUE(Step(0, {1, 7}).ok());
  ASSERT_TRUE(Step(1, {14, 2}).ok());
  EXPECT_EQ(kept_->records, (std::vector<Number>{1, 2}));
  ASSERT_EQ(letters_->records.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const DeadLetter& letter = letters_->records[i];
    const Number number = i == 0 ? 7 : 14;
    EXPECT_EQ(*Deserialize<Number>(std::as_bytes(std::span(letter.record))), number);
    EXPECT_NE(letter.error.find("seven in " + std::to_string(number)), std::string::npos);
    EXPECT_EQ(letter.operator_name, "tested");
  }
}

TEST_P(TwoInputErrorPolicy, WithoutAPolicyTheTaskFails) {
  Start(ErrorPolicy::kFail);
  ASSERT_TRUE(Step(0, {1}).ok());
  EXPECT_THROW(static_cast<void>(Step(1, {7})), std::runtime_error);
}

// --- joins: the pair is what is rejected ---

using Pair = std::pair<Number, Number>;

struct PairUp {
  Pair operator()(const Number& left, const Number& right) const {
    if (left == 2 && right == 20) throw std::runtime_error("two and twenty");
    return {left, right};
  }
};
// So many results that they are pushed on in the middle of a call.
struct Flood {
  void operator()(const Number& left, const Number& right, Collector<Pair>& out) const {
    for (int i = 0; i < 5'000; ++i) out.Collect(Pair(left, right));
  }
};

template <class F>
SingleOutputStreamOperator<Pair> IntervalJoinWith(const DataStream<Number>& left,
                                                  const DataStream<Number>& right, F function) {
  const auto same = [](const Number&) { return Number{0}; };
  return left.KeyBy(same)
      .IntervalJoin(right.KeyBy(same))
      .Between(-100, 100)
      .Process([function](const Number& first, const Number& second, ProcessJoinContext&,
                          Collector<Pair>& out) mutable {
        if constexpr (std::is_same_v<F, Flood>) {
          function(first, second, out);
        } else {
          out.Collect(function(first, second));
        }
      });
}
template <class F>
SingleOutputStreamOperator<Pair> WindowJoinWith(const DataStream<Number>& left,
                                                const DataStream<Number>& right, F function) {
  const auto same = [](const Number&) { return Number{0}; };
  return left.Join(right)
      .Where(same)
      .EqualTo(same)
      .Window(TumblingEventTimeWindows::Of(1'000))
      .template Apply<Pair>(function);
}

struct JoinCase {
  const char* name;
  SingleOutputStreamOperator<Pair> (*add)(const DataStream<Number>&, const DataStream<Number>&);
  SingleOutputStreamOperator<Pair> (*flood)(const DataStream<Number>&, const DataStream<Number>&);
  Number letter_timestamp_ms;
};
void PrintTo(const JoinCase& tested, std::ostream* out) {
  *out << tested.name;
}

class JoinErrorPolicy : public ::testing::TestWithParam<JoinCase> {
 protected:
  // Numbers are their own times.
  static DataStream<Number> Timed(StreamExecutionEnvironment& env, std::vector<Number> numbers) {
    return env.FromData(std::move(numbers))
        .AssignTimestampsAndWatermarks(
            WatermarkStrategy<Number>::ForBoundedOutOfOrderness(500).WithTimestampAssigner(
                [](const Number& number, Number) { return number; }));
  }
  Status Run(ErrorPolicy policy) {
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    auto joined = GetParam().add(Timed(env, {1, 2, 3}), Timed(env, {10, 20, 30}));
    joined.Uid("join").Name("join").OnError(policy);
    joined.SinkTo(testing::CollectingSink<Pair>(pairs_));
    if (policy == ErrorPolicy::kDeadLetter) {
      joined.DeadLetters().SinkTo(testing::CollectingSink<DeadLetter>(letters_));
    }
    return RunJob(env);
  }
  static Status RunJob(const StreamExecutionEnvironment& env) {
    auto job = env.Compile();
    if (!job.ok()) return job.status();
    return testing::JobRunner(**job, 1).Run();
  }
  std::vector<Pair> Sorted() const {
    std::vector<Pair> pairs = pairs_->records;
    std::sort(pairs.begin(), pairs.end());
    return pairs;
  }

  const std::shared_ptr<testing::Collected<Pair>> pairs_ =
      std::make_shared<testing::Collected<Pair>>();
  const std::shared_ptr<testing::Collected<DeadLetter>> letters_ =
      std::make_shared<testing::Collected<DeadLetter>>();
};
const std::vector<Pair> kAllButOne = {{1, 10}, {1, 20}, {1, 30}, {2, 10},
                                      {2, 30}, {3, 10}, {3, 20}, {3, 30}};
const JoinCase kJoins[] = {
    {"IntervalJoin",
     [](const DataStream<Number>& left, const DataStream<Number>& right) {
       return IntervalJoinWith(left, right, PairUp());
     },
     [](const DataStream<Number>& left, const DataStream<Number>& right) {
       return IntervalJoinWith(left, right, Flood());
     },
     20},
    {"WindowJoin",
     [](const DataStream<Number>& left, const DataStream<Number>& right) {
       return WindowJoinWith(left, right, PairUp());
     },
     [](const DataStream<Number>& left, const DataStream<Number>& right) {
       return WindowJoinWith(left, right, Flood());
     },
     999},
};
INSTANTIATE_TEST_SUITE_P(Joins, JoinErrorPolicy, ::testing::ValuesIn(kJoins),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(JoinErrorPolicy, DropLeavesOutThePairAndNoOther) {
  const Status run = Run(ErrorPolicy::kDrop);
  ASSERT_TRUE(run.ok()) << run.ToString();
  EXPECT_EQ(Sorted(), kAllButOne);
}

TEST_P(JoinErrorPolicy, TheLetterHasBothRecords) {
  const Status run = Run(ErrorPolicy::kDeadLetter);
  ASSERT_TRUE(run.ok()) << run.ToString();
  EXPECT_EQ(Sorted(), kAllButOne);
  ASSERT_EQ(letters_->records.size(), 1u);
  const DeadLetter& letter = letters_->records[0];
  EXPECT_EQ(*Deserialize<Pair>(std::as_bytes(std::span(letter.record))), Pair(2, 20));
  EXPECT_NE(letter.error.find("two and twenty"), std::string::npos) << letter.error;
  EXPECT_EQ(letter.operator_name, "join");
  EXPECT_EQ(letter.timestamp_ms, GetParam().letter_timestamp_ms);
}

TEST_P(JoinErrorPolicy, WithoutAPolicyTheTaskFails) {
  const auto run = [this] { return Run(ErrorPolicy::kFail); };
  EXPECT_THROW(static_cast<void>(run()), std::runtime_error);
}

TEST_P(JoinErrorPolicy, WhatAnOperatorBehindThrowsIsNotThePairs) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  auto joined = GetParam().flood(Timed(env, {1}), Timed(env, {10}));
  joined.Uid("join").OnError(ErrorPolicy::kDrop);
  joined
      .Map([](const Pair& pair) -> Pair {
        throw std::runtime_error("behind " + std::to_string(pair.first));
      })
      .SinkTo(testing::CollectingSink<Pair>(pairs_));
  EXPECT_THROW(static_cast<void>(RunJob(env)), std::runtime_error);
}

TEST(CoGroupErrorPolicy, AGroupIsNoRecordToReject) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  const auto same = [](const Number&) { return Number{0}; };
  const auto timed = [&env] {
    return env.FromData(std::vector<Number>{1})
        .AssignTimestampsAndWatermarks(
            WatermarkStrategy<Number>::ForMonotonousTimestamps().WithTimestampAssigner(
                [](const Number& number, Number) { return number; }));
  };
  timed()
      .CoGroup(timed())
      .Where(same)
      .EqualTo(same)
      .Window(TumblingEventTimeWindows::Of(1'000))
      .Apply([](const WindowElements<Number>&, const WindowElements<Number>&, Collector<Number>&) {
        throw std::runtime_error("a group");
      })
      .Uid("groups")
      .OnError(ErrorPolicy::kDrop)
      .SinkTo(testing::CollectingSink<Number>(std::make_shared<testing::Collected<Number>>()));
  auto job = env.Compile();
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  EXPECT_THROW(static_cast<void>(testing::JobRunner(**job, 1).Run()), std::runtime_error);
}

}  // namespace
}  // namespace weir
