// Files of stores in checkpoints: referred to, counted, looked for, and removed when nobody needs
// them any more.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobmanager/checkpoint/checkpoint_metadata.h"
#include "jobmanager/checkpoint/state_assignment.h"
#include "tests/unit/jobmanager_checkpoint/checkpoint_store_fixture.h"

namespace weir::jobmanager {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

proto::StoreFile& AddStoreFile(proto::SubtaskState& subtask, const std::string& path) {
  if (subtask.stores().empty()) {
    proto::OperatorStore& store = *subtask.add_stores();
    store.set_operator_id("count");
    store.mutable_snapshot()->add_tables()->add_shards();
  }
  proto::StoreFile& file = *subtask.mutable_stores(0)
                                ->mutable_snapshot()
                                ->mutable_tables(0)
                                ->mutable_shards(0)
                                ->add_files();
  file.set_path(path);
  file.set_size_bytes(1);
  return file;
}

// Subtask 0 of "count" has these files in its store.
proto::CheckpointMetadata StoredMetadata(std::uint64_t id, const std::vector<std::string>& paths) {
  proto::CheckpointMetadata metadata = ExampleMetadata(id);
  for (const std::string& path : paths) {
    AddStoreFile(*metadata.mutable_vertices(1)->mutable_subtasks(0), path);
  }
  return metadata;
}

class StoredStateTest : public CheckpointStoreTest {
 protected:
  void CompleteStored(CompletedCheckpointStore& store, std::uint64_t id,
                      const std::vector<std::string>& paths) {
    WriteState(id);
    const auto added = store.Add(StoredMetadata(id, paths));
    ASSERT_TRUE(added.ok()) << added.status().ToString();
  }
};

TEST_F(StoredStateTest, MetadataWithStoresIsOfItsOwnVersionAndReadAgain) {
  const auto version_of = [](const proto::CheckpointMetadata& metadata) {
    return static_cast<int>(EncodeCheckpointMetadata(metadata).value()[8]);
  };
  EXPECT_EQ(version_of(ExampleMetadata(7)), 1) << "older versions still read it";
  const proto::CheckpointMetadata metadata = StoredMetadata(7, {"shared/7-a", "shared/6-b"});
  EXPECT_EQ(version_of(metadata), 2);
  const auto read = DecodeCheckpointMetadata(*EncodeCheckpointMetadata(metadata), "file");
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->SerializeAsString(), metadata.SerializeAsString());
  EXPECT_THAT(ReferencedFiles(metadata), Contains("shared/6-b"));
  EXPECT_EQ(StateSizeOf(metadata), StateSizeOf(ExampleMetadata(7)) + 2);
}

TEST_F(StoredStateTest, ContradictionsAreRefused) {
  EXPECT_THAT(CheckCheckpointMetadata(StoredMetadata(7, {"chk-7/a"})).message(),
              HasSubstr("'chk-7/a' is no path of a shared file"));
  proto::CheckpointMetadata metadata = StoredMetadata(7, {"shared/7-a"});
  auto& subtask = *metadata.mutable_vertices(1)->mutable_subtasks(0);
  *subtask.add_stores() = subtask.stores(0);
  EXPECT_THAT(CheckCheckpointMetadata(metadata).message(), HasSubstr("comes twice"));
  subtask.mutable_stores()->RemoveLast();
  subtask.mutable_stores(0)->set_operator_id("source");
  EXPECT_EQ(CheckCheckpointMetadata(metadata).code(), StatusCode::kCorruption);
}

TEST_F(StoredStateTest, FilesGoWithTheLastCheckpointThatHasThem) {
  CompletedCheckpointStore store(folder_, 1);
  Put("shared/1-a");
  Put("shared/1-b");
  Put("shared/2-c");
  CompleteStored(store, 1, {"shared/1-a", "shared/1-b"});
  CompleteStored(store, 2, {"shared/1-b", "shared/2-c"});
  EXPECT_THAT(Names("/shared"), ElementsAre("1-b", "2-c"));
}

TEST_F(StoredStateTest, AnAbortedCheckpointTakesItsUploadsAndNothingElse) {
  CompletedCheckpointStore store(folder_, 1);
  Put("shared/1-a");
  CompleteStored(store, 1, {"shared/1-a"});
  WriteState(2);
  Put("shared/2-b");
  Put("shared/20-c");
  EXPECT_THAT(store.Abort(2), IsEmpty());
  EXPECT_THAT(Names("/shared"), ElementsAre("1-a", "20-c"));
}

TEST_F(StoredStateTest, UploadsThatCannotBeRemovedAreTriedAgain) {
  CompletedCheckpointStore store(folder_, 1);
  WriteState(2);
  Put("shared/2-b");
  files_.SetHook([](const FileOperation& operation) {
    const bool fails = operation.action == FileAction::kRemove &&
                       operation.path.find("/shared/") != std::string::npos;
    return fails ? Status::IoError("injected") : Status::Ok();
  });
  EXPECT_FALSE(store.Abort(2).empty());
  files_.SetHook(nullptr);
  EXPECT_THAT(store.Abort(3), IsEmpty());
  EXPECT_THAT(Names("/shared"), IsEmpty());
}

TEST_F(StoredStateTest, AFailedCompletionTakesItsUploads) {
  CompletedCheckpointStore store(folder_, 1);
  Put("shared/1-a");
  CompleteStored(store, 1, {"shared/1-a"});
  WriteState(2);
  Put("shared/2-b");
  EXPECT_FALSE(store.Add(StoredMetadata(2, {"shared/1-a", "elsewhere/x"})).ok());
  EXPECT_THAT(Names("/shared"), ElementsAre("1-a"));
}

TEST_F(StoredStateTest, AMissingFileMakesTheOneBeforeBeRestored) {
  CompletedCheckpointStore store(folder_, 2);
  Put("shared/1-a");
  Put("shared/2-b");
  CompleteStored(store, 1, {"shared/1-a"});
  CompleteStored(store, 2, {"shared/1-a", "shared/2-b"});
  ASSERT_TRUE(local_.RemoveRecursively(folder_.directory() + "/shared/2-b").ok());
  const auto latest = store.LatestRestorable();
  ASSERT_TRUE(latest.ok()) << latest.status().ToString();
  EXPECT_EQ((*latest)->checkpoint_id, 1U);
  EXPECT_THAT(store.checkpoints().back().problem.message(), HasSubstr("shared/2-b"));
}

TEST_F(StoredStateTest, EachNewSubtaskHearsOfTheStoresThatItHasAPartOf) {
  proto::CheckpointMetadata metadata = ExampleMetadata(7);
  for (int i = 0; i < 2; ++i) {
    auto& subtask = *metadata.mutable_vertices(1)->mutable_subtasks(i);
    subtask.clear_handles();
    AddStoreFile(subtask, "shared/7-" + std::to_string(i));
  }
  const auto assigned = AssignState(metadata, "/dir/job", ExampleGraph(4));
  ASSERT_TRUE(assigned.ok()) << assigned.status().ToString();
  for (std::uint32_t i = 0; i < 4; ++i) {
    const proto::TaskRestore& restore = *assigned->RestoreOf(1, i);
    ASSERT_EQ(restore.sources_size(), 1) << i;
    EXPECT_EQ(restore.sources(0).stores(0).snapshot().tables(0).shards(0).files(0).path(),
              "shared/7-" + std::to_string(i / 2));
  }
}

}  // namespace
}  // namespace weir::jobmanager
