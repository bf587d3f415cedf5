// ExecuteLocal() as a user's program calls it: this binary links the SDK alone and opens
// libweir-local.so.
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/minicluster/counting_job.h"

namespace weir::minicluster {
namespace {

TEST(ExecuteLocal, OpensTheLocalLibraryAndRunsTheJob) {
  const char* const argument = "test";
  StreamExecutionEnvironment env(1, &argument);
  env.SetParallelism(2);
  auto tally = std::make_shared<Tally>();
  env.FromSequence(1, 1'000)
      .KeyBy([](std::int64_t value) { return value % 10; })
      .Filter([](std::int64_t value) { return value % 2 == 0; })
      .Map(Count(tally))
      .SinkTo(DiscardSink());
  const auto result = env.ExecuteLocal("evens");
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result->final_state, "FINISHED") << result->failure.ToString();
  EXPECT_EQ(tally->records, 500u);
}

TEST(ExecuteAndCollect, ReturnsWhatTheStreamComesToAndLeavesTheProgramAsItWas) {
  const char* const argument = "test";
  StreamExecutionEnvironment env(1, &argument);
  env.SetParallelism(2);
  const auto squares = env.FromData<std::int64_t>({3, 1, 2}).Map(
      [](std::int64_t value) { return std::to_string(value * value); });
  for (int i = 0; i < 2; ++i) {
    auto records = squares.ExecuteAndCollect("squares");
    ASSERT_TRUE(records.ok()) << records.status().ToString();
    std::sort(records->begin(), records->end());
    EXPECT_EQ(*records, (std::vector<std::string>{"1", "4", "9"}));
  }
  EXPECT_EQ((*env.Compile())->graph().vertices.size(), 2u) << "no sink is left behind";
}

TEST(ExecuteAndCollect, TellsWhyAJobFailed) {
  const char* const argument = "test";
  StreamExecutionEnvironment env(1, &argument);
  const auto records = env.FromSequence(1, 3)
                           .Map([](std::int64_t value) -> std::int64_t {
                             throw std::runtime_error("cannot take " + std::to_string(value));
                           })
                           .ExecuteAndCollect();
  ASSERT_FALSE(records.ok());
  EXPECT_NE(records.status().message().find("cannot take 1"), std::string::npos)
      << records.status().ToString();
}

// Never ends.
struct EndlessSource : SequenceSource {
  EndlessSource() : SequenceSource(1, 10) {}
  bool bounded() const { return false; }
};

TEST(ExecuteAndCollect, RefusesWhatWouldNeverReturn) {
  const char* const argument = "test";
  StreamExecutionEnvironment env(1, &argument);
  const auto endless = env.FromSource(EndlessSource(), "ticks").ExecuteAndCollect();
  EXPECT_NE(endless.status().message().find("source 'ticks' has no end"), std::string::npos);
  internal::JobInputs inputs;
  StreamExecutionEnvironment of_cluster(inputs);
  const auto refused = of_cluster.FromSequence(1, 2).ExecuteAndCollect();
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace weir::minicluster
