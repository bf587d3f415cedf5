// The fixture itself.
#include "tests/kafka/real_kafka_broker.h"

#include <filesystem>
#include <set>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kafka/kafka_admin.h"
#include "tests/kafka/topic_reader.h"
#include "tests/kafka/topic_writer.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

TEST(RealKafkaBroker, KeepsItsDataAndPortThroughStopAndKillAndLeavesNothingBehind) {
  auto started = RealKafkaBroker::Start();
  if (!started.ok() && started.status().code() == StatusCode::kUnavailable) {
    GTEST_SKIP() << "SKIPPED: real Kafka: " << started.status().message();
  }
  ASSERT_TRUE(started.ok()) << started.status().ToString();
  RealKafkaBroker& broker = **started;
  const std::string servers = broker.bootstrap_servers();
  const std::string folder = std::filesystem::path(broker.log_file()).parent_path();
  ASSERT_TRUE(broker.CreateTopic("kept", 3).ok());
  EXPECT_FALSE(broker.CreateTopic("kept", 3).ok());
  ASSERT_TRUE(TopicWriter(servers).WriteKeyed("kept", 1000, 7).ok());
  ASSERT_TRUE(broker.Stop().ok());
  EXPECT_FALSE(broker.running());
  EXPECT_EQ(KafkaAdmin(servers).BrokerCount(std::chrono::milliseconds(300)), 0);
  ASSERT_TRUE(broker.Restart().ok());
  EXPECT_EQ(broker.Restart().code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(broker.Kill().ok());
  ASSERT_TRUE(broker.Restart().ok());
  EXPECT_EQ(broker.bootstrap_servers(), servers);
  TopicReader reader(servers, "kept");
  const auto records = reader.ReadExactly(1000, seconds(60));
  ASSERT_TRUE(records.ok()) << records.status().ToString();
  std::set<std::string> values;
  for (const TestRecord& record : *records) values.insert(*record.value);
  EXPECT_EQ(values.size(), 1000u);
  const auto count = KafkaAdmin(servers).CountRecords("kept");
  ASSERT_TRUE(count.ok());
  EXPECT_EQ(*count, 1000);
  started->reset();
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(PortReservation, GivesThePortToAServerThatNamesItAndToNobodyElse) {
  auto reservation = PortReservation::Make();
  ASSERT_TRUE(reservation.ok());
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ASSERT_EQ(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(reservation->port());
  EXPECT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(listen(server, 1), 0);
  close(server);
  const int stranger = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_NE(bind(stranger, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(stranger);
}

TEST(ChildProcess, IsKilledWithItsOwner) {
  const std::string log = "/dev/null";
  pid_t pid = -1;
  {
    ChildProcess child;
    ASSERT_TRUE(child.Start({"cat"}, "/", log).ok());
    // cat reads the test's own input; a stopped one stays for certain.
    child.Signal(SIGSTOP);
    pid = child.pid();
    EXPECT_TRUE(child.running());
    EXPECT_FALSE(child.Wait(std::chrono::milliseconds(1)));
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(ChildProcess, ReportsItsExitStatus) {
  ChildProcess child;
  ASSERT_TRUE(child.Start({"sh", "-c", "exit 7"}, "/", "/dev/null").ok());
  const auto status = child.Wait(seconds(30));
  ASSERT_TRUE(status);
  EXPECT_EQ(WEXITSTATUS(*status), 7);
  EXPECT_FALSE(child.running());
  ASSERT_TRUE(child.Start({"no-such-program-of-weir"}, "/", "/dev/null").ok());
  EXPECT_EQ(WEXITSTATUS(*child.Wait(seconds(30))), 127);
}

}  // namespace
}  // namespace weir::test
