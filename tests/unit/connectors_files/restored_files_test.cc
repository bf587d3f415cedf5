// Which files a writer that goes on from a checkpoint keeps, and which it removes.
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/connectors/files.h>

#include "tests/unit/connectors_files/crashable_files.h"
#include "tests/unit/sdk/running_sink.h"

namespace weir::files {
namespace {

using weir::internal::OperatorStateSnapshot;
using Running = testing::RunningSink<FileSink<TextFormat>>;

class RestoredFilesTest : public ::testing::Test {
 protected:
  std::unique_ptr<Running> Open(std::uint32_t attempt, const OperatorStateSnapshot* restored) {
    auto running = std::make_unique<Running>(sink_, 0, 1, attempt);
    EXPECT_TRUE(running->Open(restored).ok());
    return running;
  }
  std::vector<std::string> Visible() { return disk_->VisibleLines(); }

  const std::shared_ptr<CrashableDisk> disk_ = std::make_shared<CrashableDisk>();
  const FileSink<TextFormat> sink_ =
      FileSink(TextFormat(), "/out").To(std::make_shared<const CrashableFiles>(disk_, -1));
};

// Several checkpoints may be kept: where the last one cannot be read, the one before is restored.
TEST_F(RestoredFilesTest, WhatAnOpenPartReplacesIsKeptForOlderCheckpoints) {
  auto running = Open(0, nullptr);
  running->Push({"one"});
  const OperatorStateSnapshot first = *running->Checkpoint(1);
  running = Open(1, &first);
  const OperatorStateSnapshot second = *running->Checkpoint(2);
  running = Open(2, &second);
  ASSERT_TRUE(running->Checkpoint(3).ok());
  running = Open(3, &first);
  running->Push({"two"});
  ASSERT_TRUE(running->Finish().ok());
  const auto last = running->Checkpoint(4);
  ASSERT_TRUE(last.ok()) << last.status().ToString();
  ASSERT_TRUE((*running)->OnCheckpointEnd(4, true).ok());
  ASSERT_TRUE(running->UntilCommitted().ok());
  EXPECT_EQ(Visible(), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(disk_->HiddenFiles(), std::vector<std::string>());
}

// A disk that gives a file its name and then fails, so often, before the name is durable.
class FailsBehindTheName final : public FileSystem {
 public:
  FailsBehindTheName(std::shared_ptr<CrashableDisk> disk, int failures)
      : disk_(std::move(disk)), files_(disk_, -1), failures_(failures) {}
  Result<FileInformation> Describe(const std::string& path) const override {
    return files_.Describe(path);
  }
  Result<std::vector<FileInformation>> List(const std::string& directory) const override {
    return files_.List(directory);
  }
  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) const override {
    return files_.OpenForReading(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) const override {
    return files_.Create(path);
  }
  Status Rename(const std::string& from, const std::string& to) const override {
    {
      const std::lock_guard lock(disk_->mutex);
      const auto found = disk_->names.find(from);
      if (found == disk_->names.end()) return Status::NotFound(from + " is not there");
      disk_->names[to] = found->second;
      disk_->names.erase(found);
      renamed_ = true;
    }
    return SyncDirectory(ParentOf(to));
  }
  Status Remove(const std::string& file) const override { return files_.Remove(file); }
  Status CreateDirectories(const std::string& path) const override {
    return files_.CreateDirectories(path);
  }
  Status SyncDirectory(const std::string& path) const override {
    if (renamed_ && failures_-- > 0) return Status::IoError("cannot write " + path);
    return files_.SyncDirectory(path);
  }

 private:
  const std::shared_ptr<CrashableDisk> disk_;
  const CrashableFiles files_;
  // Of the committer's thread once something is renamed.
  mutable std::atomic<bool> renamed_ = false;
  mutable std::atomic<int> failures_;
};

TEST_F(RestoredFilesTest, ACommitCountsOnceTheNameIsDurable) {
  const auto failing = std::make_shared<const FailsBehindTheName>(disk_, 2);
  Running running(FileSink(TextFormat(), "/out").To(failing), 0, 1, 0);
  ASSERT_TRUE(running.Open().ok());
  running.Push({"one"});
  ASSERT_TRUE(running.Finish().ok());
  ASSERT_TRUE(running.Checkpoint(1).ok());
  ASSERT_TRUE(running->OnCheckpointEnd(1, true).ok());
  const Status committed = running.UntilCommitted();
  ASSERT_TRUE(committed.ok()) << committed.ToString();
  disk_->LosePower();
  EXPECT_EQ(Visible(), (std::vector<std::string>{"one"}));
}

}  // namespace
}  // namespace weir::files
