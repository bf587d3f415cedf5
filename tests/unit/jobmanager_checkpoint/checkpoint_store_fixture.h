// A job's checkpoint folder on the local disk, with faults, and what workers would write into it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/fault_injecting_file_system.h"
#include "common/temporary_directory.h"
#include "common/text.h"
#include "jobmanager/checkpoint/completed_checkpoint_store.h"
#include "tests/unit/jobmanager_checkpoint/example_metadata.h"

namespace weir::jobmanager {

inline constexpr char kJob[] = "00000000000000000000000000000001";

inline CheckpointOwner Owner(std::uint64_t epoch, const std::string& session = "s",
                             const std::string& cluster = "c") {
  return {.cluster_id = cluster, .job_id = kJob, .job_epoch = epoch, .leader_session = session};
}

class CheckpointStoreTest : public testing::Test {
 protected:
  CheckpointStoreTest() { EXPECT_TRUE(folder_.Claim().ok()); }

  // What the workers do between CreateCheckpoint() and Add().
  void WriteState(std::uint64_t id, const std::string& content = "1234") {
    ASSERT_TRUE(folder_.CreateCheckpoint(id).ok());
    for (const char* part : {"part-0", "part-1"}) {
      ASSERT_TRUE(local_
                      .WriteFileAtomically(Concat(folder_.PathOf(id), "/", part), content,
                                           FileDurability::kNone)
                      .ok());
    }
  }
  void Complete(CompletedCheckpointStore& store, std::uint64_t id) {
    WriteState(id);
    const auto added = store.Add(ExampleMetadata(id));
    ASSERT_TRUE(added.ok()) << added.status().ToString();
    EXPECT_THAT(added->cleanup_failures, testing::IsEmpty());
  }
  static std::vector<std::uint64_t> Ids(const CompletedCheckpointStore& store) {
    std::vector<std::uint64_t> ids;
    for (const CompletedCheckpoint& each : store.checkpoints()) ids.push_back(each.checkpoint_id);
    return ids;
  }
  std::vector<std::string> Names(const std::string& below = "") {
    return *local_.List(folder_.directory() + below);
  }
  void Put(const std::string& path, const std::string& content = "x") {
    const std::string whole = Concat(folder_.directory(), "/", path);
    ASSERT_TRUE(local_.CreateDirectories(whole.substr(0, whole.rfind('/'))).ok());
    ASSERT_TRUE(local_.WriteFileAtomically(whole, content, FileDurability::kNone).ok());
  }

  FileSystem& local_ = LocalFileSystem();
  const TemporaryDirectory temporary_ = *TemporaryDirectory::Create();
  FaultInjectingFileSystem files_{local_};
  CheckpointFolder folder_{files_, temporary_.path(), Owner(1)};
};

}  // namespace weir::jobmanager
