// Golden jobs (tests/jobs) that are killed and go on from their last checkpoint at another
// parallelism come to the same, whichever way their checkpoints are taken.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "tests/cluster/checkpoint_variants.h"
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/numbered_output.h"
#include "tests/sanitizers/instrumented.h"

namespace weir::cluster_test {
namespace {

std::vector<std::string> GoldenFolders() {
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_GOLDEN_JOBS)) {
    if (entry.is_directory()) folders.push_back(entry.path().filename());
  }
  std::ranges::sort(folders);
  if (!test::kInstrumented) return folders;
  // A run takes ten times as long: another few of them each time.
  std::ranges::shuffle(folders, std::mt19937_64(SeedOfProcess()));
  folders.resize(4);
  return folders;
}

std::vector<std::string> ReadLines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') lines.push_back(line);
  }
  return lines;
}

struct GoldenRun {
  std::string folder;
  CheckpointVariant variant;
};

// One variant for each job, or each job with all of them.
std::vector<GoldenRun> GoldenRuns() {
  std::vector<GoldenRun> runs;
  for (const std::string& folder : GoldenFolders()) {
    if (!SoakAsked()) {
      runs.push_back({folder, VariantOfRun(SeedOfProcess(), runs.size())});
      continue;
    }
    for (const CheckpointVariant& variant : CheckpointVariants()) runs.push_back({folder, variant});
  }
  return runs;
}

// Which variant a short run takes changes with the seed: no part of its name.
std::string NameOf(const GoldenRun& run) {
  return SoakAsked() ? run.folder + "_" + run.variant.name : run.folder;
}
void PrintTo(const GoldenRun& run, std::ostream* out) {
  *out << run.folder << ", " << run.variant.name;
}

class GoldenRestoreTest : public ClusterTest, public testing::WithParamInterface<GoldenRun> {
 protected:
  std::string SubmitGolden(const std::string& folder, int parallelism,
                           const std::string& restored_path) {
    JobRequest request = {
        .plugin = PluginPath("golden_jobs"),
        .entry = "golden",
        .arguments = Arguments({{"job", folder}, {"milliseconds", "1500"}, {"output", output_}}),
        .parallelism = parallelism,
        .configuration = {{"execution.checkpointing.interval", "20 ms"},
                          {"execution.checkpointing.dir", checkpoints_},
                          {"execution.checkpointing.externalized-checkpoint-retention",
                           "RETAIN_ON_CANCELLATION"},
                          {"restart-strategy.type", "none"}},
        .restored_path = restored_path};
    for (const auto& [key, value] : GetParam().variant.configuration) {
      request.configuration[key] = value;
    }
    return Submit(request);
  }
  // Before the kill and after it. Runs that are to be long try every change there is.
  std::pair<int, int> Parallelisms() {
    if (!SoakAsked()) return {2, 3};
    const int before = std::uniform_int_distribution<>(1, 3)(random_);
    const int change = std::uniform_int_distribution<>(1, 2)(random_);
    return {before, (before - 1 + change) % 3 + 1};
  }
  // Kills a worker after the first checkpoint, somewhere in the job; where it restarts from.
  std::string KillAfterACheckpoint(const std::string& job) {
    WaitUntil("a checkpoint is complete", [&] {
      const auto view = client().LatestCheckpoint(job);
      return view.ok() && !view->path.empty();
    });
    // The moment of the kill is this test's input; nothing is waited for.
    std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 300));
    for (const pid_t worker : cluster().WorkerPids()) ::kill(worker, SIGKILL);
    // One whose last acknowledgement came before the kill is still completed.
    WaitUntil("the job has ended, and its last checkpoint", [&] {
      const std::string state = Job(job).state;
      const auto counts = client().Checkpoints(job);
      return (state == "FAILED" || state == "FINISHED") && counts.ok() && counts->in_progress == 0;
    });
    if (Job(job).state == "FINISHED") return "";
    const auto latest = client().LatestCheckpoint(job);
    EXPECT_TRUE(latest.ok()) << latest.status().message();
    return latest.ok() ? latest->path : "";
  }

  // False: records of an unaligned checkpoint cannot be given to another number of subtasks, as
  // the job's failure says.
  bool FinishedUnlessRefused(const std::string& job) {
    WaitUntil("the job has ended", [&] {
      const std::string state = Job(job).state;
      return state == "FINISHED" || state == "FAILED";
    });
    if (Job(job).state == "FINISHED") return true;
    const std::string failure = FailureText(job);
    // At parallelism 1 what was an edge may have become a part of a chain.
    EXPECT_THAT(failure,
                testing::AnyOf(testing::HasSubstr("cannot be given to another number of subtasks"),
                               testing::HasSubstr("on their way along this edge, which the program "
                                                  "does not have")));
    EXPECT_TRUE(
        GetParam().variant.configuration.contains("execution.checkpointing.unaligned.enabled"));
    return false;
  }

  std::mt19937_64 random_;
  std::string output_;
  std::string checkpoints_;
};

TEST_P(GoldenRestoreTest, KilledAndRestoredAtAnotherParallelism) {
  std::printf("WEIR_SEED=%lu, checkpoints: %s\n", SeedOfProcess(), GetParam().variant.name.c_str());
  random_.seed(SeedOfProcess() + std::hash<std::string>()(GetParam().folder));
  ASSERT_NO_FATAL_FAILURE(StartCluster({.task_managers = 2, .slots = 3}));
  checkpoints_ = MakeFolder("checkpoints");
  output_ = MakeFolder("output");
  const std::string folder = std::string(WEIR_GOLDEN_JOBS "/") + GetParam().folder;
  const auto [before, after] = Parallelisms();
  std::string job = SubmitGolden(folder, before, "");
  if (const std::string path = KillAfterACheckpoint(job); !path.empty()) {
    std::printf("from parallelism %d to %d, restored from %s\n", before, after, path.c_str());
    job = SubmitGolden(folder, after, path);
    if (!FinishedUnlessRefused(job)) {
      std::printf("refused: records on their way belong to the old subtasks\n");
      job = SubmitGolden(folder, before, path);
      WaitForState(job, "FINISHED");
    }
  }
  std::vector<std::string> expected = ReadLines(folder + "/expected.txt");
  std::vector<std::string> lines = ReadPublishedLines(output_);
  std::ranges::sort(expected);
  std::ranges::sort(lines);
  EXPECT_EQ(lines, expected);
}

INSTANTIATE_TEST_SUITE_P(Jobs, GoldenRestoreTest, testing::ValuesIn(GoldenRuns()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace weir::cluster_test
