// The files sink under checkpoints: killed in the middle of every call to the file system, with and
// without the loss of what was not synced; and read by somebody who knows nothing of it.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/connectors/files.h>

#include "tests/unit/connectors_files/crashable_files.h"
#include "tests/unit/sdk/running_sink.h"
#include "tests/unit/test_seed.h"

namespace weir::files {
namespace {

using weir::internal::OperatorStateSnapshot;

struct BucketOfNumber {
  std::string operator()(const std::string& record, const BucketContext&) const {
    return record.back() % 3 == 0 ? "third/deep" : "";
  }
};
using Sink = FileSink<TextFormat, BucketOfNumber>;
using Running = testing::RunningSink<Sink>;

std::vector<std::string> Lines(int count) {
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) lines.push_back("record " + std::to_string(i));
  std::sort(lines.begin(), lines.end());
  return lines;
}

// A job of one sink that is run until all its records are committed, by as many processes as it
// takes.
class FileJob {
 public:
  struct Plan {
    std::uint64_t roll_at_bytes = 1 << 20;
    bool roll_on_checkpoint = false;
    std::uint32_t parallelism = 2;
    std::uint32_t later_parallelism = 2;
    bool loses_power = false;
  };

  explicit FileJob(const Plan& plan) : plan_(plan) {}

  // The first process dies in the operation of this number, the next ones live that much longer;
  // negative: none. Returns how many died.
  int Run(int operations) {
    int deaths = 0;
    while (!RunProcess(operations)) {
      if (plan_.loses_power) disk_->LosePower();
      ++deaths;
      ++attempt_;
      operations += 40;
      if (deaths > 100) return deaths;
    }
    return deaths;
  }
  const std::shared_ptr<CrashableDisk>& disk() const { return disk_; }

  static constexpr int kRecords = 44;

 private:
  struct Checkpoint {
    int position = 0;
    std::vector<OperatorStateSnapshot> subtasks;
  };

  // True: all is committed; false: the process died.
  bool RunProcess(int operations) {
    files_ = std::make_shared<const CrashableFiles>(disk_, operations);
    subtasks_.clear();
    const bool done = Start() && RunSteps();
    EXPECT_TRUE(done || files_->dead()) << status_.ToString();
    subtasks_.clear();
    return done || !files_->dead();
  }
  bool Ok(Status status) {
    if (!status.ok()) status_ = std::move(status);
    return status_.ok() && !files_->dead();
  }
  bool Start() {
    status_ = Status::Ok();
    const std::uint32_t parallelism =
        attempt_ % 2 == 0 ? plan_.parallelism : plan_.later_parallelism;
    std::vector<OperatorStateSnapshot> restored;
    if (!complete_.subtasks.empty()) {
      restored = *weir::internal::RedistributeOperatorState(complete_.subtasks, parallelism);
    }
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      subtasks_.push_back(std::make_unique<Running>(Settings(), i, parallelism, attempt_));
      if (!Ok(Open(i, restored.empty() ? nullptr : &restored[i]))) return false;
    }
    return true;
  }
  // The task's thread makes the sink's directory.
  Status Open(std::uint32_t subtask, const OperatorStateSnapshot* restored) {
    try {
      return subtasks_[subtask]->Open(restored);
    } catch (const ProcessKilled& killed) {
      return Status::UserError(killed.what());
    }
  }
  Sink Settings() const {
    return FileSink(TextFormat(), "/data/out")
        .RollAtBytes(plan_.roll_at_bytes)
        .RollOnCheckpoint(plan_.roll_on_checkpoint)
        .To(files_)
        .Assigner(BucketOfNumber());
  }
  // A checkpoint after every eighth record; each third one is declined.
  bool RunSteps() {
    for (int position = complete_.position; position < kRecords; ++position) {
      subtasks_[static_cast<std::size_t>(position) % subtasks_.size()]->Push(
          {"record " + std::to_string(position)});
      if (position % 8 == 7 && !TakeCheckpoint(position + 1, position % 24 != 23)) return false;
    }
    for (auto& subtask : subtasks_) {
      if (!Ok(subtask->Finish())) return false;
    }
    if (!TakeCheckpoint(kRecords, true)) return false;
    for (auto& subtask : subtasks_) {
      if (!Ok(subtask->UntilCommitted())) return false;
    }
    return true;
  }
  bool TakeCheckpoint(int position, bool completes) {
    Checkpoint checkpoint{position, {}};
    const std::uint64_t id = next_id_++;
    for (auto& subtask : subtasks_) {
      auto snapshot = subtask->Checkpoint(id);
      if (!Ok(snapshot.status())) return false;
      checkpoint.subtasks.push_back(*std::move(snapshot));
    }
    if (completes) complete_ = std::move(checkpoint);
    for (auto& subtask : subtasks_) {
      if (!Ok((*subtask)->OnCheckpointEnd(id, completes))) return false;
    }
    return true;
  }

