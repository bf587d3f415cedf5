// The sample job (examples/processed) on a cluster and a real Kafka broker. Kafka is read and
// written by librdkafka alone here, never by our connector.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster/cluster_fixture.h"
#include "tests/kafka/real_kafka_broker.h"
#include "tests/kafka/topic_reader.h"
#include "tests/kafka/topic_writer.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::int64_t kRecords = 1'000'000;
constexpr std::int64_t kKeys = 10'000;
constexpr int kPartitions = 8;
constexpr std::string_view kPrefix = "Processed: ";

class SampleJobKafkaTest : public ClusterTest {
 protected:
  void SetUp() override {
    auto broker = test::RealKafkaBroker::Start();
    if (!broker.ok()) GTEST_SKIP() << "SKIPPED: real Kafka: " << broker.status().message();
    broker_ = *std::move(broker);
  }
  JobRequest Sample(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--bootstrap-servers", broker_->bootstrap_servers()});
    return {.plugin = PluginPath("processed"),
            .entry = "processed",
            .arguments = std::move(arguments),
            .parallelism = 4};
  }
  void WriteInput() {
    test::TopicWriter writer(broker_->bootstrap_servers());
    ASSERT_TRUE(writer.WriteKeyed("input", kRecords, kKeys).ok());
    const Status flushed = writer.Flush();
    ASSERT_TRUE(flushed.ok()) << flushed.message();
  }
  void RunSample(const std::string& output, const std::string& exchange) {
    ASSERT_TRUE(broker_->CreateTopic(output, kPartitions).ok());
    const auto start = std::chrono::steady_clock::now();
    const std::string job =
        Submit(Sample({"--output", output, "--exchange", exchange, "--bounded"}));
    WaitForState(job, "FINISHED", 300s);
    std::printf("%s: %ld records in %ld ms\n", exchange.c_str(), static_cast<long>(kRecords),
                static_cast<long>(MillisSince(start)));
    EXPECT_EQ(Job(job).restarts, 0);
  }
  // Visits the number in each record of the topic; fails unless each of 0 … kRecords-1 is there
  // once.
  void ReadOutput(const std::string& topic,
                  const std::function<void(const std::string& key, std::int64_t number)>& visit) {
    std::vector<std::uint8_t> seen(kRecords);
    std::int64_t strange = 0;
    test::TopicReader reader(broker_->bootstrap_servers(), topic);
    const Status read = reader.ReadUntil(kRecords, 120s, [&](const test::TestRecord& record) {
      if (!record.value || !record.key || !record.value->starts_with(kPrefix)) {
        ++strange;
        return;
      }
      const std::int64_t number = std::stoll(record.value->substr(kPrefix.size()));
      if (seen.at(static_cast<std::size_t>(number)) < 2) ++seen[static_cast<std::size_t>(number)];
      visit(*record.key, number);
    });
    ASSERT_TRUE(read.ok()) << read.message();
    EXPECT_EQ(strange, 0);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 0), 0) << "records are missing";
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 2), 0)
        << "records came twice although nothing failed";
    EXPECT_EQ(reader.records_read(), kRecords);
  }

  std::unique_ptr<test::RealKafkaBroker> broker_;
};

TEST_F(SampleJobKafkaTest, MillionKeyedMessagesArriveAndKeysKeepTheirOrder) {
  StartCluster();
  ASSERT_TRUE(broker_->CreateTopic("input", kPartitions).ok());
  WriteInput();
  if (HasFatalFailure()) return;

  RunSample("rebalanced", "rebalance");
  if (HasFatalFailure()) return;
  ReadOutput("rebalanced", [](const std::string&, std::int64_t) {});

  RunSample("keyed", "key");
  if (HasFatalFailure()) return;
  std::map<std::string, std::int64_t> last;
  std::int64_t out_of_order = 0;
  ReadOutput("keyed", [&](const std::string& key, std::int64_t number) {
    const auto [entry, first] = last.try_emplace(key, number);
    if (!first && std::exchange(entry->second, number) >= number) ++out_of_order;
  });
  EXPECT_EQ(last.size(), static_cast<std::size_t>(kKeys));
  EXPECT_EQ(out_of_order, 0);
}

TEST_F(SampleJobKafkaTest, UnknownTopicAndABrokerThatIsDownFailTheJobWithTheirNames) {
  StartCluster();
  const std::string unknown =
      Submit(Sample({"--input", "nowhere", "--output", "nowhere-else", "--bounded"}));
  WaitForState(unknown, "FAILED", 90s);
  std::printf("unknown topic: %s\n", FailureText(unknown).c_str());
  EXPECT_THAT(FailureText(unknown), HasSubstr("nowhere"));

  ASSERT_TRUE(broker_->Kill().ok());
  const std::string down = Submit(Sample({"--bounded"}));
  WaitForState(down, "FAILED", 120s);
  std::printf("broker down: %s\n", FailureText(down).c_str());
  EXPECT_THAT(FailureText(down), HasSubstr(broker_->bootstrap_servers()));
}

}  // namespace
}  // namespace weir::cluster_test
