// What REST tells of a checkpoint while it waits for a task, and what becomes of output that was
// prepared for checkpoints that are declined.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster/damage.h"
#include "tests/cluster/disturbed_job.h"

namespace weir::cluster_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::int64_t UnixTimeMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A subtask's part, and which vertex it is of.
struct Part {
  std::string vertex;
  SubtaskCheckpointView subtask;
};

class CheckpointProgressTest : public DisturbedJobTest {
 protected:
  std::string SubmitNumbered(std::int64_t records, std::int64_t rate, const std::string& hold_file,
                             const std::string& decline_file,
                             const std::map<std::string, std::string>& settings) {
    arguments_.records = records;
    auto configuration = Configuration(VariantOfRun(seed_, 0));
    for (const auto& [key, value] : settings) configuration[key] = value;
    return Submit({.plugin = PluginPath("cluster_numbered_job"),
                   .entry = "numbered",
                   .arguments = Arguments({{"output", MakeFolder("output")},
                                           {"records", std::to_string(records)},
                                           {"rate", std::to_string(rate)},
                                           {"hold-file", hold_file},
                                           {"decline-file", decline_file}}),
                   .parallelism = 2,
                   .configuration = configuration});
  }
  // From here on no checkpoint is completed, and the newest completed one stays that.
  void LetBeDeclined(const std::string& job, const std::string& decline_file) {
    Touch(decline_file);
    // The one after the next began behind that for sure.
    const std::uint64_t failed = Counts(job).failed;
    WaitUntil("checkpoints are declined", [&] { return Counts(job).failed >= failed + 2; });
  }
  CheckpointCounts Counts(const std::string& job) {
    const auto counts = client().Checkpoints(job);
    return counts.ok() ? *counts : CheckpointCounts();
  }
  // Empty until the JobManager knows the checkpoint.
  std::vector<Part> Parts(const std::string& job, std::uint64_t checkpoint_id) {
    std::vector<Part> parts;
    for (const VertexView& vertex : Job(job).vertices) {
      const auto subtasks = client().CheckpointSubtasks(job, checkpoint_id, vertex.id);
      if (!subtasks.ok()) return {};
      for (const SubtaskCheckpointView& subtask : *subtasks)
        parts.push_back({vertex.name, subtask});
    }
    return parts;
  }

  NumberedArguments arguments_;
};

TEST_F(CheckpointProgressTest, ALongUserCallHoldsUpItsOwnTaskAndTheStatisticsNameIt) {
  ASSERT_NO_FATAL_FAILURE(StartCluster());
  const std::string go = PathOf("go");
  // A record a second: no channel fills up while the call lasts.
  const std::string job =
      SubmitNumbered(1'000'000, 1, go, "", {{"execution.checkpointing.interval", "1 h"}});
  WaitUntil("the call has begun", [&] { return std::filesystem::exists(go + ".held"); });
  WaitUntilRunning(job);
  const auto triggered = client().http().Post("/v1/jobs/" + job + "/checkpoints", "{}");
  ASSERT_TRUE(triggered.ok()) << triggered.status().message();
  ASSERT_EQ(triggered->status, 202) << triggered->body;

  // Tasks of the same slots answer while the call lasts.
  std::vector<CheckpointEntry> history;
  std::vector<Part> waiting;
  std::vector<Part> parts;
  WaitUntil("all tasks but one have answered", [&] {
    const auto now = client().CheckpointHistory(job);
    if (!now.ok() || now->empty()) return false;
    history = *now;
    parts = Parts(job, history[0].id);
    waiting.clear();
    for (const Part& part : parts) {
      if (part.subtask.status != "completed") waiting.push_back(part);
    }
    return waiting.size() == 1;
  });
  if (HasFatalFailure()) return;
  EXPECT_EQ(history[0].status, "IN_PROGRESS");
  EXPECT_EQ(parts.size(), 6U) << "two subtasks of source, count and totals";
  EXPECT_THAT(waiting[0].vertex, HasSubstr("count"));
  const std::int64_t held_ms = UnixTimeMs() - history[0].trigger_time_ms;

  Touch(go);
  WaitUntil("the checkpoint is complete", [&] { return Counts(job).completed == 1; });
  for (const Part& part : Parts(job, history[0].id)) {
    const SubtaskCheckpointView& subtask = part.subtask;
    std::printf("%s %u: start delay %ld ms, alignment %ld ms, end to end %ld ms\n",
                part.vertex.c_str(), subtask.index, subtask.start_delay_ms, subtask.alignment_ms,
                subtask.end_to_end_ms);
    const bool held = part.vertex == waiting[0].vertex && subtask.index == waiting[0].subtask.index;
    if (held) {
      EXPECT_GE(subtask.end_to_end_ms, held_ms);
    } else {
      EXPECT_LE(subtask.end_to_end_ms, held_ms) << part.vertex << " " << subtask.index;
    }
  }
  ASSERT_TRUE(client().Cancel(job).ok());
  WaitForState(job, "CANCELED");
}