  const Plan plan_;
  const std::shared_ptr<CrashableDisk> disk_ = std::make_shared<CrashableDisk>();
  std::shared_ptr<const CrashableFiles> files_;
  std::vector<std::unique_ptr<Running>> subtasks_;
  Status status_;
  std::uint32_t attempt_ = 0;
  std::uint64_t next_id_ = 1;
  Checkpoint complete_;
};

class FileSinkExactlyOnceTest : public ::testing::TestWithParam<FileJob::Plan> {};

TEST_P(FileSinkExactlyOnceTest, KilledInAnyOperationEachRecordIsReadOnce) {
  for (int operations = 0;; ++operations) {
    FileJob job(GetParam());
    const int deaths = job.Run(operations);
    ASSERT_LT(deaths, 10) << "killed in operation " << operations;
    ASSERT_EQ(job.disk()->VisibleLines(), Lines(FileJob::kRecords))
        << "killed in operation " << operations;
    ASSERT_EQ(job.disk()->HiddenFiles(), std::vector<std::string>())
        << "killed in operation " << operations;
    if (deaths == 0) {
      EXPECT_GT(operations, 30);
      break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Plans, FileSinkExactlyOnceTest,
                         ::testing::Values(FileJob::Plan{}, FileJob::Plan{.loses_power = true},
                                           FileJob::Plan{.roll_at_bytes = 50, .loses_power = true},
                                           FileJob::Plan{.roll_on_checkpoint = true,
                                                         .loses_power = true},
                                           FileJob::Plan{.parallelism = 3, .later_parallelism = 2},
                                           FileJob::Plan{.roll_at_bytes = 50,
                                                         .parallelism = 1,
                                                         .later_parallelism = 3,
                                                         .loses_power = true}),
                         [](const auto& plan) { return std::to_string(plan.index); });

TEST(FileSinkCheckpoints, PartsGoOnBehindThemAndGetTheirNamesWithTheLastOne) {
  FileJob job({.parallelism = 1, .later_parallelism = 1});
  EXPECT_EQ(job.Run(-1), 0);
  int parts = 0;
  for (const auto& [path, file] : job.disk()->names) parts += file->directory ? 0 : 1;
  EXPECT_EQ(parts, 2) << "one for each bucket, over nine checkpoints";
}

// An attempt that nobody has told that it is over.
TEST(FileSinkCheckpoints, AZombieCannotWriteToWhatOthersHaveTakenOver) {
  auto disk = std::make_shared<CrashableDisk>();
  const auto files = std::make_shared<const CrashableFiles>(disk, -1);
  const auto sink = FileSink(TextFormat(), "/out").To(files);
  testing::RunningSink zombie(sink, 0, 1, 0);
  ASSERT_TRUE(zombie.Open().ok());
  zombie.Push({"one"});
  const auto snapshot = zombie.Checkpoint(1);
  ASSERT_TRUE(snapshot.ok());
  zombie.Push({"of the zombie"});
  testing::RunningSink running(sink, 0, 1, 1);
  ASSERT_TRUE(running.Open(&*snapshot).ok());
  running.Push({"two"});
  ASSERT_TRUE(running.Finish().ok());
  ASSERT_TRUE(running.Checkpoint(2).ok());
  zombie.Push({"of the zombie, too"});
  ASSERT_TRUE(zombie.Prepare(9).ok());
  ASSERT_TRUE(running->OnCheckpointEnd(2, true).ok());
  ASSERT_TRUE(running.UntilCommitted().ok());
  EXPECT_EQ(disk->VisibleLines(), (std::vector<std::string>{"one", "two"}));
}

// What may be found where a part was to be renamed.
TEST(FileSinkCheckpoints, ACommitKnowsWhatWasCommittedAndWhatIsLost) {
  enum class Found { kBoth, kPart, kNeither };
  struct Case {
    Found found;
    bool restored;
    std::string message;  // empty: committed
  };
  const std::vector<Case> cases = {
      {Found::kBoth, false, "is there"},   {Found::kBoth, true, "is there"},
      {Found::kPart, false, "is gone"},    {Found::kPart, true, ""},
      {Found::kNeither, false, "is gone"}, {Found::kNeither, true, ""},
  };
  for (const Case& each : cases) {
    auto disk = std::make_shared<CrashableDisk>();
    const CrashableFiles files(disk, -1);
    const auto sink = FileSink(TextFormat(), "/out").To(std::make_shared<CrashableFiles>(disk, -1));
    auto running = std::make_unique<testing::RunningSink<FileSink<TextFormat>>>(sink, 0, 1, 0);
    ASSERT_TRUE(running->Open().ok());
    running->Push({"one"});
    ASSERT_TRUE(running->Finish().ok());
    auto snapshot = running->Checkpoint(1);
    ASSERT_TRUE(snapshot.ok());
    const std::vector<std::string> hidden = disk->HiddenFiles();
    ASSERT_EQ(hidden.size(), 1u);
    const std::string part = "/out/" + hidden[0].substr(6, hidden[0].rfind(".0.") - 6);
    if (each.found == Found::kPart) {
      ASSERT_TRUE(files.Rename(hidden[0], part).ok());
    }
    if (each.found == Found::kNeither) {
      ASSERT_TRUE(files.Remove(hidden[0]).ok());
    }
    if (each.found == Found::kBoth) {
      ASSERT_TRUE(files.Create(part).ok());
    }
    Status status;
    if (each.restored) {
      running = std::make_unique<testing::RunningSink<FileSink<TextFormat>>>(sink, 0, 1, 1);
      ASSERT_TRUE(running->Open(&*snapshot).ok());
      status = running->Finish();
      if (status.ok() && each.message.empty()) status = running->Checkpoint(2).status();
    } else {
      ASSERT_TRUE((*running)->OnCheckpointEnd(1, true).ok());
    }
    if (status.ok()) status = running->UntilCommitted();
    EXPECT_EQ(status.ok(), each.message.empty()) << status.ToString();
    EXPECT_NE(status.message().find(each.message), std::string::npos) << status.ToString();
    EXPECT_EQ(status.retry(), status.ok() ? RetryHint::kRetry : RetryHint::kNoRetry);
  }
}

TEST(FileSinkCheckpoints, AFileThatTheCheckpointHoldsAndIsShorterFailsTheTask) {
  auto disk = std::make_shared<CrashableDisk>();
  const auto sink = FileSink(TextFormat(), "/out").To(std::make_shared<CrashableFiles>(disk, -1));
  Result<OperatorStateSnapshot> snapshot = Status::Internal("none");
  {
    testing::RunningSink running(sink, 0, 1, 0);
    ASSERT_TRUE(running.Open().ok());
    running.Push({"one"});
    snapshot = running.Checkpoint(1);
    ASSERT_TRUE(snapshot.ok());
  }
  const std::string hidden = disk->HiddenFiles().at(0);
  disk->names[hidden]->content.resize(2);
  testing::RunningSink running(sink, 0, 1, 1);
  ASSERT_TRUE(running.Open(&*snapshot).ok());
  const Status status = running.UntilFailure();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find(hidden + " has 2 bytes where 4 were written"), std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace weir::files
