// Snippets of docs/guide/files.md.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

// [includes]
#include <weir/api.h>
#include <weir/connectors/files.h>  // link weir::files
#include <weir/formats/csv.h>       // link weir::csv
#include <weir/formats/json.h>      // link weir::json
// [/includes]

#include "common/temporary_directory.h"
#include "tests/guide/order.h"

namespace {

class FilesGuide : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root() / name).parent_path());
    std::ofstream(root() / name) << text;
  }
  // All lines of the files below.
  std::vector<std::string> Lines(const std::string& directory) {
    std::vector<std::string> lines;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root() / directory)) {
      std::ifstream file(entry.path());
      for (std::string line; entry.is_regular_file() && std::getline(file, line);) {
        lines.push_back(line);
      }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  std::filesystem::path root() const { return directory_.path(); }
  void Run() {
    const auto result = env_.ExecuteLocal("files");
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    ASSERT_TRUE(result->failure.ok()) << result->failure.ToString();
  }

  const weir::TemporaryDirectory directory_ = weir::TemporaryDirectory::Create().value();
  const char* const program_ = "guide";
  weir::StreamExecutionEnvironment env_{1, &program_};
};

TEST_F(FilesGuide, JsonInAndCsvOut) {
  Write("in/a.json",
        "{\"customer\":\"ann\",\"cents\":900,\"time_ms\":1000}\n"
        "{\"customer\":\"bob\",\"cents\n");
  Write("in/b.json", "{\"customer\":\"cat\",\"cents\":100,\"time_ms\":2000}\n");
  const std::string in = root() / "in";
  const std::string out = root() / "out";
  const std::string rejected = root() / "rejected";
  weir::StreamExecutionEnvironment& env = env_;
  const auto strategy =
      weir::WatermarkStrategy<Order>::ForMonotonousTimestamps().WithTimestampAssigner(
          [](const Order& order) { return order.time_ms; });
  // [json]
  const auto orders =
      env.FromSource(weir::files::FileSource(weir::json::JsonFormat<Order>()).Path(in + "/*.json"),
                     strategy, "orders")
          .OnError(weir::ErrorPolicy::kDeadLetter);
  // [/json]
  // [sink]
  orders.SinkTo(weir::files::FileSink(weir::csv::CsvFormat<Order>({.header = true}), out)
                    .PartSuffix(".csv")
                    .RollAtBytes(64 << 20)
                    .Assigner(weir::files::DateTimeBucketAssigner()));
  // [/sink]
  // [letters]
  orders.DeadLetters()
      .Map([](const weir::DeadLetter& letter) { return letter.ToString(); })
      .SinkTo(weir::files::FileSink(weir::TextFormat(), rejected));
  // [/letters]
  env_.SetParallelism(1);
  Run();
  EXPECT_EQ(Lines("out"),
            (std::vector<std::string>{"ann,900,1000", "cat,100,2000", "customer,cents,time_ms"}));
  EXPECT_TRUE(std::filesystem::is_directory(root() / "out" / "1970-01-01--00"));
  ASSERT_EQ(Lines("rejected").size(), 1u);
  EXPECT_NE(Lines("rejected")[0].find("a.json line 2, byte 46"), std::string::npos)
      << Lines("rejected")[0];
}

TEST_F(FilesGuide, LinesOfText) {
  Write("log/today/a.txt", "one\ntwo\n");
  Write("log/b.txt", "three\n");
  const std::string directory = root() / "log";
  weir::StreamExecutionEnvironment& env = env_;
  // [text]
  const auto lines = env.FromSource(weir::files::TextFileSource().Path(directory), "log");
  // [/text]
  weir::CollectSink<std::string> kept;
  lines.SinkTo(kept);
  Run();
  EXPECT_EQ(kept.records().size(), 3u);
}

}  // namespace
