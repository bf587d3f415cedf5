#include "common/logging.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file_system.h"
#include "common/log_capture.h"
#include "common/temporary_directory.h"

namespace weir {
namespace {

class LoggingTest : public testing::Test {
 protected:
  // Other tests find logging as it was.
  ~LoggingTest() override { EXPECT_TRUE(ConfigureLogging({}).ok()); }

  std::string Read() { return *LocalFileSystem().ReadFile(file_); }

  TemporaryDirectory folder_ = *TemporaryDirectory::Create();
  const std::string file_ = folder_.path() + "/logs/deep/server.log";
};

TEST_F(LoggingTest, WritesTheDocumentedLine) {
  ASSERT_TRUE(ConfigureLogging({.file = file_}).ok());
  const ComponentLogger log("scheduler");
  log.Info("job ", 7, " needs ", 2, " slots");
  log.Error("bad");
  FlushLogs();
  EXPECT_THAT(Read(), testing::MatchesRegex(
                          "[0-9]+-[0-9]+-[0-9]+ [0-9]+:[0-9]+:[0-9]+\\.[0-9]+ INFO   scheduler  "
                          "job 7 needs 2 slots\n.* ERROR  scheduler  bad\n"));
}

TEST_F(LoggingTest, DropsWhatIsBelowTheLevel) {
  ASSERT_TRUE(ConfigureLogging({.level = LogLevel::kWarning, .file = file_}).ok());
  const ComponentLogger log("x");
  EXPECT_FALSE(ComponentLogger::Enabled(LogLevel::kInfo));
  EXPECT_TRUE(ComponentLogger::Enabled(LogLevel::kWarning));
  log.Trace("1");
  log.Debug("2");
  log.Info("3");
  log.Warning("4");
  FlushLogs();
  EXPECT_THAT(Read(), testing::EndsWith("WARN   x  4\n"));
  EXPECT_THAT(Read(), testing::Not(testing::HasSubstr("3\n")));
}

TEST_F(LoggingTest, AMessageCannotForgeALine) {
  ASSERT_TRUE(ConfigureLogging({.file = file_}).ok());
  ComponentLogger("x").Info("a\nb\r{}%v");
  FlushLogs();
  EXPECT_THAT(Read(), testing::EndsWith("x  a\\nb\\r{}%v\n"));
}

TEST_F(LoggingTest, WritesAJsonObjectALine) {
  ASSERT_TRUE(ConfigureLogging({.file = file_, .format = LogFormat::kJson}).ok());
  ComponentLogger("scheduler").Info("job ", 7);
  ComponentLogger("x").Error("ended");
  FlushLogs();
  EXPECT_THAT(Read(),
              testing::MatchesRegex(
                  "\\{\"time\":\"[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\\.[0-9][0-9][0-9]Z\","
                  "\"level\":\"INFO\",\"logger\":\"scheduler\",\"message\":\"job 7\"\\}\n"
                  "\\{.*\"level\":\"ERROR\",\"logger\":\"x\",\"message\":\"ended\"\\}\n"));
}

TEST_F(LoggingTest, JsonKeepsEveryMessageWhole) {
  ASSERT_TRUE(ConfigureLogging({.file = file_, .format = LogFormat::kJson}).ok());
  ComponentLogger("a\"b").Info("line\nend\r\t\"quoted\" back\\slash \x01 {}%v grün", '\0', "\xff.");
  FlushLogs();
  EXPECT_THAT(Read(), testing::HasSubstr("\"logger\":\"a\\\"b\""));
  EXPECT_THAT(Read(), testing::EndsWith(
                          "\"message\":\"line\\nend\\r\\t\\\"quoted\\\" back\\\\slash \\u0001 {}%v "
                          "grün\\u0000\xEF\xBF\xBD.\"}\n"));
}

TEST_F(LoggingTest, AFileThatCannotBeWrittenChangesNothing) {
  ASSERT_TRUE(ConfigureLogging({.file = file_}).ok());
  const Status failed =
      ConfigureLogging({.level = LogLevel::kError, .file = file_ + "/not-a-folder/x.log"});
  EXPECT_EQ(failed.code(), StatusCode::kIoError);
  EXPECT_THAT(failed.message(), testing::HasSubstr("not-a-folder"));
  ComponentLogger("x").Info("still here");
  FlushLogs();
  EXPECT_THAT(Read(), testing::HasSubstr("still here"));
}

TEST_F(LoggingTest, ManyThreadsWriteWholeLines) {
  ASSERT_TRUE(ConfigureLogging({.file = file_}).ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      const ComponentLogger log("thread");
      for (int i = 0; i < 200; ++i) log.Info("line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  FlushLogs();
  const std::string content = Read();
  int lines = 0;
  for (const std::string_view line : Split(Trim(content), '\n')) {
    ASSERT_TRUE(line.ends_with("INFO   thread  line")) << line;
    ++lines;
  }
  EXPECT_EQ(lines, 800);
}

TEST_F(LoggingTest, CaptureKeepsLinesAndRestoresTheLevel) {
  {
    LogCapture capture(LogLevel::kDebug);
    ComponentLogger("a").Debug("said");
    ComponentLogger("a").Trace("unsaid");
    ASSERT_EQ(capture.lines().size(), 1U);
    EXPECT_EQ(capture.lines()[0].component, "a");
    EXPECT_EQ(capture.lines()[0].level, LogLevel::kDebug);
    EXPECT_TRUE(capture.Contains("sai"));
    EXPECT_FALSE(capture.Contains("unsaid"));
  }
  EXPECT_FALSE(ComponentLogger::Enabled(LogLevel::kDebug));
}

}  // namespace
}  // namespace weir
