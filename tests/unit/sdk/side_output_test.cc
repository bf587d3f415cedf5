// Side outputs: chained, across channels, several at once, with watermarks; and their wrong uses.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"

namespace weir {
namespace {

using testing::Collected;
using testing::CollectingSink;
using testing::JobRunner;

const OutputTag<std::string> kOdd{"odd"};
const OutputTag<std::int64_t> kLarge{"large"};

// Even numbers on; odd ones, as words, and large ones to the side.
struct Sorter {
  void operator()(const std::int64_t& number, ProcessContext& context,
                  Collector<std::int64_t>& out) {
    if (number % 2 == 0) {
      out.Collect(number);
    } else {
      context.Output(kOdd, std::to_string(number));
    }
    if (number > 900) context.Output(kLarge, number);
  }
};
struct DeclaringSorter : Sorter {
  std::vector<std::string> SideOutputs() const { return {"odd", "large"}; }
};

template <class T>
std::shared_ptr<Collected<T>> Into(const DataStream<T>& stream) {
  auto collected = std::make_shared<Collected<T>>();
  stream.SinkTo(CollectingSink<T>(collected));
  return collected;
}

Status Compiled(const StreamExecutionEnvironment& env) {
  return env.Compile().status();
}

class SideOutputTest : public ::testing::TestWithParam<bool> {};

TEST_P(SideOutputTest, EveryRecordGoesWhereItWasPut) {
  const bool chained = GetParam();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    env.SetParallelism(1);
    auto sorted = env.FromSequence(1, 1000).Process(DeclaringSorter());
    const auto place = [chained](auto stream) { return chained ? stream : stream.Rebalance(); };
    const auto even = Into<std::int64_t>(place(DataStream<std::int64_t>(sorted)));
    const auto odd = Into<std::string>(place(sorted.GetSideOutput(kOdd)));
    // Two consumers of one side output, one of them behind another side output's operator.
    const auto large = Into<std::int64_t>(place(sorted.GetSideOutput(kLarge)));
    auto again = sorted.GetSideOutput(OutputTag<std::int64_t>("large"))
                     .Process([](const std::int64_t& number, ProcessContext& context,
                                 Collector<std::int64_t>& out) {
                       out.Collect(number);
                       context.Output(kOdd, "again " + std::to_string(number));
                     });
    const auto large_again = Into<std::int64_t>(again);
    const auto words_again = Into<std::string>(place(again.GetSideOutput(kOdd)));
    auto job = env.Compile();
    ASSERT_TRUE(job.ok()) << job.status().ToString();
    const Status run = JobRunner(**job, seed, 64).Run();
    ASSERT_TRUE(run.ok()) << run.ToString();
    EXPECT_EQ(even->records.size(), 500u);
    ASSERT_EQ(odd->records.size(), 500u);
    EXPECT_EQ(odd->records.front(), "1");
    EXPECT_EQ(odd->records.back(), "999");
    EXPECT_EQ(large->records.size(), 100u);
    EXPECT_EQ(large_again->records, large->records);
    ASSERT_EQ(words_again->records.size(), 100u);
    EXPECT_EQ(words_again->records.back(), "again 1000");
  }
}
INSTANTIATE_TEST_SUITE_P(ChainedAndAcrossChannels, SideOutputTest, ::testing::Bool());

// A side output may be all that is used of an operator, and knows how far time is.
TEST(SideOutput, HasTheWatermarksOfItsOperator) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  auto sorted = env.FromSequence(1, 3).Process(Sorter());
  sorted.GetSideOutput(kOdd).Rebalance().SinkTo(
      CollectingSink<std::string>(std::make_shared<Collected<std::string>>()));
  auto job = env.Compile();
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  testing::FakeChainContext context({1});
  auto chain = (*job)->CreateChain(0, context);
  ASSERT_TRUE(chain->Open().ok());
  std::vector<std::byte> splits;
  SerializeTo(std::vector<RangeSplit>{{1, 4}}, splits);
  ASSERT_TRUE(chain
                  ->OnCoordinatorEvent(
                      0, internal::EncodeSourceMessage(internal::SourceMessage::kAddSplits, splits))
                  .ok());
  ASSERT_TRUE(chain
                  ->OnCoordinatorEvent(
                      0, internal::EncodeSourceMessage(internal::SourceMessage::kNoMoreSplits))
                  .ok());
  while (*chain->Poll() != internal::PollStatus::kEndOfInput) {
  }
  while (!*chain->Finish()) {
  }
  EXPECT_EQ(testing::ShapeOf(*context.outputs[0][0]), "BWE");
  EXPECT_EQ(testing::RecordsOf<std::string>(*context.outputs[0][0]),
            (std::vector<std::string>{"1", "3"}));
}

