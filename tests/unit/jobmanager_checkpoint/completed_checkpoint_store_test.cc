#include "jobmanager/checkpoint/completed_checkpoint_store.h"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crc32c.h"
#include "tests/unit/jobmanager_checkpoint/checkpoint_store_fixture.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// ---- completing ----

TEST_F(CheckpointStoreTest, KeepsTheNewestAndRemovesWhatTheySubsume) {
  CompletedCheckpointStore store(folder_, 2);
  Complete(store, 1);
  Complete(store, 3);
  EXPECT_THAT(Ids(store), ElementsAre(1, 3));
  Put("shared/a");
  Complete(store, 4);
  EXPECT_THAT(Ids(store), ElementsAre(3, 4));
  EXPECT_THAT(Names(), ElementsAre("_owner", "chk-3", "chk-4", "shared", "taskowned"));
  EXPECT_THAT(Names("/chk-4"), ElementsAre("_metadata", "part-0", "part-1"));
  const CompletedCheckpoint latest = **store.LatestRestorable();
  EXPECT_EQ(latest.checkpoint_id, 4U);
  EXPECT_EQ(latest.path, folder_.PathOf(4));
  EXPECT_EQ(latest.directory, folder_.directory());
  EXPECT_EQ(store.highest_checkpoint_id(), 4U);
}

TEST_F(CheckpointStoreTest, SharedFilesGoWithTheirLastCheckpoint) {
  CompletedCheckpointStore store(folder_, 1);
  const auto complete = [&](std::uint64_t id, const std::string& path) {
    WriteState(id);
    proto::CheckpointMetadata metadata = ExampleMetadata(id);
    auto& handle = *metadata.mutable_vertices(1)->mutable_subtasks(0)->add_handles();
    handle.mutable_file()->set_path(path);
    handle.mutable_file()->set_size_bytes(1);
    ASSERT_TRUE(store.Add(metadata).ok());
  };
  Put("shared/a");
  Put("shared/b");
  complete(1, "shared/a");
  complete(2, "shared/a");
  EXPECT_THAT(Names("/shared"), ElementsAre("a", "b"));
  complete(3, "shared/b");
  EXPECT_THAT(Names("/shared"), ElementsAre("b"));
}

TEST_F(CheckpointStoreTest, AFailedCompletionIsNoCheckpointAndLeavesNothing) {
  CompletedCheckpointStore store(folder_, 1);
  Complete(store, 1);
  for (const FileAction action :
       {FileAction::kCreate, FileAction::kAppend, FileAction::kSync, FileAction::kClose,
        FileAction::kRename, FileAction::kSyncDirectory}) {
    WriteState(2);
    files_.SetHook([&](const FileOperation& operation) {
      return operation.action == action ? Status::IoError("broken " + operation.path) : Status();
    });
    const Status status = store.Add(ExampleMetadata(2)).status();
    EXPECT_EQ(status.code(), StatusCode::kIoError) << static_cast<int>(action);
    EXPECT_THAT(status.message(), HasSubstr("checkpoint 2"));
    EXPECT_THAT(status.message(), HasSubstr("chk-2"));
    files_.SetHook({});
    EXPECT_THAT(Ids(store), ElementsAre(1));
    EXPECT_THAT(store.Abort(2), IsEmpty());
    EXPECT_THAT(Names(), ElementsAre("_owner", "chk-1", "shared", "taskowned"));
  }
}

TEST_F(CheckpointStoreTest, WhatCannotBeRemovedIsTriedAgain) {
  CompletedCheckpointStore store(folder_, 1);
  Complete(store, 1);
  WriteState(2);
  files_.SetHook([](const FileOperation& operation) {
    return operation.action == FileAction::kRemove ? Status::IoError("busy") : Status();
  });
  const auto added = store.Add(ExampleMetadata(2));
  ASSERT_TRUE(added.ok()) << "clean-up does not fail a checkpoint";
  EXPECT_THAT(added->subsumed, ElementsAre(1));
  ASSERT_EQ(added->cleanup_failures.size(), 1U);
  EXPECT_THAT(added->cleanup_failures[0].message(), HasSubstr("checkpoint 1"));
  EXPECT_THAT(Ids(store), ElementsAre(2));
  files_.SetHook({});
  EXPECT_THAT(store.Abort(3), IsEmpty());
  EXPECT_THAT(Names(), ElementsAre("_owner", "chk-2", "shared", "taskowned"));
}

