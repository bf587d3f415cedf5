// ExecuteLocal() as a user's program calls it: this binary links the SDK alone and opens
// libweir-local.so.
#include <memory>

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

}  // namespace
}  // namespace weir::minicluster