TEST(SideOutput, KeyedFunctionsHaveThemToo) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  auto sums =
      env.FromSequence(1, 1000)
          .KeyBy([](const std::int64_t& number) { return number % 10; })
          .Process([](const std::int64_t& number, KeyedProcessContext<std::int64_t>& context,
                      Collector<std::int64_t>& out) {
            out.Collect(number);
            if (context.key() == 7) context.Output(kOdd, std::to_string(number));
          });
  const auto all = Into<std::int64_t>(sums);
  const auto sevens = Into<std::string>(sums.GetSideOutput(kOdd).Rebalance());
  auto job = env.Compile();
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  const Status run = JobRunner(**job, 1).Run();
  ASSERT_TRUE(run.ok()) << run.ToString();
  EXPECT_EQ(all->records.size(), 1000u);
  EXPECT_EQ(sevens->records.size(), 100u);
}

TEST(SideOutput, WhatNobodyGetsIsDropped) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  const auto even = Into<std::int64_t>(env.FromSequence(1, 10).Process(Sorter()));
  auto job = env.Compile();
  ASSERT_TRUE(job.ok());
  ASSERT_TRUE(JobRunner(**job, 1).Run().ok());
  EXPECT_EQ(even->records.size(), 5u);
}

TEST(SideOutput, WrongUsesFailAtSubmission) {
  struct Case {
    void (*use)(StreamExecutionEnvironment&);
    const char* message;
  };
  for (const Case& each :
       {Case{[](StreamExecutionEnvironment& env) {
               auto numbers = env.FromSequence(1, 2).Process(DeclaringSorter()).Name("sorter");
               numbers.GetSideOutput(OutputTag<int>("late")).Print();
             },
             "GetSideOutput('late') of operator 'sorter': its function declares only the side "
             "outputs 'odd', 'large'"},
        Case{[](StreamExecutionEnvironment& env) {
               env.FromSequence(1, 2)
                   .Map([](const std::int64_t& i) { return i; })
                   .GetSideOutput(kLarge)
                   .Print();
             },
             "of operator 'Map': it has no side outputs; Process functions have them"},
        Case{[](StreamExecutionEnvironment& env) {
               auto numbers = env.FromSequence(1, 2).Process(Sorter());
               numbers.GetSideOutput(kOdd).Print();
               numbers.GetSideOutput(OutputTag<int>("odd")).Print();
             },
             "it is got with another type elsewhere"},
        Case{[](StreamExecutionEnvironment& env) {
               env.FromSequence(1, 2).Process(Sorter()).GetSideOutput(OutputTag<int>("")).Print();
             },
             "the tag's id is empty"}}) {
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    each.use(env);
    const Status status = Compiled(env);
    ASSERT_FALSE(status.ok()) << each.message;
    EXPECT_NE(status.message().find(each.message), std::string::npos) << status.message();
  }
}

TEST(SideOutput, AnotherTypeThanTheOneThatIsGotFailsTheJob) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.FromSequence(1, 2).Process(Sorter()).GetSideOutput(OutputTag<int>("odd")).Print();
  auto job = env.Compile();
  ASSERT_TRUE(job.ok());
  const Status run = JobRunner(**job, 1).Run();
  EXPECT_NE(run.message().find("side output 'odd' is put out with another type"), std::string::npos)
      << run.message();
}

}  // namespace
}  // namespace weir