TEST_F(CheckpointStoreTest, HalfRemovedIsNoCheckpoint) {
  CompletedCheckpointStore store(folder_, 1);
  Complete(store, 1);
  WriteState(2);
  // Dies in the middle of removing checkpoint 1's folder, behind its metadata.
  std::uint64_t removals = 0;
  files_.SetHook([&](const FileOperation& operation) {
    if (operation.action == FileAction::kRemove && ++removals == 2) {
      return Status::IoError("died");
    }
    return Status();
  });
  ASSERT_TRUE(store.Add(ExampleMetadata(2)).ok());
  files_.SetHook({});
  EXPECT_THAT(Names("/chk-1"), ElementsAre("part-0", "part-1"));
  CompletedCheckpointStore next(folder_, 1);
  ASSERT_TRUE(next.Recover().ok());
  EXPECT_THAT(Ids(next), ElementsAre(2));
}

// ---- recovery and fall-back ----

TEST_F(CheckpointStoreTest, RecoversWhatTheFolderHas) {
  {
    CompletedCheckpointStore store(folder_, 3);
    Complete(store, 9);
    Complete(store, 10);
    WriteState(11);
  }
  CompletedCheckpointStore store(folder_, 3);
  const auto problems = store.Recover({8, 10});
  ASSERT_TRUE(problems.ok());
  EXPECT_THAT(Ids(store), ElementsAre(9, 10)) << "by number, not by name";
  ASSERT_EQ(problems->size(), 1U);
  EXPECT_THAT((*problems)[0].message(), HasSubstr("chk-8' is gone"));
  EXPECT_EQ(store.highest_checkpoint_id(), 11U);
  EXPECT_EQ((*store.LatestRestorable())->checkpoint_id, 10U);
  EXPECT_TRUE(CheckpointFolder(files_, temporary_.path(), Owner(2)).Claim().ok());
}

TEST_F(CheckpointStoreTest, FallsBackToThePreviousOne) {
  CompletedCheckpointStore store(folder_, 3);
  for (const std::uint64_t id : {1, 2, 3}) Complete(store, id);
  ASSERT_TRUE(local_.RemoveRecursively(folder_.PathOf(3) + "/part-1").ok());
  EXPECT_EQ((*store.LatestRestorable())->checkpoint_id, 2U);
  EXPECT_THAT(store.checkpoints().back().problem.message(), HasSubstr("chk-3/part-1"));
  store.MarkUnrestorable(2, Status::Corruption("'chk-2/part-0' is damaged"));
  EXPECT_EQ((*store.LatestRestorable())->checkpoint_id, 1U);
  store.MarkUnrestorable(1, Status::Corruption("'chk-1/part-0' is damaged"));
  const Status none = store.LatestRestorable().status();
  EXPECT_FALSE(none.ok()) << "never afresh";
  EXPECT_THAT(none.message(), HasSubstr("chk-3/part-1"));
}

