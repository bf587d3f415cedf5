// Whole jobs from files to files, on a cluster in one process.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/connectors/files.h>
#include <weir/formats/csv.h>
#include <weir/formats/json.h>

#include "tests/unit/connectors_files/temporary_directory.h"

namespace weir::files {

struct Order {
  std::int64_t id = 0;
  std::string customer;
  std::optional<double> discount;
};
WEIR_FIELDS(Order, id, customer, discount)

namespace {

// The lines of all finished files below a directory, in order of their text.
std::vector<std::string> FinishedLines(const TemporaryDirectory& directory,
                                       const std::string& below) {
  std::vector<std::string> lines;
  for (const auto& [name, content] : directory.Content()) {
    if (!name.starts_with(below + "/")) continue;
    EXPECT_EQ(name.find("inprogress"), std::string::npos) << name;
    std::istringstream in(content);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

void RunJob(StreamExecutionEnvironment& env) {
  const auto result = env.ExecuteLocal("files");
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  ASSERT_EQ(result->final_state, "FINISHED") << result->failure.ToString();
}

TEST(FileJob, ReadsMapsAndWritesEachLineOnce) {
  const TemporaryDirectory directory;
  std::vector<std::string> expected;
  for (int file = 0; file < 3; ++file) {
    std::string text;
    for (int i = 0; i < 5'000; ++i) {
      const std::string line = std::to_string(file) + "-" + std::to_string(i);
      text += line + "\n";
      expected.push_back("mapped " + line);
    }
    directory.Write("in/" + std::to_string(file), text);
  }
  const char* const argument = "test";
  StreamExecutionEnvironment env(1, &argument);
  env.SetParallelism(2);
  env.FromSource(TextFileSource().Path(directory.path("in")).SplitBytes(10'000))
      .Map([](const std::string& line) { return "mapped " + line; })
      .SinkTo(FileSink(TextFormat(), directory.path("out")).RollAtBytes(20'000));
  RunJob(env);
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(FinishedLines(directory, "out"), expected);
  EXPECT_GT(directory.Content().size(), 3u + 8) << "parts were rolled";
}

TEST(FileJob, BadRecordsGoToTheDeadLettersWithTheirPlace) {
  const TemporaryDirectory directory;
  directory.Write("in/a.json",
                  "{\"id\":1,\"customer\":\"a\"}\n"
                  "{\"id\":2,\"customer\n"
                  "{\"id\":3,\"customer\":\"c\",\"discount\":0.5,\"more\":[]}\n"
                  "{\"id\":\"4\",\"customer\":\"d\"}\n");
  const char* const argument = "test";
  StreamExecutionEnvironment env(1, &argument);
  env.SetParallelism(1);
  auto orders =
      env.FromSource(FileSource(json::JsonFormat<Order>()).Path(directory.path("in")), "orders")
          .OnError(ErrorPolicy::kDeadLetter);
  orders.SinkTo(FileSink(csv::CsvFormat<Order>({.header = true}), directory.path("out")));
  orders.DeadLetters()
      .Map([](const DeadLetter& letter) { return letter.ToString(); })
      .SinkTo(FileSink(TextFormat(), directory.path("rejected")));
  RunJob(env);
  EXPECT_EQ(FinishedLines(directory, "out"),
            (std::vector<std::string>{"1,a,", "3,c,0.5", "id,customer,discount"}));
  const std::string path = directory.path("in/a.json");
  EXPECT_EQ(FinishedLines(directory, "rejected"),
            (std::vector<std::string>{
                "Source: orders (1), " + path +
                    " line 2, byte 24: CORRUPTION: JSON: a string does not end "
                    "(byte 17): {\"id\":2,\"customer",
                "Source: orders (1), " + path +
                    " line 4, byte 91: CORRUPTION: JSON: id: expected an "
                    "integer, found \"4\" (byte 6): {\"id\":\"4\",\"customer\":\"d\"}"}));
}

TEST(FileJob, WithoutAPolicyABadRecordFailsTheJobWithItsPlace) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("in.csv", "customer,id,discount\n\"a\nb\",1,\nc,x,\n");
  const char* const argument = "test";
  StreamExecutionEnvironment env(1, &argument);
  env.SetParallelism(1);
  env.FromSource(FileSource(csv::CsvFormat<Order>({.header = true})).Path(path), "orders")
      .SinkTo(FileSink(json::JsonFormat<Order>(), directory.path("out")));
  const auto result = env.ExecuteLocal("files");
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result->final_state, "FAILED");
  EXPECT_NE(result->failure.message().find(
                path + " record 2, byte 30: CSV: column 2 'id': expected an integer that fits, "
                       "found \"x\" (byte 2)"),
            std::string::npos)
      << result->failure.ToString();
}

}  // namespace
}  // namespace weir::files
