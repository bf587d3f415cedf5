// OnError(): what becomes of records that functions and readers reject, and which uses are refused.
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"

namespace weir {
namespace {

using testing::Collected;
using testing::CollectingSink;
using testing::JobRunner;

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

void ThrowAtSevens(std::int64_t number) {
  if (number % 7 == 0) throw std::runtime_error("seven in " + std::to_string(number));
}

std::vector<std::int64_t> Without7(std::int64_t last) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 1; i <= last; ++i) {
    if (i % 7 != 0) numbers.push_back(i);
  }
  return numbers;
}

std::int64_t RecordOf(const DeadLetter& letter) {
  return *Deserialize<std::int64_t>(std::as_bytes(std::span(letter.record)));
}

struct Case {
  const char* name;
  SingleOutputStreamOperator<std::int64_t> (*add)(const DataStream<std::int64_t>&);
};
void PrintTo(const Case& tested, std::ostream* out) {
  *out << tested.name;
}

const Case kCases[] = {
    {"Map",
     [](const DataStream<std::int64_t>& in) {
       return in.Map([](const std::int64_t& number) {
         ThrowAtSevens(number);
         return number;
       });
     }},
    {"MapInto",
     [](const DataStream<std::int64_t>& in) {
       return in.MapInto<std::int64_t>([](const std::int64_t& number, std::int64_t& out) {
         out = -1;
         ThrowAtSevens(number);
         out = number;
       });
     }},
    {"Update",
     [](const DataStream<std::int64_t>& in) {
       return in.Update([](std::int64_t& number) { ThrowAtSevens(number); });
     }},
    {"Filter",
     [](const DataStream<std::int64_t>& in) {
       return in.Filter([](const std::int64_t& number) {
         ThrowAtSevens(number);
         return true;
       });
     }},
    {"FlatMap",
     [](const DataStream<std::int64_t>& in) {
       return in.FlatMap([](const std::int64_t& number, Collector<std::int64_t>& out) {
         ThrowAtSevens(number);
         out.Collect(number);
       });
     }},
    {"Process",
     [](const DataStream<std::int64_t>& in) {
       return in.Process(
           [](const std::int64_t& number, ProcessContext&, Collector<std::int64_t>& out) {
             ThrowAtSevens(number);
             out.Collect(number);
           });
     }},
};