TEST_F(CheckpointStoreTest, DamagedMetadataIsPassedOver) {
  {
    CompletedCheckpointStore store(folder_, 3);
    for (const std::uint64_t id : {1, 2}) Complete(store, id);
  }
  ASSERT_TRUE(FlipBit(local_, folder_.PathOf(2) + "/_metadata", 300).ok());
  CompletedCheckpointStore store(folder_, 3);
  const auto problems = store.Recover();
  ASSERT_EQ(problems->size(), 1U);
  EXPECT_THAT((*problems)[0].message(), HasSubstr("chk-2/_metadata"));
  EXPECT_EQ((*store.LatestRestorable())->checkpoint_id, 1U);
  // It is no orphan: somebody may want to look at it, until enough newer ones are there.
  EXPECT_THAT(*store.RemoveOrphans(), IsEmpty());
  for (const std::uint64_t id : {3, 4}) Complete(store, id);
  EXPECT_THAT(Ids(store), ElementsAre(1, 2, 3, 4));
  Complete(store, 5);
  EXPECT_THAT(Ids(store), ElementsAre(3, 4, 5));
  EXPECT_FALSE(*local_.Exists(folder_.PathOf(2)));
}

TEST_F(CheckpointStoreTest, TheUnusableDoNotPushOutTheUsable) {
  CompletedCheckpointStore store(folder_, 2);
  Complete(store, 1);
  Complete(store, 2);
  store.MarkUnrestorable(2, Status::Corruption("damaged"));
  Complete(store, 3);
  EXPECT_THAT(Ids(store), ElementsAre(1, 2, 3)) << "1 is what remains if 3 is damaged too";
  Complete(store, 4);
  EXPECT_THAT(Ids(store), ElementsAre(3, 4));
}

TEST_F(CheckpointStoreTest, AFileSystemThatFailsIsNotDamage) {
  CompletedCheckpointStore store(folder_, 3);
  Complete(store, 1);
  Complete(store, 2);
  files_.SetHook([](const FileOperation& operation) {
    return operation.action == FileAction::kLook ? Status::IoError("no answer") : Status();
  });
  EXPECT_EQ(store.LatestRestorable().status().code(), StatusCode::kIoError);
  files_.SetHook({});
  EXPECT_EQ((*store.LatestRestorable())->checkpoint_id, 2U);
}

TEST_F(CheckpointStoreTest, ANewerFormatIsRefusedAndNotPassedOver) {
  {
    CompletedCheckpointStore store(folder_, 3);
    for (const std::uint64_t id : {1, 2}) Complete(store, id);
  }
  // Version 4, with its checksum.
  const std::string path = folder_.PathOf(2) + "/_metadata";
  std::string bytes = *local_.ReadFile(path);
  bytes[8] = 4;
  const std::uint32_t checksum = Crc32c(std::string_view(bytes).substr(0, 12));
  std::memcpy(bytes.data() + 12, &checksum, sizeof checksum);
  Put("chk-2/_metadata", bytes);
  CompletedCheckpointStore store(folder_, 3);
  const Status status = store.Recover().status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(path));
}

TEST_F(CheckpointStoreTest, WithoutAnyCheckpointThereIsNone) {
  CompletedCheckpointStore store(folder_, 1);
  EXPECT_THAT(*store.Recover(), IsEmpty());
  EXPECT_EQ(*store.LatestRestorable(), std::nullopt);
  EXPECT_EQ(store.highest_checkpoint_id(), 0U);
}

// ---- the user's checkpoint ----

class InitialCheckpointTest : public CheckpointStoreTest {
 protected:
  // Checkpoint 41 of another job, canceled and retained.
  InitialCheckpointTest() {
    CheckpointOwner owner = Owner(1);
    owner.job_id = "0000000000000000000000000000000f";
    CheckpointFolder other(files_, temporary_.path(), owner);
    EXPECT_TRUE(other.Claim().ok());
    EXPECT_TRUE(other.CreateCheckpoint(41).ok());
    path_ = other.PathOf(41);
    for (const char* part : {"/part-0", "/part-1"}) {
      EXPECT_TRUE(local_.WriteFileAtomically(path_ + part, "1234").ok());
    }
    EXPECT_TRUE(other.Complete(ExampleMetadata(41)).ok());
    other_directory_ = other.directory();
  }
  std::string path_;
  std::string other_directory_;
};

