// The source as the engine would drive it, against a real listener.
#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/connectors/socket.h>

#include "tests/unit/connectors_generator/pull_source_driver.h"
#include "tests/unit/connectors_socket/line_server.h"

namespace weir::socket {
namespace {

using std::chrono::seconds;
using Lines = std::vector<std::string>;
using Driver = test::PullSourceDriver<SocketTextSource>;

SocketOptions To(const LineServer& server) {
  return {.host = "127.0.0.1", .port = server.port(), .retry_delay_ms = 1};
}

// Takes the split, so that the reader connects.
void Connect(Driver& driver, LineServer& server) {
  ASSERT_TRUE(driver.Start().ok());
  ASSERT_TRUE(driver.ReadBlock(0, [](std::uint32_t, std::string&) {}).ok());
  server.Accept();
}

Status ReadTo(Driver& driver, Lines& lines, std::size_t enough) {
  return driver.Read(
      seconds(30), [&](std::uint32_t, std::string& line) { lines.push_back(line); },
      [&] { return lines.size() >= enough; });
}

Status ReadToEnd(Driver& driver, Lines& lines) {
  return ReadTo(driver, lines, std::numeric_limits<std::size_t>::max());
}

TEST(SocketTextSource, ReadsLinesUntilThePeerCloses) {
  LineServer server;
  Driver driver(SocketTextSource(To(server)), 1);
  Connect(driver, server);
  server.Send("one\r\ntwo\nthr");
  Lines lines;
  ASSERT_TRUE(ReadTo(driver, lines, 2).ok());
  EXPECT_EQ(lines, (Lines{"one", "two"}));
  EXPECT_EQ(driver.reader(0).Snapshot(1).size(), 1u);
  server.Send("ee\nrest");
  server.Close();
  const Status status = ReadToEnd(driver, lines);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(lines, (Lines{"one", "two", "three", "rest"}));
  EXPECT_TRUE(driver.AllEnded());
  EXPECT_TRUE(driver.reader(0).Snapshot(2).empty());
}

TEST(SocketTextSource, TakesAnotherDelimiter) {
  LineServer server;
  SocketOptions options = To(server);
  options.delimiter = "<>";
  Driver driver{SocketTextSource(options), 1};
  Connect(driver, server);
  server.Send("a\nb<>c<>");
  server.Close();
  Lines lines;
  ASSERT_TRUE(ReadToEnd(driver, lines).ok());
  EXPECT_EQ(lines, (Lines{"a\nb", "c"}));
}

TEST(SocketTextSource, ARefusedConnectionNamesHostAndPort) {
  LineServer server;
  const std::string address = "127.0.0.1:" + std::to_string(server.port());
  server.StopListening();
  SocketOptions options = To(server);
  options.max_retries = 2;
  Driver driver{SocketTextSource(options), 1};
  ASSERT_TRUE(driver.Start().ok());
  Lines lines;
  const Status status = ReadToEnd(driver, lines);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.domain(), ErrorDomain::kExternal);
  EXPECT_NE(status.message().find(address), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("Connection refused"), std::string::npos) << status.message();
  // It tried twice again and said so.
  const std::string log = driver.context(0).runtime().logger().text();
  EXPECT_EQ(static_cast<int>(log.find("connecting again") != std::string::npos) +
                static_cast<int>(log.rfind("connecting again") != log.find("connecting again")),
            2)
      << log;
}

TEST(SocketTextSource, ANameThatDoesNotExistIsAnError) {
  Driver driver(SocketTextSource({.host = "no-such-host.invalid", .port = 1}), 1);
  ASSERT_TRUE(driver.Start().ok());
  Lines lines;
  const Status status = ReadToEnd(driver, lines);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("no-such-host.invalid:1"), std::string::npos);
}

