// The sink against the mock cluster.
#include <chrono>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <weir/connectors/kafka.h>

#include "tests/kafka/sink_driver.h"
#include "tests/kafka/topic_reader.h"
#include "tests/unit/connectors_kafka/mock_kafka.h"

namespace weir::kafka {
namespace {

using std::chrono::seconds;
using test::MockKafka;
using test::SinkDriver;
using test::TestRecord;
using test::TopicReader;

KafkaSinkBuilder<KafkaKeyValue, KeyValueSerializer, ClientPartitioner> WriteKeyed(
    const MockKafka& kafka) {
  return KafkaSink<KafkaKeyValue>::Builder()
      .BootstrapServers(kafka.bootstrap_servers())
      .Topic("output");
}

std::vector<TestRecord> ReadAll(const MockKafka& kafka, const std::string& topic,
                                std::int64_t count) {
  TopicReader reader(kafka.bootstrap_servers(), topic);
  auto records = reader.ReadExactly(count, seconds(60));
  EXPECT_TRUE(records.ok()) << records.status().ToString();
  return records.ok() ? *records : std::vector<TestRecord>();
}

TEST(KafkaSinkOnMock, DeliversEverythingBeforeAFlushIsDone) {
  MockKafka kafka;
  kafka.CreateTopic("output", 4);
  SinkDriver driver(WriteKeyed(kafka).Property("linger.ms", "60000").Build());
  ASSERT_TRUE(driver.Open().ok());
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(
        driver.Write({"key-" + std::to_string(i % 50), std::to_string(i)}, 1'600'000'000'000 + i)
            .ok());
  }
  // A batch would wait a minute: the flush does not.
  const Status flushed = driver.Flush(false, seconds(30));
  ASSERT_TRUE(flushed.ok()) << flushed.ToString();
  std::map<std::string, std::pair<std::int32_t, int>> last_of_key;
  for (const TestRecord& record : ReadAll(kafka, "output", 5000)) {
    const int number = std::stoi(*record.value);
    EXPECT_EQ(record.timestamp_ms, 1'600'000'000'000 + number);
    EXPECT_EQ(*record.key, "key-" + std::to_string(number % 50));
    const auto [last, first] = last_of_key.try_emplace(*record.key, record.partition, number);
    if (first) continue;
    EXPECT_EQ(last->second.first, record.partition);
    EXPECT_LT(last->second.second, number);
    last->second.second = number;
  }
  EXPECT_EQ(last_of_key.size(), 50u);
}

TEST(KafkaSinkOnMock, AFullQueueMakesTheRecordWaitAndLosesNothing) {
  MockKafka kafka;
  kafka.CreateTopic("output", 2);
  SinkDriver driver(WriteKeyed(kafka).Property("queue.buffering.max.messages", "100").Build());
  ASSERT_TRUE(driver.Open().ok());
  Gauge& in_flight = driver.context().runtime().metrics().gauge("kafka.inFlightRecords");
  double most = 0;
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(driver.Write({"", std::to_string(i)}).ok());
    most = std::max(most, in_flight.value());
  }
  EXPECT_GT(driver.not_ready(), 10u);
  EXPECT_LE(most, 100);
  ASSERT_TRUE(driver.Flush(true).ok());
  EXPECT_EQ(ReadAll(kafka, "output", 20'000).size(), 20'000u);
}

TEST(KafkaSinkOnMock, NoneWaitsOnlyAtTheEnd) {
  MockKafka kafka;
  kafka.CreateTopic("output", 1);
  SinkDriver driver(WriteKeyed(kafka)
                        .DeliveryGuarantee(DeliveryGuarantee::kNone)
                        .Property("linger.ms", "60000")
                        .Build());
  ASSERT_TRUE(driver.Open().ok());
  ASSERT_TRUE(driver.Write({"k", "v"}).ok());
  auto flush = driver.writer().Flush(false);
  ASSERT_TRUE(flush.ok());
  EXPECT_EQ(*flush, FlushStatus::kDone);
  flush = driver.writer().Flush(true);
  ASSERT_TRUE(flush.ok());
  EXPECT_EQ(*flush, FlushStatus::kPending);
  ASSERT_TRUE(driver.Flush(true, seconds(30)).ok());
  EXPECT_EQ(ReadAll(kafka, "output", 1).size(), 1u);
}

TEST(KafkaSinkOnMock, SerializerChoosesTopicPartitionHeadersAndNulls) {
  MockKafka kafka;
  kafka.CreateTopic("even", 3);
  kafka.CreateTopic("odd", 3);
  const auto sink = KafkaSink<int>::Builder()
                        .BootstrapServers(kafka.bootstrap_servers())
                        .Serializer([](const int& number, KafkaProducerRecord& out) {
                          if (number == 13) return false;
                          out.topic = number % 2 == 0 ? "even" : "odd";
                          out.partition = 2;
                          if (number != 0) out.SetValue(std::to_string(number));
                          out.AddHeader("number", std::to_string(number));
                          out.headers.emplace_back("null", std::nullopt);
                          return true;
                        })
                        .Build();
  SinkDriver driver(sink);
  ASSERT_TRUE(driver.Open().ok());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(driver.Write(i).ok());
  ASSERT_TRUE(driver.Flush(true).ok());
  const std::vector<TestRecord> even = ReadAll(kafka, "even", 10);
  EXPECT_EQ(ReadAll(kafka, "odd", 9).size(), 9u);
  for (std::size_t i = 0; i < even.size(); ++i) {
    EXPECT_EQ(even[i].partition, 2);
    EXPECT_FALSE(even[i].key);
    EXPECT_EQ(even[i].value.has_value(), i != 0);
    ASSERT_EQ(even[i].headers.size(), 2u);
    EXPECT_EQ(even[i].headers[0].second, std::to_string(2 * i));
  }
}

TEST(KafkaSinkOnMock, APartitionerChooses) {
  MockKafka kafka;
  kafka.CreateTopic("output", 4);
  const auto sink =
      WriteKeyed(kafka)
          .Partitioner([](std::string_view topic, std::string_view key, std::int32_t partitions) {
            return topic == "output" ? std::stoi(std::string(key)) % partitions : -1;
          })
          .Build();
  SinkDriver driver(sink);
  ASSERT_TRUE(driver.Open().ok());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(driver.Write({std::to_string(i), "v"}).ok());
  ASSERT_TRUE(driver.Flush(true).ok());
  for (const TestRecord& record : ReadAll(kafka, "output", 100)) {
    EXPECT_EQ(record.partition, std::stoi(*record.key) % 4);
  }
}

TEST(KafkaSinkOnMock, ARecordWithoutATopicIsAnErrorOfTheJob) {
  MockKafka kafka;
  SinkDriver driver(
      KafkaSink<std::string>::Builder().BootstrapServers(kafka.bootstrap_servers()).Build());
  ASSERT_TRUE(driver.Open().ok());
  const Status status = driver.Write("x");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.domain(), ErrorDomain::kUser);
}