TEST_F(InitialCheckpointTest, IsRestoredFromAndNeverRemoved) {
  for (const std::string& path : {path_, path_ + "/", path_ + "/_metadata", "file://" + path_}) {
    CompletedCheckpointStore store(folder_, 1);
    const auto initial = store.AddInitial(path);
    ASSERT_TRUE(initial.ok()) << initial.status().ToString();
    EXPECT_FALSE(initial->owned);
    EXPECT_EQ(initial->directory, other_directory_);
    EXPECT_EQ(initial->path, path_);
    EXPECT_EQ((*store.LatestRestorable())->checkpoint_id, 41U);
    EXPECT_EQ(store.highest_checkpoint_id(), 41U) << "the job's own numbers follow";
  }
  CompletedCheckpointStore store(folder_, 1);
  ASSERT_TRUE(store.AddInitial(path_).ok());
  Complete(store, 42);
  EXPECT_THAT(Ids(store), ElementsAre(42));
  EXPECT_THAT(*store.RemoveOrphans(), IsEmpty());
  EXPECT_THAT(store.EndJob(JobEnd::kFinished, CheckpointRetention::kNone), IsEmpty());
  EXPECT_EQ(*local_.List(path_), (std::vector<std::string>{"_metadata", "part-0", "part-1"}));
}

TEST_F(InitialCheckpointTest, StaysTheFallBackUntilEnoughOthersAreThere) {
  {
    CompletedCheckpointStore store(folder_, 2);
    ASSERT_TRUE(store.AddInitial(path_).ok());
    Complete(store, 42);
    EXPECT_THAT(Ids(store), ElementsAre(41, 42));
    store.MarkUnrestorable(42, Status::Corruption("damaged"));
    EXPECT_EQ((*store.LatestRestorable())->checkpoint_id, 41U);
    Complete(store, 43);
    Complete(store, 44);
    EXPECT_THAT(Ids(store), ElementsAre(43, 44));
  }
  // A JobMaster that takes over knows the job's start only.
  CompletedCheckpointStore store(folder_, 2);
  ASSERT_TRUE(store.Recover().ok());
  ASSERT_TRUE(store.AddInitial(path_).ok());
  EXPECT_THAT(Ids(store), ElementsAre(43, 44));
}

TEST_F(InitialCheckpointTest, PathsThatAreNoCheckpointAreRefused) {
  CompletedCheckpointStore store(folder_, 1);
  EXPECT_EQ(store.AddInitial("chk-41").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store.AddInitial("s3://b/chk-41").status().code(), StatusCode::kUnsupported);
  const Status missing = store.AddInitial(path_ + "x").status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr(path_ + "x"));
  const Status job = store.AddInitial(other_directory_).status();
  EXPECT_EQ(job.code(), StatusCode::kNotFound);
  EXPECT_THAT(job.message(), HasSubstr("name one of chk-41"));
  EXPECT_THAT(store.AddInitial(folder_.directory() + "/shared").status().message(),
              HasSubstr("no completed checkpoint"));
  Complete(store, 1);
  EXPECT_EQ(store.AddInitial(folder_.PathOf(1)).status().code(), StatusCode::kInvalidArgument);
}

// ---- orphans and the end ----

TEST_F(CheckpointStoreTest, FindsOrphansAndNothingElse) {
  CompletedCheckpointStore store(folder_, 2);
  for (const std::uint64_t id : {4, 5}) Complete(store, id);
  const std::vector<std::string> strangers = {"README",         "chk-x/file", "chk-03/file",
                                              "taskowned/file", "sharedfile", "_owner.old"};
  for (const std::string& path : strangers) Put(path);
  Put("chk-3/part-0");             // was aborted
  Put("chk-6/part-0");             // is under way
  Put("chk-7/part-0");             // nobody knows
  Put("chk-5/late");               // of an attempt that had been given up
  Put("chk-5/_metadata.1.2.tmp");  // somebody died over it
  Put("_owner.1.2.tmp");
  Put("shared/unreferenced");
  const std::string& directory = folder_.directory();
  EXPECT_THAT(
      *store.RemoveOrphans({6}),
      UnorderedElementsAre(directory + "/chk-3", directory + "/chk-7", directory + "/chk-5/late",
                           directory + "/_owner.1.2.tmp", directory + "/chk-5/_metadata.1.2.tmp"))
      << "a checkpoint under way may refer to any shared file";
  EXPECT_THAT(*store.RemoveOrphans(),
              UnorderedElementsAre(directory + "/chk-6", directory + "/shared/unreferenced"));
  EXPECT_THAT(*store.RemoveOrphans(), IsEmpty());
  for (const std::string& path : strangers) {
    EXPECT_TRUE(*local_.Exists(directory + "/" + path)) << path;
  }
  for (const std::uint64_t id : {4, 5}) {
    EXPECT_THAT(Names("/" + CheckpointFolderName(id)),
                ElementsAre("_metadata", "part-0", "part-1"));
  }
}

