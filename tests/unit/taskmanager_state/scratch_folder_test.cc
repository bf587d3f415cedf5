#include "taskmanager/scratch/scratch_folder.h"

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file_system.h"
#include "common/temporary_directory.h"

namespace weir::scratch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ScratchFolderTest : public testing::Test {
 protected:
  std::vector<std::string> Names() { return *LocalFileSystem().List(root_.path()); }
  void Put(const std::string& name) {
    ASSERT_TRUE(LocalFileSystem()
                    .WriteFileAtomically(root_.path() + "/" + name, "x", FileDurability::kNone)
                    .ok());
  }
  const TemporaryDirectory root_ = *TemporaryDirectory::Create();
};

TEST_F(ScratchFolderTest, GoesWithItsObject) {
  {
    const auto folder = ScratchFolder::Create(root_.path(), "a");
    ASSERT_TRUE(folder.ok()) << folder.status().ToString();
    Put("weir-worker-a/file");
    EXPECT_EQ(ScratchFolder::Create(root_.path(), "a").status().code(), StatusCode::kAlreadyExists);
  }
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(ScratchFolderTest, OnlyThoseOfDeadWorkersAreLeftovers) {
  const auto live = ScratchFolder::Create(root_.path(), "live");
  ASSERT_TRUE(live.ok());
  // What a killed worker leaves: its lock went with it.
  ASSERT_TRUE(LocalFileSystem().CreateDirectories(root_.path() + "/weir-worker-dead").ok());
  Put("weir-worker-dead/file");
  Put("weir-worker-dead.lock");
  // Not ours.
  ASSERT_TRUE(LocalFileSystem().CreateDirectories(root_.path() + "/weir-worker-notes").ok());
  Put("other.lock");
  const auto removed = ScratchFolder::RemoveLeftovers(root_.path());
  ASSERT_TRUE(removed.ok()) << removed.status().ToString();
  EXPECT_THAT(*removed, ElementsAre(root_.path() + "/weir-worker-dead"));
  EXPECT_THAT(Names(), UnorderedElementsAre("weir-worker-live", "weir-worker-live.lock",
                                            "weir-worker-notes", "other.lock"));
}

TEST_F(ScratchFolderTest, NothingIsLeftWhereThereNeverWasAnything) {
  const auto removed = ScratchFolder::RemoveLeftovers(root_.path() + "/none");
  ASSERT_TRUE(removed.ok());
  EXPECT_THAT(*removed, IsEmpty());
}

}  // namespace
}  // namespace weir::scratch