class ErrorPolicyTest : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Operators, ErrorPolicyTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(ErrorPolicyTest, DropLeavesOutWhatThrowsAndNothingElse) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  const auto kept =
      Into<std::int64_t>(GetParam().add(env.FromSequence(1, 10'000)).OnError(ErrorPolicy::kDrop));
  const Status status = RunJob(env);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(kept->records, Without7(10'000));
}

TEST_P(ErrorPolicyTest, DeadLettersCarryTheRecordTheErrorAndItsProvenance) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  const auto tested =
      GetParam().add(env.FromSequence(1, 10'000)).Name("tested").OnError(ErrorPolicy::kDeadLetter);
  const auto kept = Into<std::int64_t>(tested);
  const auto letters = Into<DeadLetter>(tested.DeadLetters());
  const Status status = RunJob(env);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(kept->records, Without7(10'000));
  ASSERT_EQ(letters->records.size(), 10'000u / 7);
  for (std::size_t i = 0; i < letters->records.size(); ++i) {
    const DeadLetter& letter = letters->records[i];
    const auto number = static_cast<std::int64_t>(i + 1) * 7;
    EXPECT_EQ(RecordOf(letter), number);
    EXPECT_NE(letter.error.find("seven in " + std::to_string(number)), std::string::npos);
    EXPECT_EQ(letter.operator_name, "tested");
    EXPECT_EQ(letter.subtask_index, 0u);
  }
}

TEST_P(ErrorPolicyTest, WithoutAPolicyTheTaskFails) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  Into<std::int64_t>(GetParam().add(env.FromSequence(1, 10)));
  EXPECT_THROW((void)RunJob(env), std::runtime_error);
}

// What is thrown behind an operator is not its business, in whichever way it passes records on.
TEST_P(ErrorPolicyTest, ErrorsOfTheNextOperatorAreItsOwn) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  Into<std::int64_t>(GetParam()
                         .add(env.FromSequence(1, 5'000))
                         .OnError(ErrorPolicy::kDrop)
                         .Map([](const std::int64_t& number) {
                           if (number == 4'000) throw std::logic_error("the next one");
                           return number;
                         }));
  EXPECT_THROW((void)RunJob(env), std::logic_error);
}

TEST(ErrorPolicy, TimestampsAndOrderSurviveRejectedRecords) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  struct Timed {
    std::int64_t number = 0;
    std::int64_t timestamp_ms = 0;
  };
  const auto stream =
      env.FromSequence(1, 1'000)
          .AssignTimestampsAndWatermarks(
              WatermarkStrategy<std::int64_t>::ForMonotonousTimestamps().WithTimestampAssigner(
                  [](const std::int64_t& number, std::int64_t) { return number * 10; }))
          .Update([](std::int64_t& number) { ThrowAtSevens(number); })
          .OnError(ErrorPolicy::kDeadLetter);
  const auto letters = Into<DeadLetter>(stream.DeadLetters());
  const auto timed = Into<Timed>(stream.Process(
      [](const std::int64_t& number, ProcessContext& context, Collector<Timed>& out) {
        out.Collect(Timed{number, context.timestamp_ms()});
      }));
  const Status status = RunJob(env);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(timed->records.size(), Without7(1'000).size());
  for (const Timed& record : timed->records) EXPECT_EQ(record.timestamp_ms, record.number * 10);
  for (const DeadLetter& letter : letters->records) {
    EXPECT_EQ(letter.timestamp_ms, RecordOf(letter) * 10);
  }
}

TEST(ErrorPolicy, ARecordErrorKeepsItsStatus) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  const auto stream = env.FromSequence(1, 1)
                          .Filter([](const std::int64_t&) -> bool {
                            throw RecordError(Status::Corruption("half a record"));
                          })
                          .OnError(ErrorPolicy::kDeadLetter);
  const auto letters = Into<DeadLetter>(stream.DeadLetters());
  ASSERT_TRUE(RunJob(env).ok());
  ASSERT_EQ(letters->records.size(), 1u);
  EXPECT_EQ(letters->records[0].error, "CORRUPTION: half a record");
}

TEST(ErrorPolicy, ALetterIsOneLineOfText) {
  const DeadLetter letter{
      .record = "a\n\\b\x01", .error = "bad", .operator_name = "Map", .origin = "t-0 offset 3"};
  EXPECT_EQ(letter.ToString(), "Map (1), t-0 offset 3: bad: a\\x0a\\\\b\\x01");
}

Status CompiledWith(ErrorPolicy policy, bool take_letters) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  const auto stream =
      env.FromSequence(1, 1).Filter([](const std::int64_t&) { return true; }).OnError(policy);
  if (take_letters) Into<DeadLetter>(stream.DeadLetters());
  Into<std::int64_t>(stream);
  return env.Compile().status();
}

TEST(ErrorPolicy, LettersNeedAPolicyAndATaker) {
  EXPECT_TRUE(CompiledWith(ErrorPolicy::kDeadLetter, true).ok());
  EXPECT_TRUE(CompiledWith(ErrorPolicy::kDrop, false).ok());
  EXPECT_NE(CompiledWith(ErrorPolicy::kDeadLetter, false).message().find("nobody takes"),
            std::string::npos);
  EXPECT_NE(CompiledWith(ErrorPolicy::kDrop, true).message().find("operator 'Filter'"),
            std::string::npos);
}

TEST(ErrorPolicy, OperatorsThatHaveNoneRefuseIt) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  Into<std::int64_t>(env.FromSequence(1, 1).OnError(ErrorPolicy::kDrop));
  const Status status = env.Compile().status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("Sequence Source"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace weir