struct EndCase {
  JobEnd end;
  CheckpointRetention retention;
  bool kept;
};

TEST_F(CheckpointStoreTest, TheEndKeepsOrRemovesByRetention) {
  using enum JobEnd;
  using enum CheckpointRetention;
  const std::vector<EndCase> cases = {{kFinished, kNone, false},
                                      {kFinished, kDeleteOnCancellation, false},
                                      {kFinished, kRetainOnCancellation, false},
                                      {kCanceled, kNone, false},
                                      {kCanceled, kDeleteOnCancellation, false},
                                      {kCanceled, kRetainOnCancellation, true},
                                      {kFailed, kNone, false},
                                      {kFailed, kDeleteOnCancellation, true},
                                      {kFailed, kRetainOnCancellation, true},
                                      {kSuspended, kNone, true},
                                      {kSuspended, kDeleteOnCancellation, true},
                                      {kSuspended, kRetainOnCancellation, true}};
  for (const EndCase& each : cases) {
    SCOPED_TRACE(Concat(static_cast<int>(each.end), " ", static_cast<int>(each.retention)));
    ASSERT_TRUE(folder_.Claim().ok());
    CompletedCheckpointStore store(folder_, 2);
    Complete(store, 1);
    Complete(store, 2);
    WriteState(3);
    EXPECT_THAT(store.Abort(3), IsEmpty());
    EXPECT_THAT(store.EndJob(each.end, each.retention), IsEmpty());
    EXPECT_THAT(store.checkpoints(), IsEmpty());
    EXPECT_EQ(*local_.Exists(folder_.directory()), each.kept);
    if (!each.kept) continue;
    EXPECT_THAT(Names(), ElementsAre("_owner", "chk-1", "chk-2", "shared", "taskowned"));
    ASSERT_TRUE(local_.RemoveRecursively(folder_.directory()).ok());
  }
}

TEST_F(CheckpointStoreTest, TheEndLeavesAStrangersFile) {
  CompletedCheckpointStore store(folder_, 2);
  Complete(store, 1);
  Put("notes");
  EXPECT_THAT(store.EndJob(JobEnd::kFinished, CheckpointRetention::kNone), IsEmpty());
  EXPECT_THAT(Names(), ElementsAre("_owner", "notes", "shared", "taskowned"));
}

TEST_F(CheckpointStoreTest, StateNamesAreDurableBeforeTheMetadata) {
  CompletedCheckpointStore store(folder_, 1);
  std::vector<std::string> steps;
  files_.SetHook([&](const FileOperation& operation) {
    const std::string name = operation.path.substr(operation.path.rfind('/') + 1);
    if (operation.action == FileAction::kSyncDirectory) steps.push_back("sync " + name);
    if (operation.action == FileAction::kRename) steps.push_back("rename " + name);
    return Status();
  });
  Complete(store, 1);
  EXPECT_THAT(steps, ElementsAre(Concat("sync ", kJob), "sync chk-1", "sync shared",
                                 "rename _metadata", "sync chk-1"));
}

}  // namespace
}  // namespace weir::jobmanager
