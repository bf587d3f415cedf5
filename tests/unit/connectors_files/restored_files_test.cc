// Which files a writer that goes on from a checkpoint keeps, and which it removes.
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/connectors/files.h>
#include <weir/internal/testing/fake_chain_context.h>

#include "connectors/files/src/bucket_files.h"
#include "tests/unit/connectors_files/crashable_files.h"
#include "tests/unit/connectors_files/temporary_directory.h"
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

// Kept checkpoints again: what was committed behind one of them would be written twice.
TEST_F(RestoredFilesTest, ACheckpointBehindWhichPartsWereCommittedIsRefused) {
  auto running = std::make_unique<Running>(FileSink<TextFormat>(sink_).RollOnCheckpoint(), 0, 1, 0);
  ASSERT_TRUE(running->Open().ok());
  running->Push({"one"});
  const OperatorStateSnapshot first = *running->Checkpoint(1);
  ASSERT_TRUE((*running)->OnCheckpointEnd(1, true).ok());
  running->Push({"two"});
  const OperatorStateSnapshot second = *running->Checkpoint(2);
  ASSERT_TRUE((*running)->OnCheckpointEnd(2, true).ok());
  ASSERT_TRUE(running
                  ->Until([&]() -> Result<bool> {
                    WEIR_RETURN_IF_ERROR((*running)->Drain().status());
                    return Visible().size() == 2;
                  })
                  .ok());
  const Status status = Open(1, &first)->UntilFailure();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.retry(), RetryHint::kNoRetry);
  EXPECT_NE(status.message().find("checkpoint 1 cannot be restored: /out/part-"), std::string::npos)
      << status.message();
  running = Open(2, &second);
  const auto third = running->Checkpoint(3);
  EXPECT_TRUE(third.ok()) << third.status().ToString();
  EXPECT_EQ(Visible(), (std::vector<std::string>{"one", "two"}));
}

// What the tests of the writer's files by hand have in common.
class RestoredBucketFilesTest : public ::testing::Test {
 protected:
  // Of subtask 0.
  BucketFiles Files(std::uint32_t attempt) {
    return BucketFiles(options_, {"s", 0, attempt, 2}, BucketFiles::Naming::kByCommit);
  }
  RestoreSurroundings Surroundings() {
    return {logger_, [this] { return calls_until_stop_-- == 0; }};
  }

  // Lists all but what it must not.
  class Guarded final : public FileSystem {
   public:
    Result<FileInformation> Describe(const std::string& path) const override {
      return files_->Describe(path);
    }
    Result<std::vector<FileInformation>> List(const std::string& directory) const override {
      if (directory.ends_with("/lost+found")) return Status::IoError("cannot list " + directory);
      return files_->List(directory);
    }
    Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) const override {
      return files_->OpenForReading(path);
    }
    Result<std::unique_ptr<WritableFile>> Create(const std::string& path) const override {
      return files_->Create(path);
    }
    Status Rename(const std::string& from, const std::string& to) const override {
      return files_->Rename(from, to);
    }
    Status Remove(const std::string& file) const override { return files_->Remove(file); }
    Status CreateDirectories(const std::string& path) const override {
      return files_->CreateDirectories(path);
    }

   private:
    const std::shared_ptr<const FileSystem> files_ = LocalFileSystem();
  };

  const TemporaryDirectory directory_;
  const internal::FileSinkOptions options_ = [this] {
    internal::FileSinkOptions options;
    options.path = directory_.path();
    options.roll_at_bytes = 10;
    options.file_system = std::make_shared<const Guarded>();
    return options;
  }();
  weir::testing::FakeLogger logger_;
  int calls_until_stop_ = -1;
};

TEST_F(RestoredBucketFilesTest, DirectoriesThatCannotBeListedAreLeftOutAndLinksNotFollowed) {
  const TemporaryDirectory elsewhere;
  elsewhere.Write(".part-s-0-6.0.inprogress", "of somebody else");
  std::filesystem::create_directory_symlink(elsewhere.path(), directory_.path("link"));
  std::filesystem::create_directory(directory_.path("lost+found"));
  directory_.Write("a/.part-s-0-5.0.inprogress", "left");
  BucketFiles files = Files(1);
  const Status restored = files.Restore({}, Surroundings());
  ASSERT_TRUE(restored.ok()) << restored.ToString();
  EXPECT_FALSE(std::filesystem::exists(directory_.path("a/.part-s-0-5.0.inprogress")));
  EXPECT_EQ(elsewhere.Content().size(), 1u);
  ASSERT_EQ(logger_.lines.size(), 1u);
  EXPECT_NE(logger_.lines[0].find("lost+found"), std::string::npos) << logger_.lines[0];
}

TEST_F(RestoredBucketFilesTest, ALongCopyStopsWithTheTask) {
  const std::string open = directory_.Write(".part-s-0-0.0.inprogress", std::string(3 << 20, 'x'));
  internal::RestoredFileSink restored;
  restored.restored = true;
  restored.writer_states.push_back({0, {1, {{"", open, 3 << 20, 0, 0, {}}}}});
  calls_until_stop_ = 2;  // behind one directory and one MiB
  BucketFiles files = Files(1);
  EXPECT_EQ(files.Restore(restored, Surroundings()).code(), StatusCode::kCanceled);
  EXPECT_EQ(std::filesystem::file_size(directory_.path(".part-s-0-1.1.inprogress")), 1u << 20);
  EXPECT_TRUE(std::filesystem::exists(open));
}

// Of a subtask that the checkpoint does not hold all parts may be older: it had finished.
TEST_F(RestoredBucketFilesTest, ASubtaskThatIsNotHeldGoesOnBehindItsParts) {
  directory_.Write("a/part-s-0-30", "finished");
  internal::RestoredFileSink restored;
  restored.restored = true;
  restored.writer_states.push_back({1, {10, {}}});
  BucketFiles files = Files(1);
  ASSERT_TRUE(files.Restore(restored, Surroundings()).ok());
  PreparedFiles prepared;
  ASSERT_TRUE(files.Prepare(false, prepared).ok());
  EXPECT_EQ(prepared.state.next_number, 31u);
}

TEST_F(RestoredBucketFilesTest, NumbersBehindACheckpointAreNotBelowItsInAnyBucket) {
  BucketFiles files = Files(0);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(files.Write("a", "0123456789\n", 0).ok());
  ASSERT_TRUE(files.Write("b", "open\n", 0).ok());
  PreparedFiles first;
  ASSERT_TRUE(files.Prepare(false, first).ok());
  EXPECT_EQ(first.state.next_number, 5u);
  ASSERT_TRUE(files.Write("b", "closed\n", 0).ok());
  ASSERT_TRUE(files.Write("b", "0123456789\n", 0).ok());
  PreparedFiles second;
  ASSERT_TRUE(files.Prepare(false, second).ok());
  ASSERT_EQ(second.committables.size(), 2u);
  EXPECT_EQ(second.committables[0].part, directory_.path("b/part-s-0-0"));
  EXPECT_EQ(second.committables[1].part, directory_.path("b/part-s-0-5"));
}

}  // namespace
}  // namespace weir::files