TEST(KafkaSinkOnMock, AFailedDeliveryNamesTopicPartitionAndReason) {
  MockKafka kafka;
  kafka.CreateTopic("output", 1);
  SinkDriver driver(WriteKeyed(kafka).Build());
  ASSERT_TRUE(driver.Open().ok());
  kafka.FailProduceRequests({RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  ASSERT_TRUE(driver.Write({"k", "v"}).ok());
  const Status status = driver.Flush(false);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.ToString();
  EXPECT_EQ(status.retry(), RetryHint::kNoRetry);
  EXPECT_NE(status.message().find("topic 'output' partition 0"), std::string::npos)
      << status.message();
  EXPECT_FALSE(driver.Write({"k", "later"}).ok());
  EXPECT_FALSE(driver.Flush(true).ok());
}

TEST(KafkaSinkOnMock, ARefusalThatPassesIsRetriedWithoutADuplicate) {
  MockKafka kafka;
  kafka.CreateTopic("output", 1);
  SinkDriver driver(WriteKeyed(kafka).Build());
  ASSERT_TRUE(driver.Open().ok());
  kafka.FailProduceRequests(
      {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(driver.Write({"k", std::to_string(i)}).ok());
  const Status status = driver.Flush(true);
  ASSERT_TRUE(status.ok()) << status.ToString();
  const std::vector<TestRecord> records = ReadAll(kafka, "output", 10);
  for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ(*records[i].value, std::to_string(i));
}

TEST(KafkaSinkOnMock, ARecordThatCannotBeDeliveredInTimeFailsWithTheReason) {
  MockKafka kafka;
  kafka.CreateTopic("output", 1);
  SinkDriver driver(WriteKeyed(kafka).Property("message.timeout.ms", "1500").Build());
  ASSERT_TRUE(driver.Open().ok());
  ASSERT_TRUE(driver.Write({"k", "v"}).ok());
  ASSERT_TRUE(driver.Flush(false).ok());
  kafka.SetDown();
  ASSERT_TRUE(driver.Write({"k", "v"}).ok());
  const Status status = driver.Flush(false);
  EXPECT_EQ(status.code(), StatusCode::kTimedOut) << status.ToString();
  EXPECT_EQ(status.retry(), RetryHint::kRetry);
  EXPECT_NE(status.message().find("last error"), std::string::npos) << status.message();
}

TEST(KafkaSinkOnMock, TooLargeARecordIsAnErrorOfTheJob) {
  MockKafka kafka;
  kafka.CreateTopic("output", 1);
  SinkDriver driver(WriteKeyed(kafka).Property("message.max.bytes", "1000").Build());
  ASSERT_TRUE(driver.Open().ok());
  const Status status = driver.Write({"k", std::string(2000, 'x')});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
  EXPECT_EQ(status.domain(), ErrorDomain::kUser);
  ASSERT_TRUE(driver.Flush(false).ok());  // the refused record is not waited for
}

TEST(KafkaSinkOnMock, OpeningFailsWhenTheBrokerIsDown) {
  SinkDriver driver(KafkaSink<std::string>::Builder()
                        .BootstrapServers("127.0.0.1:1")
                        .Topic("output")
                        .MetadataTimeoutMs(1500)
                        .Build());
  const Status status = driver.Open();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("127.0.0.1:1"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("Connection refused"), std::string::npos) << status.message();
}

TEST(KafkaSinkOnMock, ClosingWithUndeliveredRecordsIsQuick) {
  MockKafka kafka;
  kafka.CreateTopic("output", 4);
  SinkDriver driver(WriteKeyed(kafka).Property("linger.ms", "60000").Build());
  ASSERT_TRUE(driver.Open().ok());
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(driver.Write({std::to_string(i), "v"}).ok());
  kafka.SetDown();
  const auto before = std::chrono::steady_clock::now();
  driver.Close();
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(10));
}

}  // namespace
}  // namespace weir::kafka