TEST(SocketTextSource, ConnectsAgainAfterAnOrderlyEndAndAfterAReset) {
  LineServer server;
  SocketOptions options = To(server);
  options.max_retries = 1;
  Driver driver{SocketTextSource(options), 1};
  Connect(driver, server);
  Lines lines;
  server.Send("1\nhalf");
  server.Close();
  server.Accept();
  server.Send("2\nlost");
  ASSERT_TRUE(ReadTo(driver, lines, 3).ok());
  EXPECT_EQ(lines, (Lines{"1", "half", "2"}));
  server.Reset();
  server.Accept();
  server.Send("3\n");
  ASSERT_TRUE(ReadTo(driver, lines, 4).ok());
  server.StopListening();
  server.Close();
  // Bytes came over each connection, so each time there was a try; the last one is refused.
  const Status status = ReadToEnd(driver, lines);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.ToString();
  EXPECT_EQ(lines, (Lines{"1", "half", "2", "3"}));
  EXPECT_NE(driver.context(0).runtime().logger().text().find("4 bytes of an unfinished line"),
            std::string::npos);
}

TEST(SocketTextSource, AResetWithoutATryLeftFails) {
  LineServer server;
  Driver driver(SocketTextSource(To(server)), 1);
  Connect(driver, server);
  server.Send("1\n");
  Lines lines;
  ASSERT_TRUE(ReadTo(driver, lines, 1).ok());
  server.Reset();
  const Status status = ReadToEnd(driver, lines);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("broke"), std::string::npos) << status.message();
}

TEST(SocketTextSource, ALineThatIsTooLongFailsAfterTheLinesBeforeIt) {
  LineServer server;
  SocketOptions options = To(server);
  options.maximum_line_bytes = 100;
  Driver driver{SocketTextSource(options), 1};
  Connect(driver, server);
  server.Send("short\n" + std::string(101, 'x'));
  Lines lines;
  const Status status = ReadToEnd(driver, lines);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.retry(), RetryHint::kNoRetry);
  EXPECT_NE(status.message().find(std::to_string(server.port())), std::string::npos);
  EXPECT_EQ(lines, Lines{"short"});
}

TEST(SocketTextSource, ACheckpointBetweenTheLastLinesAndTheFailureHasTheSplit) {
  LineServer server;
  SocketOptions options = To(server);
  options.maximum_line_bytes = 100;
  Driver driver{SocketTextSource(options), 1};
  Connect(driver, server);
  const std::uint64_t before = driver.availability().notifications();
  server.Send("short\n" + std::string(101, 'x'));
  const auto deadline = std::chrono::steady_clock::now() + seconds(30);
  ASSERT_TRUE(driver.availability().WaitForMoreThan(before + 1, deadline)) << "lines, then the end";
  Lines lines;
  const auto take = [&](std::uint32_t, std::string& line) { lines.push_back(line); };
  const auto read = driver.ReadBlock(0, take);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(*read, ReadStatus::kMoreAvailable);
  EXPECT_EQ(lines, Lines{"short"});
  EXPECT_EQ(driver.reader(0).Snapshot(1).size(), 1u);
  EXPECT_EQ(driver.ReadBlock(0, take).status().code(), StatusCode::kResourceExhausted);
}

TEST(SocketTextSource, ThePeerWaitsWhileTheTaskTakesNothingAndThenNoLineIsMissing) {
  LineServer server;
  Driver driver(SocketTextSource(To(server)), 1);
  Connect(driver, server);
  // Far more than the blocks and the kernel's buffers (which grow to some MiB) hold.
  std::string text;
  std::size_t count = 0;
  while (text.size() < (64u << 20)) text += "line " + std::to_string(count++) + "\n";
  const std::size_t sent = server.SendUntilBlocked(text, 300);
  ASSERT_LT(sent, text.size()) << "the reader took everything";
  const std::size_t complete = text.rfind('\n', sent - 1) + 1;
  const auto expected =
      static_cast<std::size_t>(std::count(text.begin(), text.begin() + complete, '\n'));
  std::size_t next = 0;
  const Status status = driver.Read(
      seconds(60),
      [&](std::uint32_t, std::string& line) {
        EXPECT_EQ(line, "line " + std::to_string(next));
        ++next;
      },
      [&] { return next == expected; });
  ASSERT_TRUE(status.ok()) << status.ToString();
}

