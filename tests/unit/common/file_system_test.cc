#include "common/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fault_injecting_file_system.h"
#include "common/system_error.h"
#include "common/temporary_directory.h"
#include "common/unique_fd.h"

namespace weir {
namespace {

class FileSystemTest : public testing::Test {
 protected:
  FileSystem& files_ = LocalFileSystem();
  TemporaryDirectory folder_ = *TemporaryDirectory::Create();
  const std::string file_ = folder_.path() + "/file";
};

TEST_F(FileSystemTest, WritesReadsAndReplacesWhole) {
  ASSERT_TRUE(files_.WriteFileAtomically(file_, "first").ok());
  EXPECT_EQ(*files_.ReadFile(file_), "first");
  const std::string large(3'000'000, 'x');
  ASSERT_TRUE(files_.WriteFileAtomically(file_, large, FileDurability::kNone).ok());
  EXPECT_EQ(*files_.ReadFile(file_), large);
  EXPECT_EQ(*files_.FileSize(file_), 3'000'000);
  // No temporary file stays.
  EXPECT_EQ(*files_.List(folder_.path()), std::vector<std::string>{"file"});
}

TEST_F(FileSystemTest, AFailedWriteLeavesTheOldContentAndNoTemporaryFile) {
  ASSERT_TRUE(files_.CreateDirectories(file_).ok());
  ASSERT_TRUE(files_.WriteFileAtomically(file_ + "/inside", "x").ok());
  const Status failed = files_.WriteFileAtomically(file_, "content");
  EXPECT_FALSE(failed.ok());
  EXPECT_THAT(failed.message(), testing::HasSubstr(file_));
  EXPECT_EQ(*files_.List(folder_.path()), std::vector<std::string>{"file"});
  EXPECT_EQ(files_.WriteFileAtomically(folder_.path() + "/none/file", "x").code(),
            StatusCode::kNotFound);
}

TEST_F(FileSystemTest, HoldsTheReadLimit) {
  ASSERT_TRUE(files_.WriteFileAtomically(file_, "12345").ok());
  EXPECT_EQ(*files_.ReadFile(file_, 5), "12345");
  const Status failed = files_.ReadFile(file_, 4).status();
  EXPECT_EQ(failed.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(failed.message(), testing::HasSubstr("larger than 4 bytes"));
  // A file whose size the kernel gives as zero.
  EXPECT_GT(files_.ReadFile("/proc/self/status")->size(), 100U);
  EXPECT_EQ(files_.ReadFile("/proc/self/status", 10).status().code(),
            StatusCode::kResourceExhausted);
}

TEST_F(FileSystemTest, ReadsTheTail) {
  ASSERT_TRUE(files_.WriteFileAtomically(file_, "0123456789").ok());
  EXPECT_EQ(*files_.ReadFileTail(file_, 3), "789");
  EXPECT_EQ(*files_.ReadFileTail(file_, 100), "0123456789");
  EXPECT_EQ(*files_.ReadFileTail(file_, 100, 8), "89");
  EXPECT_EQ(*files_.ReadFileTail(file_, 1, 8), "9");
  EXPECT_EQ(*files_.ReadFileTail(file_, 100, 50), "");
}

TEST_F(FileSystemTest, ErrorsNameThePathAndTellMissingFromBroken) {
  const Status missing = files_.ReadFile(file_).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_EQ(missing.message(), "cannot open '" + file_ + "': No such file or directory");
  EXPECT_EQ(files_.ReadFile(folder_.path()).status().code(), StatusCode::kIoError);
  EXPECT_EQ(files_.List(file_).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.FileSize(file_).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.Rename(file_, file_ + "2").code(), StatusCode::kNotFound);
}

TEST_F(FileSystemTest, MakesListsRenamesAndRemovesFolders) {
  const std::string deep = folder_.path() + "/a/b/c";
  ASSERT_TRUE(files_.CreateDirectories(deep).ok());
  ASSERT_TRUE(files_.CreateDirectories(deep).ok());
  ASSERT_TRUE(files_.WriteFileAtomically(deep + "/z", "").ok());
  ASSERT_TRUE(files_.WriteFileAtomically(deep + "/y", "").ok());
  EXPECT_EQ(*files_.List(deep), (std::vector<std::string>{"y", "z"}));
  EXPECT_FALSE(files_.CreateDirectories(deep + "/z/x").ok()) << "a file is in the way";
  EXPECT_FALSE(files_.CreateDirectories(deep + "/z").ok());
  ASSERT_TRUE(files_.Rename(deep + "/z", deep + "/y").ok());
  EXPECT_TRUE(*files_.Exists(deep + "/y"));
  EXPECT_FALSE(*files_.Exists(deep + "/z"));
  EXPECT_FALSE(*files_.Exists(deep + "/y/below-a-file"));
  ASSERT_TRUE(files_.RemoveRecursively(folder_.path() + "/a").ok());
  EXPECT_FALSE(*files_.Exists(folder_.path() + "/a"));
  EXPECT_TRUE(files_.RemoveRecursively(folder_.path() + "/a").ok());
}

TEST_F(FileSystemTest, RemovingDoesNotFollowLinks) {
  const std::string kept = folder_.path() + "/kept";
  ASSERT_TRUE(files_.WriteFileAtomically(kept, "").ok());
  ASSERT_TRUE(files_.CreateDirectories(folder_.path() + "/gone").ok());
  ASSERT_EQ(::symlink(folder_.path().c_str(), (folder_.path() + "/gone/link").c_str()), 0);
  ASSERT_TRUE(files_.RemoveRecursively(folder_.path() + "/gone").ok());
  EXPECT_TRUE(*files_.Exists(kept));
}

TEST_F(FileSystemTest, WritesPieceByPieceAndReadsAnywhere) {
  {
    auto file = *files_.CreateExclusively(file_);
    ASSERT_TRUE(file->Append("0123").ok());
    ASSERT_TRUE(file->Append("").ok());
    ASSERT_TRUE(file->Append("456789").ok());
    ASSERT_TRUE(file->Sync().ok());
    ASSERT_TRUE(file->Close().ok());
  }
  ASSERT_TRUE(files_.SyncDirectory(folder_.path()).ok());
  EXPECT_EQ(files_.CreateExclusively(file_).status().code(), StatusCode::kAlreadyExists);
  const auto file = *files_.OpenForReading(file_);
  EXPECT_EQ(file->size(), 10);
  char bytes[8] = {};
  EXPECT_EQ(*file->ReadAt(2, std::span(bytes, 3)), 3U);
  EXPECT_EQ(std::string_view(bytes, 3), "234");
  EXPECT_EQ(*file->ReadAt(7, bytes), 3U) << "the file ends there";
  EXPECT_EQ(std::string_view(bytes, 3), "789");
  EXPECT_EQ(*file->ReadAt(10, bytes), 0U);
}

TEST_F(FileSystemTest, PiecewiseErrorsNameThePath) {
  EXPECT_EQ(files_.OpenForReading(file_).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.OpenForReading(folder_.path()).status().code(), StatusCode::kIoError);
  EXPECT_EQ(files_.SyncDirectory(file_).code(), StatusCode::kNotFound);
  const Status status = files_.CreateExclusively(file_ + "/below").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), testing::HasSubstr(file_ + "/below"));
  const auto full = *files_.OpenForReading("/dev/null");
  EXPECT_EQ(full->size(), 0);
}

TEST_F(FileSystemTest, AFullDiskTakesWhatFits) {
  FaultInjectingFileSystem faults(files_);
  faults.SetFreeBytes(5);
  const auto file = *faults.CreateExclusively(file_);
  EXPECT_TRUE(file->Append("123").ok());
  const Status full = file->Append("4567");
  EXPECT_EQ(full.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(full.message(), testing::HasSubstr(file_));
  EXPECT_EQ(*files_.ReadFile(file_), "12345");
  EXPECT_EQ(faults.WriteFileAtomically(file_ + "2", "x", FileDurability::kNone).code(),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(*files_.List(folder_.path()), std::vector<std::string>{"file"});
}

TEST_F(FileSystemTest, AHookSeesEachStepAndFailsIt) {
  FaultInjectingFileSystem faults(files_);
  std::vector<FileAction> seen;
  faults.SetHook([&](const FileOperation& operation) {
    seen.push_back(operation.action);
    return operation.action == FileAction::kRename ? Status::IoError("no rename") : Status();
  });
  EXPECT_EQ(faults.WriteFileAtomically(file_, "x", FileDurability::kSynced).message(), "no rename");
  EXPECT_EQ(seen, (std::vector<FileAction>{FileAction::kCreate, FileAction::kAppend,
                                           FileAction::kSync, FileAction::kClose,
                                           FileAction::kRename, FileAction::kRemove}));
  EXPECT_TRUE(files_.List(folder_.path())->empty());
}

TEST_F(FileSystemTest, ADeadProcessLeavesWhatItHadDone) {
  FaultInjectingFileSystem faults(files_);
  faults.DieAfter(2);
  EXPECT_FALSE(faults.WriteFileAtomically(file_, "1234", FileDurability::kSynced).ok());
  EXPECT_TRUE(faults.dead());
  EXPECT_EQ(faults.Exists(file_).status().code(), StatusCode::kCanceled);
  faults.DieAfter(std::nullopt);
  EXPECT_FALSE(*faults.Exists(file_));
  const std::vector<std::string> left = *faults.List(folder_.path());
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(*files_.ReadFile(folder_.path() + "/" + left[0]), "12") << "half of the last append";
  ASSERT_TRUE(FlipBit(files_, folder_.path() + "/" + left[0], 9).ok());
  EXPECT_EQ(*files_.ReadFile(folder_.path() + "/" + left[0]), "10");
  ASSERT_TRUE(TruncateFile(files_, folder_.path() + "/" + left[0], 1).ok());
  EXPECT_EQ(*files_.ReadFile(folder_.path() + "/" + left[0]), "1");
}

TEST(TemporaryDirectoryTest, IsPrivateFreshAndGoesWithItsContent) {
  std::string path;
  {
    TemporaryDirectory first = *TemporaryDirectory::Create("weir-test-");
    const TemporaryDirectory second = *TemporaryDirectory::Create("weir-test-");
    EXPECT_NE(first.path(), second.path());
    path = first.path();
    EXPECT_THAT(path, testing::HasSubstr("/weir-test-"));
    struct stat status;
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700U);
    ASSERT_TRUE(LocalFileSystem().CreateDirectories(path + "/deep/er").ok());
    const TemporaryDirectory moved = std::move(first);
    EXPECT_EQ(moved.path(), path);
  }
  EXPECT_FALSE(*LocalFileSystem().Exists(path));
  EXPECT_EQ(TemporaryDirectory::Create("x", "/nowhere").status().code(), StatusCode::kNotFound);
}

TEST(SystemErrorTest, MapsNumbersToCodes) {
  EXPECT_EQ(SystemError("w", ENOENT).code(), StatusCode::kNotFound);
  EXPECT_EQ(SystemError("w", EEXIST).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(SystemError("w", ENOSPC).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(SystemError("w", ECONNREFUSED).code(), StatusCode::kUnavailable);
  EXPECT_EQ(SystemError("w", ETIMEDOUT).code(), StatusCode::kTimedOut);
  EXPECT_EQ(SystemError("w", EIO).code(), StatusCode::kIoError);
  EXPECT_EQ(SystemError("what", EIO).message(), "what: Input/output error");
  EXPECT_EQ(SystemError("w", EIO).domain(), ErrorDomain::kExternal);
}

TEST(UniqueFdTest, ClosesOnceAndMoves) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  UniqueFd moved = std::move(writer);
  EXPECT_EQ(moved.get(), ends[1]);
  moved = UniqueFd();
  EXPECT_FALSE(moved.valid());
  char byte;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0) << "the writing end is closed";
}

}  // namespace
}  // namespace weir
