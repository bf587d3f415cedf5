// Exactly once, whoever is killed and when: numbers through keyBy, state and windows into files,
// checked by a reader that knows nothing of the engine.
//
// WEIR_SEED repeats the kills of a run (their times, and what is killed); WEIR_KILLS asks for more
// than the few that always run. Ways to take checkpoints: checkpoint_variants.h.
#include <csignal>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/temporary_directory.h"
#include "tests/cluster/checkpoint_variants.h"
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/numbered_output.h"
#include "tests/sanitizers/instrumented.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFewKills = test::kInstrumented ? 2 : 5;
constexpr std::int64_t kRecordsPerSecond = test::Repetitions(20'000);

class ExactlyOnceTest : public ClusterTest {
 protected:
  void SetUp() override {
    std::printf("WEIR_SEED=%lu WEIR_KILLS=%lu\n", seed_, kills_);
    random_.seed(seed_);
  }
  // Jobs outlive the JobManager.
  void StartWithMetadataStore() {
    metadata_.emplace(*TemporaryDirectory::Create("weir-metadata"));
    StartCluster({.settings = {{"high-availability.type", "file"},
                               {"high-availability.storageDir", metadata_->path()}}});
  }

  // Runs for about `seconds` if nothing disturbs it.
  std::string SubmitNumbered(std::int64_t seconds, const CheckpointVariant& variant) {
    arguments_.records = kRecordsPerSecond * seconds;
    output_ = MakeFolder("output");
    JobRequest request{
        .plugin = PluginPath("cluster_numbered_job"),
        .entry = "numbered",
        .arguments = Arguments({{"output", output_},
                                {"records", std::to_string(arguments_.records)},
                                {"rate", std::to_string(kRecordsPerSecond)}}),
        .parallelism = 2,
        .configuration = {{"execution.checkpointing.interval", "50 ms"},
                          {"execution.checkpointing.dir", MakeFolder("checkpoints")},
                          {"execution.checkpointing.tolerable-failed-checkpoints", "1000000"},
                          {"restart-strategy.type", "fixed-delay"},
                          {"restart-strategy.fixed-delay.attempts", "1000000"},
                          {"restart-strategy.fixed-delay.delay", "20 ms"}}};
    std::printf("checkpoints: %s\n", variant.name.c_str());
    for (const auto& [key, value] : variant.configuration) request.configuration[key] = value;
    return Submit(request);
  }

  bool Ended(const std::string& job) {
    const auto view = client().Job(job);
    return view.ok() && (view->state == "FINISHED" || view->state == "FAILED");
  }
  // Kills with `kill` at random moments, as often as asked for or until the job has ended.
  template <class Kill>
  void Disturb(const std::string& job, Kill&& kill) {
    for (std::uint64_t i = 0; i < kills_ && !Ended(job); ++i) {
      // Often soon enough to strike the recovery from the kill before.
      const std::int64_t longest_ms =
          std::uniform_int_distribution<>(0, 2)(random_) == 0 ? 150 : 1200;
      const auto wait = std::chrono::milliseconds(
          std::uniform_int_distribution<std::int64_t>(0, longest_ms)(random_));
      // The moment of the kill is this test's input. Nothing is waited for, and whatever moment it
      // turns out to be on this machine, the same must come out.
      std::this_thread::sleep_for(wait);
      kill();
    }
  }
  // And starts another one.
  void KillATaskManager() {
    ASSERT_TRUE(cluster().KillTaskManager(next_victim_).ok());
    ++killed_;
    ++next_victim_;
    ASSERT_TRUE(cluster().StartTaskManager(2).ok());
  }
  void RestartTheJobManager() {
    ASSERT_TRUE(cluster().KillJobManager().ok());
    ++killed_;
    ASSERT_TRUE(cluster().RestartJobManager().ok());
  }
  void KillAnyWorker() {
    const std::vector<pid_t> workers = cluster().WorkerPids();
    if (workers.empty()) return;
    const auto index = std::uniform_int_distribution<std::size_t>(0, workers.size() - 1)(random_);
    if (::kill(workers[index], SIGKILL) == 0) ++killed_;
  }

  void ExpectExactlyOnce(const std::string& job) {
    WaitForState(job, "FINISHED", kPatience + std::chrono::seconds(10) * kills_);
    std::printf("%lu processes killed, %d restarts\n", killed_, Job(job).restarts);
    EXPECT_EQ(CheckCounts(arguments_, ReadPublishedLines(output_ + "/counts")), "");
    EXPECT_EQ(CheckWindows(arguments_, ReadPublishedLines(output_ + "/windows")), "");
  }

  const std::uint64_t seed_ = SeedOfProcess();
  const std::uint64_t kills_ = FromEnvironment("WEIR_KILLS", kFewKills);
  std::mt19937_64 random_;
  NumberedArguments arguments_;
  std::string output_;
  std::uint64_t killed_ = 0;
  std::size_t next_victim_ = 0;  // the oldest TaskManager
  std::optional<TemporaryDirectory> metadata_;
};

// Once for each way to take checkpoints.
class ExactlyOnceVariantTest : public ExactlyOnceTest,
                               public testing::WithParamInterface<CheckpointVariant> {};

INSTANTIATE_TEST_SUITE_P(All, ExactlyOnceVariantTest, testing::ValuesIn(CheckpointVariants()),
                         [](const auto& info) { return info.param.name; });

TEST_P(ExactlyOnceVariantTest, UndisturbedWithACheckpointEvery50Milliseconds) {
  ASSERT_NO_FATAL_FAILURE(StartCluster());
  const std::string job = SubmitNumbered(2, GetParam());
  ExpectExactlyOnce(job);
  EXPECT_EQ(Job(job).restarts, 0);
}

TEST_F(ExactlyOnceTest, WorkersAndCoordinatorsAreKilled) {
  ASSERT_NO_FATAL_FAILURE(StartCluster());
  const std::string job = SubmitNumbered(static_cast<std::int64_t>(kills_), VariantOfRun(seed_, 0));
  Disturb(job, [&] { KillAnyWorker(); });
  ExpectExactlyOnce(job);
}

TEST_F(ExactlyOnceTest, TaskManagersAreKilled) {
  ASSERT_NO_FATAL_FAILURE(StartCluster());
  const std::string job = SubmitNumbered(static_cast<std::int64_t>(kills_), VariantOfRun(seed_, 1));
  Disturb(job, [&] { KillATaskManager(); });
  ExpectExactlyOnce(job);
}

TEST_P(ExactlyOnceVariantTest, AnyProcessIsKilled) {
  ASSERT_NO_FATAL_FAILURE(StartWithMetadataStore());
  const std::string job = SubmitNumbered(static_cast<std::int64_t>(kills_) * 2, GetParam());
  Disturb(job, [&] {
    switch (std::uniform_int_distribution<>(0, 4)(random_)) {
      case 0:
        return RestartTheJobManager();
      case 1:
        return KillATaskManager();
      default:
        return KillAnyWorker();
    }
  });
  ExpectExactlyOnce(job);
}

}  // namespace
}  // namespace weir::cluster_test