TEST(SocketTextSource, ClosingEndsTheThreadWhateverItWaitsFor) {
  LineServer server;
  {
    Driver reading(SocketTextSource(To(server)), 1);
    Connect(reading, server);
  }
  server.Close();
  server.StopListening();
  SocketOptions options = To(server);
  options.max_retries = kRetryForever;
  options.retry_delay_ms = 3'600'000;
  Driver retrying{SocketTextSource(options), 1};
  ASSERT_TRUE(retrying.Start().ok());
  ASSERT_TRUE(retrying.ReadBlock(0, [](std::uint32_t, std::string&) {}).ok());
}

// What is promised for a failure: a new connection, no line twice, and those behind the checkpoint
// are lost.
TEST(SocketTextSource, ARestoredReaderConnectsAnewAndRepeatsNothing) {
  LineServer server;
  std::vector<SocketSplit> splits;
  SplitList<SocketSplit> unassigned;
  {
    Driver before(SocketTextSource(To(server)), 1);
    Connect(before, server);
    server.Send("1\n2\nhal");
    Lines lines;
    ASSERT_TRUE(ReadTo(before, lines, 2).ok());
    unassigned = *before.enumerator().Snapshot(1);
    splits = before.reader(0).Snapshot(1);
    server.Send("f\n3\n");
    ASSERT_TRUE(ReadTo(before, lines, 4).ok());
    EXPECT_EQ(lines, (Lines{"1", "2", "half", "3"}));
  }
  server.Close();
  ASSERT_EQ(splits.size(), 1u);
  EXPECT_TRUE(unassigned.unassigned.empty()) << "the split is the reader's";
  Driver after(SocketTextSource(To(server)), 1);
  ASSERT_TRUE(after.Start(unassigned).ok());
  ASSERT_TRUE(after.reader(0).AddSplits(splits).ok());
  server.Accept();
  server.Send("4\n5");
  server.Close();
  Lines lines;
  const Status status = ReadToEnd(after, lines);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(lines, (Lines{"4", "5"}));
}

TEST(SocketTextSource, AStreamThatHadEndedBeforeTheCheckpointStaysEnded) {
  LineServer server;
  std::vector<SocketSplit> splits;
  SplitList<SocketSplit> unassigned;
  {
    Driver before(SocketTextSource(To(server)), 1);
    Connect(before, server);
    server.Send("1\n");
    server.Close();
    Lines lines;
    ASSERT_TRUE(ReadToEnd(before, lines).ok());
    unassigned = *before.enumerator().Snapshot(1);
    splits = before.reader(0).Snapshot(1);
  }
  EXPECT_TRUE(splits.empty());
  server.StopListening();  // who connected now would fail
  Driver after(SocketTextSource(To(server)), 1);
  ASSERT_TRUE(after.Start(unassigned).ok());
  Lines lines;
  const Status status = ReadToEnd(after, lines);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(lines.empty());
}

TEST(SocketTextSource, RefusesAnotherParallelismThanOne) {
  LineServer server;
  Driver driver(SocketTextSource(To(server)), 2);
  const Status status = driver.Start();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("parallelism to 1 (it is 2)"), std::string::npos);
}

TEST(SocketTextSource, NamesWhatIsWrongInItsOptions) {
  const auto message = [](SocketOptions options) {
    const Status status = SocketTextSource(std::move(options)).Validate();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.message();
  };
  const auto contains = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  contains(message({.port = 1}), "host");
  contains(message({.host = "h"}), "port");
  contains(message({.host = "h", .port = 1, .delimiter = ""}), "delimiter");
  contains(message({.host = "h", .port = 1, .max_retries = -2}), "max_retries");
  contains(message({.host = "h", .port = 1, .retry_delay_ms = -1}), "retry_delay_ms");
  contains(message({.host = "h", .port = 1, .maximum_line_bytes = 0}), "maximum_line_bytes");
  EXPECT_TRUE(SocketTextSource({.host = "h", .port = 1}).Validate().ok());
}

}  // namespace
}  // namespace weir::socket
