// OnError() of operators on two streams: what either input's records are rejected for stays with
// them.
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"

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

}  // namespace
}  // namespace weir
