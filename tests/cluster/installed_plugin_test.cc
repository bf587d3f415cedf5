// A plugin built outside the tree against the installed SDK, on a cluster of the installed
// programs.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/temporary_directory.h"
#include "tests/cluster/cluster_fixture.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;

class InstalledPluginTest : public ClusterTest {
 protected:
  void Run(const std::vector<std::string>& command) {
    const std::string output = folder_.path() + "/output.txt";
    test::ChildProcess process;
    ASSERT_TRUE(process.Start(command, folder_.path(), output).ok());
    const auto ended = process.Wait(180s);
    ASSERT_TRUE(ended.has_value()) << command.front() << " did not end";
    ASSERT_EQ(*ended, 0) << test::LastLines(output, 30);
  }
  // Every number that a worker printed: its lines end with the record.
  std::vector<std::int64_t> Printed() {
    std::vector<std::int64_t> numbers;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(cluster().directory())) {
      if (entry.path().extension() != ".out") continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        numbers.push_back(std::stoll(line.substr(line.rfind(' ') + 1)));
      }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::Create("weir-installed-");
};

TEST_F(InstalledPluginTest, RunsOnTheInstalledCluster) {
  const std::string prefix = folder_.path() + "/prefix";
  for (const char* component : {"sdk", "runtime"}) {
    Run({"cmake", "--install", BuildFolder(), "--component", component, "--prefix", prefix});
  }
  const std::string project = folder_.path() + "/project";
  std::filesystem::copy(WEIR_OUTSIDE_PROJECT, project);
  Run({"cmake", "-S", project, "-B", project + "/build", "-G", "Ninja",
       "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_PREFIX_PATH=" + prefix});
  Run({"cmake", "--build", project + "/build"});
  if (HasFatalFailure()) return;

  StartCluster({.program_folder = prefix + "/bin"});
  if (HasFatalFailure()) return;
  const std::string job =
      Submit({.plugin = project + "/build/outside_job.so", .entry = "squares", .parallelism = 4});
  WaitForState(job, "FINISHED");
  std::vector<std::int64_t> expected;
  for (std::int64_t number = 1; number <= 1000; ++number) expected.push_back(number * number);
  EXPECT_EQ(Printed(), expected);
}

}  // namespace
}  // namespace weir::cluster_test
