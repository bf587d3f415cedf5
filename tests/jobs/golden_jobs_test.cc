// One test case for each folder of golden jobs.
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/logging.h"
#include "tests/jobs/golden_runner.h"

namespace weir::golden {
namespace {

// One runner, and its clusters, for all cases. They stop, and what the jobs wrote goes, behind the
// last one.
class SharedRunner final : public testing::Environment {
 public:
  static GoldenRunner& Get() { return *runner_; }
  void SetUp() override { runner_ = std::make_unique<GoldenRunner>(); }
  void TearDown() override { runner_.reset(); }

 private:
  static inline std::unique_ptr<GoldenRunner> runner_;
};

class GoldenJobTest : public testing::Test {
 public:
  explicit GoldenJobTest(RegisteredJob job) : job_(std::move(job)) {}
  void TestBody() override {
    for (const Variant& variant : Variants()) {
      const Status status = SharedRunner::Get().Run(job_, variant, Mode::kStraight);
      ASSERT_TRUE(status.ok()) << job_.name << " with " << ToString(variant) << ": "
                               << status.ToString();
    }
    const Variant spread{.parallelism = 2, .task_managers = 3};
    const Status status = SharedRunner::Get().Run(job_, spread, Mode::kWithCheckpoints);
    EXPECT_TRUE(status.ok()) << job_.name << " with checkpoints: " << status.ToString();
  }

 private:
  const RegisteredJob job_;
};

TEST(GoldenRunnerTest, EveryFolderIsAJob) {
  std::set<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_GOLDEN_JOBS)) {
    if (entry.is_directory()) folders.insert(entry.path().filename());
  }
  std::set<std::string> jobs;
  for (const RegisteredJob& job : RegisteredJobs()) {
    EXPECT_TRUE(jobs.insert(job.name).second) << job.name << " is registered twice";
  }
  EXPECT_EQ(jobs, folders);
}

TEST(GoldenRunnerTest, SeesWhatDiffers) {
  using Lines = std::vector<std::string>;
  const Lines lines = {"a 1", "b 1", "a 2"};
  EXPECT_EQ(Differences(lines, {"b 1", "a 1", "a 2"}, Order::kPerKey), "");
  EXPECT_EQ(Differences(lines, {"a 2", "b 1", "a 1"}, Order::kAny), "");
  EXPECT_NE(Differences(lines, {"a 2", "b 1", "a 1"}, Order::kPerKey), "");
  EXPECT_NE(Differences(lines, {"a 1", "b 1", "a 2", "a 2"}, Order::kAny), "");
  EXPECT_NE(Differences(lines, {"a 1", "b 1"}, Order::kAny), "");
}

void ComesToSomethingElse(GoldenJob& golden) {
  golden.Expect(golden.Lines().Map([](const std::string& line) { return line + "?"; }));
}
void Throws(GoldenJob& golden) {
  golden.Expect(golden.Lines().Map(
      [](const std::string&) -> std::string { throw std::runtime_error("no such word"); }));
}

TEST(GoldenRunnerTest, AWrongResultAndAFailureAreErrors) {
  const Status wrong =
      SharedRunner::Get().Run({"word_count", ComesToSomethingElse}, {}, Mode::kStraight);
  EXPECT_EQ(wrong.code(), StatusCode::kCorruption) << wrong.ToString();
  const Status failed = SharedRunner::Get().Run({"word_count", Throws}, {}, Mode::kStraight);
  EXPECT_NE(failed.message().find("no such word"), std::string::npos) << failed.ToString();
}

}  // namespace

}  // namespace weir::golden

int main(int count, char** arguments) {
  using namespace weir::golden;
  for (const RegisteredJob& job : RegisteredJobs()) {
    testing::RegisterTest("GoldenJob", job.name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [job]() -> testing::Test* { return new GoldenJobTest(job); });
  }
  if (!weir::ConfigureLogging({.level = weir::LogLevel::kWarning}).ok()) return 1;
  testing::InitGoogleTest(&count, arguments);
  testing::AddGlobalTestEnvironment(new SharedRunner());
  return RUN_ALL_TESTS();
}
