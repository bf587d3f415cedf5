#include "common/worker_programs.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "common/temporary_directory.h"

namespace weir {
namespace {

TEST(WorkerPrograms, FindsTheInstalledOnes) {
  const auto directory = TemporaryDirectory::Create();
  ASSERT_TRUE(directory.ok());
  const std::string root = directory->path();
  EXPECT_TRUE(FindWorkerPrograms(root + "/bin").empty());
  for (const char* folder : {"bin", "lib/weir/abi-1", "lib/weir/abi-2", "lib/weir/abi-x"}) {
    std::filesystem::create_directories(root + "/" + folder);
  }
  std::ofstream(root + "/lib/weir/abi-1/weir-worker") << "";
  std::ofstream(root + "/lib/weir/abi-x/weir-worker") << "";
  const auto programs = FindWorkerPrograms(root + "/bin");
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(programs.begin()->first, 1u);
}

TEST(WorkerPrograms, KnowsItsOwnFolder) {
  EXPECT_TRUE(std::filesystem::exists(FolderOfThisProgram() + "/weir_common_test"));
}

}  // namespace
}  // namespace weir
