#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include <weir/environment.h>

#include "tests/unit/sdk/job_runner.h"

namespace weir {
namespace {

using internal::JobInputs;

TEST(Environment, FilesAreRecordedAndReplayed) {
  const std::string path = ::testing::TempDir() + "/weir_environment_test.txt";
  std::ofstream(path) << "content";
  JobInputs inputs;
  inputs.recording = true;
  StreamExecutionEnvironment env(inputs);
  EXPECT_EQ(*env.ReadFile(path), "content");
  ASSERT_EQ(std::remove(path.c_str()), 0);
  inputs.recording = false;
  EXPECT_EQ(*env.ReadFile(path), "content");
  EXPECT_EQ(env.ReadFile(path + ".other").status().code(), StatusCode::kNotFound);
  inputs.recording = true;
  EXPECT_EQ(env.ReadFile(path + ".other").status().code(), StatusCode::kNotFound);
}

TEST(Environment, ArgumentsAndConfiguration) {
  JobInputs inputs;
  inputs.arguments = {"--topic", "t"};
  inputs.configuration = {{"a", "cluster"}, {"b", "cluster"}};
  StreamExecutionEnvironment env(inputs);
  env.Set("a", "program");
  EXPECT_EQ(env.arguments()[1], "t");
  EXPECT_EQ(env.Configuration("a"), "program");
  EXPECT_EQ(env.Configuration("b"), "cluster");
  EXPECT_EQ(env.Configuration("c", "default"), "default");
}

class ExecuteLocalTest : public ::testing::Test {
 protected:
  ~ExecuteLocalTest() override { ::unsetenv(internal_variable_); }
  Result<JobExecutionResult> Run(const char* library) {
    ::setenv(internal_variable_, library, 1);
    const char* arguments[] = {"program", "first"};
    StreamExecutionEnvironment env(2, arguments);
    EXPECT_EQ(env.arguments(), std::vector<std::string>{"first"});
    env.SetNoRestart();
    env.FromData({1, 2, 3}).Print();
    return env.ExecuteLocal("my job");
  }
  const char* internal_variable_ = "WEIR_LOCAL_LIBRARY";
};

TEST_F(ExecuteLocalTest, HandsTheJobToTheLibrary) {
  const auto result = Run(WEIR_TEST_LOCAL_LIBRARY);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result.value().job_id, "my job");
  EXPECT_EQ(result.value().final_state, "none");
}

TEST_F(ExecuteLocalTest, SaysWhatItMisses) {
  const Status missing = Run("/no/such/library.so").status();
  EXPECT_NE(missing.message().find("/no/such/library.so"), std::string::npos);
  const Status other = Run(WEIR_TEST_PLUGIN).status();
  EXPECT_NE(other.message().find("no local execution library"), std::string::npos);
}

TEST(Environment, APluginsJobIsNotRunLocally) {
  JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.FromData({1}).Print();
  EXPECT_EQ(env.ExecuteLocal("x").status().code(), StatusCode::kFailedPrecondition);
}

std::string Printed(std::uint32_t parallelism, const std::string& identifier) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* file = ::open_memstream(&text, &size);
  JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.FromData<std::string>({"x"})
      .SinkTo(PrintSink<std::string>(identifier, file))
      .SetParallelism(parallelism);
  auto job = env.Compile();
  EXPECT_TRUE(testing::JobRunner(**job, 1).Run().ok());
  std::fclose(file);
  std::string printed(text, size);
  std::free(text);
  return printed;
}

TEST(Print, PrefixesAsFlink) {
  EXPECT_EQ(Printed(1, ""), "x\n");
  EXPECT_EQ(Printed(1, "id"), "id> x\n");
  EXPECT_EQ(Printed(2, ""), "1> x\n");
  EXPECT_EQ(Printed(2, "id"), "id:1> x\n");
}

}  // namespace
}  // namespace weir