TEST_F(CheckpointProgressTest, OutputPreparedForDeclinedCheckpointsGoesWithTheNextOne) {
  ASSERT_NO_FATAL_FAILURE(StartCluster());
  const std::string decline = PathOf("decline");
  Touch(decline);
  const std::string job =
      SubmitNumbered(10 * kRecordsPerSecond, kRecordsPerSecond, "", decline, {});
  WaitUntil("checkpoints are declined", [&] { return Counts(job).failed >= 5; });
  const auto history = client().CheckpointHistory(job);
  ASSERT_TRUE(history.ok()) << history.status().message();
  for (const CheckpointEntry& entry : *history) {
    if (entry.status == "FAILED") {
      EXPECT_THAT(entry.failure, HasSubstr("the test wants no checkpoint"));
    }
  }
  EXPECT_EQ(Counts(job).completed, 0U);
  EXPECT_THAT(ReadPublishedLines(PathOf("output")), IsEmpty());

  std::filesystem::remove(decline);
  WaitUntil("what was prepared is there for readers",
            [&] { return !ReadPublishedLines(PathOf("output/counts")).empty(); });
  LetBeDeclined(job, decline);
  // What was prepared since the last completed checkpoint dies with the workers.
  for (const pid_t worker : cluster().WorkerPids()) ::kill(worker, SIGKILL);
  WaitUntil("the job has restarted", [&] { return Job(job).restarts > 0; });
  std::filesystem::remove(decline);
  WaitForState(job, "FINISHED");
  ExpectExactlyOnce(arguments_, PathOf("output"));
}

// Nobody notices that a file on disk has changed until it is read.
TEST_F(CheckpointProgressTest, ADamagedStateFileIsNamedAndTheCheckpointBeforeIsTaken) {
  ASSERT_NO_FATAL_FAILURE(StartCluster());
  const std::string decline = PathOf("decline");
  const std::string job = SubmitNumbered(10 * kRecordsPerSecond, kRecordsPerSecond, "", decline,
                                         {{"execution.checkpointing.num-retained", "2"}});
  WaitUntil("two checkpoints are complete", [&] { return Counts(job).completed >= 2; });
  LetBeDeclined(job, decline);
  const auto newest = client().LatestCheckpoint(job);
  ASSERT_TRUE(newest.ok()) << newest.status().message();
  const std::string file = LargestStateFile(newest->path);
  FlipABit(file);
  for (const pid_t worker : cluster().WorkerPids()) ::kill(worker, SIGKILL);
  WaitUntil("the file is named", [&] {
    return FailureText(job).find(std::filesystem::path(file).filename().string()) !=
           std::string::npos;
  });
  std::filesystem::remove(decline);
  WaitUntil("the job has ended", [&] {
    const std::string state = Job(job).state;
    return state == "FINISHED" || state == "FAILED";
  });
  // Output since the checkpoint before was committed already: it comes out the same, or the job
  // says which part it cannot make whole. It is never doubled.
  if (Job(job).state == "FAILED") {
    EXPECT_THAT(FailureText(job), HasSubstr(PathOf("output")));
  } else {
    ExpectExactlyOnce(arguments_, PathOf("output"));
  }
}

}  // namespace
}  // namespace weir::cluster_test
