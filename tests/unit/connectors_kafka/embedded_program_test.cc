// weir-embedded-kafka as users run it: a process of its own.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kafka/child_process.h"
#include "tests/kafka/topic_reader.h"
#include "tests/kafka/topic_writer.h"

namespace weir::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

class EmbeddedProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = (fs::temp_directory_path() / "weir-embedded-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), WEIR_EMBEDDED_KAFKA);
    ASSERT_TRUE(process_.Start(arguments, folder_, output_file()).ok());
  }

  // The bootstrap servers, once the program has written them; fails the test when it ends first.
  std::string AwaitBootstrapServers() {
    const auto deadline = steady_clock::now() + seconds(30);
    while (steady_clock::now() < deadline) {
      std::ifstream file(bootstrap_file());
      std::string servers;
      if (std::getline(file, servers)) return servers;
      if (process_.Wait(std::chrono::milliseconds(5))) break;
    }
    ADD_FAILURE() << "no bootstrap servers: " << LastLines(output_file(), 20);
    return "";
  }

  int StopAndGetExitStatus(int signal) {
    process_.Signal(signal);
    const auto status = process_.Wait(seconds(30));
    return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
  }

  std::string bootstrap_file() const { return folder_ + "/bootstrap"; }
  std::string output_file() const { return folder_ + "/output"; }
  std::string output() const { return LastLines(output_file(), 100); }

  std::string folder_;
  ChildProcess process_;
};

TEST_F(EmbeddedProgramTest, KeepsWhatClientsWriteAndEndsCleanly) {
  Start({"--topic", "input:3", "--bootstrap-file", bootstrap_file()});
  const std::string servers = AwaitBootstrapServers();
  TopicWriter writer(servers);
  ASSERT_TRUE(writer.WriteKeyed("input", 1000, 10).ok());
  TopicReader reader(servers, "input");
  const auto records = reader.ReadExactly(1000, seconds(30));
  ASSERT_TRUE(records.ok()) << records.status().ToString();
  for (const TestRecord& record : *records) EXPECT_LT(record.partition, 3);
  EXPECT_EQ(StopAndGetExitStatus(SIGTERM), 0) << output();
  EXPECT_NE(output().find("NOT FOR PRODUCTION"), std::string::npos);
  EXPECT_NE(output().find("bootstrap.servers=" + servers), std::string::npos);
  EXPECT_FALSE(fs::exists(bootstrap_file()));
}

TEST_F(EmbeddedProgramTest, SaysWhichPartitionLostItsBeginning) {
  Start({"--topic", "small:2", "--bootstrap-file", bootstrap_file()});
  TopicWriter writer(AwaitBootstrapServers());
  TestRecord record;
  record.partition = 1;
  record.value = std::string(10'000, 'x');
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(writer.Write("small", record).ok());
  ASSERT_TRUE(writer.Flush().ok());
  EXPECT_EQ(StopAndGetExitStatus(SIGINT), 3);
  EXPECT_NE(output().find("topic 'small' partition 1 outgrew 5 MiB"), std::string::npos)
      << output();
  EXPECT_EQ(output().find("partition 0"), std::string::npos) << output();
}

TEST_F(EmbeddedProgramTest, DiesWithItsParentWhenAsked) {
  const std::string script = std::string(WEIR_EMBEDDED_KAFKA) +
                             " --die-with-parent --bootstrap-file " + bootstrap_file() +
                             " & echo $! > " + folder_ + "/pid; exec sleep 600";
  ASSERT_TRUE(process_.Start({"sh", "-c", script}, folder_, output_file()).ok());
  AwaitBootstrapServers();
  pid_t pid = -1;
  std::ifstream(folder_ + "/pid") >> pid;
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  ASSERT_GE(pidfd, 0);
  process_.Signal(SIGKILL);
  pollfd ended{pidfd, POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 30'000), 1);
  close(pidfd);
}

TEST_F(EmbeddedProgramTest, RefusesWrongArguments) {
  Start({"--topic", "a:0"});
  EXPECT_EQ(StopAndGetExitStatus(0), 2);
  EXPECT_NE(output().find("'a:0'"), std::string::npos);
}

TEST_F(EmbeddedProgramTest, FailsWhenTheBootstrapFileCannotBeWritten) {
  Start({"--bootstrap-file", folder_ + "/missing/bootstrap"});
  EXPECT_EQ(StopAndGetExitStatus(0), 1);
  EXPECT_NE(output().find("cannot write"), std::string::npos);
}

}  // namespace
}  // namespace weir::test
