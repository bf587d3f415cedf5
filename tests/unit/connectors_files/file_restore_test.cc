#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weir/connectors/files.h>

#include "tests/unit/connectors_files/compressed_bytes.h"
#include "tests/unit/connectors_files/temporary_directory.h"
#include "tests/unit/sdk/source_simulation.h"
#include "tests/unit/test_seed.h"

namespace weir::files {
namespace {

using ::testing::IsEmpty;

// Readers are lost, all of them stop and go on as others: each line is read once, in files that are
// cut into splits and in one that cannot be.
TEST(FileSourceThatFails, ReadsEachLineOnce) {
  const TemporaryDirectory directory;
  std::vector<std::string> expected;
  for (int file = 0; file < 4; ++file) {
    std::string text;
    for (int line = 0; line < 3'000; ++line) {
      expected.push_back("file " + std::to_string(file) + " line " + std::to_string(line));
      text += expected.back() + "\n";
    }
    const std::string name = "in/" + std::to_string(file) + (file == 0 ? ".txt.gz" : ".txt");
    directory.Write(name, file == 0 ? Gzipped(text) : text);
  }
  std::sort(expected.begin(), expected.end());
  const auto source = TextFileSource().Path(directory.path("in")).SplitBytes(8'000);
  const std::uint64_t first_seed = TestSeed();
  for (std::uint64_t seed = first_seed; seed < first_seed + 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    weir::testing::SourceSimulation simulation(source, seed);
    auto lines = simulation.Run(/*failures=*/8);
    ASSERT_TRUE(lines.ok()) << lines.status().ToString();
    std::sort(lines->begin(), lines->end());
    std::vector<std::string> missing;
    std::set_difference(expected.begin(), expected.end(), lines->begin(), lines->end(),
                        std::back_inserter(missing));
    std::vector<std::string> too_many;
    std::set_difference(lines->begin(), lines->end(), expected.begin(), expected.end(),
                        std::back_inserter(too_many));
    ASSERT_THAT(missing, IsEmpty());
    ASSERT_THAT(too_many, IsEmpty());
  }
}

}  // namespace
}  // namespace weir::files
