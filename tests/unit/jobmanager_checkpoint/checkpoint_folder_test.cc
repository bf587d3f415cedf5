#include "jobmanager/checkpoint/checkpoint_folder.h"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/jobmanager_checkpoint/checkpoint_store_fixture.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using CheckpointFolderTest = CheckpointStoreTest;

TEST(CheckpointPathTest, SettingsArePathsOrFileUris) {
  EXPECT_EQ(*CheckpointDirectoryOf("/a/b/"), "/a/b");
  EXPECT_EQ(*CheckpointDirectoryOf("file:///a/b"), "/a/b");
  for (const char* wrong : {"", "a/b", "file://host/a", "~/a"}) {
    EXPECT_EQ(CheckpointDirectoryOf(wrong).status().code(), StatusCode::kInvalidArgument) << wrong;
  }
  const Status s3 = CheckpointDirectoryOf("s3://bucket/a").status();
  EXPECT_EQ(s3.code(), StatusCode::kUnsupported);
  EXPECT_THAT(s3.message(), HasSubstr("execution.checkpointing.dir"));
  EXPECT_THAT(s3.message(), HasSubstr("s3://bucket/a"));
}

TEST(CheckpointPathTest, OnlyOurOwnNamesAreNumbers) {
  EXPECT_EQ(CheckpointIdOf("chk-7"), 7U);
  EXPECT_EQ(CheckpointIdOf(CheckpointFolderName(UINT64_MAX)), UINT64_MAX);
  for (const char* other : {"chk-", "chk-07", "chk-7x", "chk--7", "chk-+7", "xchk-7", "7"}) {
    EXPECT_EQ(CheckpointIdOf(other), std::nullopt) << other;
  }
}

TEST_F(CheckpointFolderTest, ClaimMakesTheFolder) {
  EXPECT_THAT(Names(), ElementsAre("_owner", "shared", "taskowned"));
  EXPECT_TRUE(folder_.Claim().ok()) << "again, by the same";
}

TEST_F(CheckpointFolderTest, OneFolderHasOneOwner) {
  const auto claim = [&](const CheckpointOwner& owner) {
    return CheckpointFolder(files_, temporary_.path(), owner).Claim();
  };
  EXPECT_TRUE(claim(Owner(2, "t")).ok()) << "the job's next JobMaster takes it over";
  for (const auto& refused : {claim(Owner(1)), claim(Owner(2, "u")), claim(Owner(3, "s", "other")),
                              folder_.CheckOwner()}) {
    EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(refused.message(), HasSubstr(folder_.directory()));
  }
  EXPECT_THAT(claim(Owner(3, "s", "other")).message(), HasSubstr("belongs to cluster 'c'"));
}

TEST_F(CheckpointFolderTest, AnEarlierOwnerTouchesNothingAnyMore) {
  CompletedCheckpointStore store(folder_, 1);
  Complete(store, 1);
  WriteState(2);
  CheckpointFolder next(files_, temporary_.path(), Owner(2, "t"));
  ASSERT_TRUE(next.Claim().ok());
  const std::vector<std::string> before = Names();
  EXPECT_EQ(store.Add(ExampleMetadata(2)).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(store.Abort(2).empty());
  EXPECT_FALSE(store.RemoveOrphans().ok());
  EXPECT_FALSE(folder_.CreateCheckpoint(3).ok());
  EXPECT_FALSE(store.EndJob(JobEnd::kFinished, CheckpointRetention::kNone).empty());
  EXPECT_EQ(Names(), before);
  EXPECT_EQ(Names("/chk-2"), (std::vector<std::string>{"part-0", "part-1"}));
}

TEST_F(CheckpointFolderTest, AFolderThatCannotBeUsedIsRefusedBeforeTheJobStarts) {
  ASSERT_TRUE(local_.WriteFileAtomically(temporary_.path() + "/file", "").ok());
  const Status in_the_way = CheckpointFolder(local_, temporary_.path() + "/file", Owner(1)).Claim();
  EXPECT_FALSE(in_the_way.ok());
  EXPECT_THAT(in_the_way.message(), HasSubstr(temporary_.path() + "/file"));
  EXPECT_FALSE(CheckpointFolder(local_, "/proc/checkpoints", Owner(1)).Claim().ok());
  files_.SetFreeBytes(0);
  EXPECT_EQ(CheckpointFolder(files_, temporary_.path() + "/new", Owner(1)).Claim().code(),
            StatusCode::kResourceExhausted);
  files_.SetFreeBytes(std::nullopt);
  Put("_owner", "what is this\n");
  EXPECT_EQ(folder_.Claim().code(), StatusCode::kCorruption);
}

TEST_F(CheckpointFolderTest, AFolderRemovedUnderTheJobIsNoticed) {
  ASSERT_TRUE(local_.RemoveRecursively(folder_.directory()).ok());
  const Status status = folder_.CreateCheckpoint(1);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("removed while the job ran"));
}

TEST_F(CheckpointFolderTest, ACheckpointFolderStartsEmpty) {
  CompletedCheckpointStore store(folder_, 1);
  Put("chk-1/left-over");
  ASSERT_TRUE(folder_.CreateCheckpoint(1).ok());
  EXPECT_THAT(Names("/chk-1"), IsEmpty());
  Complete(store, 2);
  EXPECT_EQ(folder_.CreateCheckpoint(2).code(), StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace weir::jobmanager
