// The Kafka connector on a real broker, driven through the SDK's seam.
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <weir/connectors/kafka.h>

#include "tests/kafka/kafka_admin.h"
#include "tests/kafka/real_kafka_broker.h"
#include "tests/kafka/sink_driver.h"
#include "tests/kafka/source_driver.h"
#include "tests/kafka/topic_reader.h"
#include "tests/kafka/topic_writer.h"

namespace weir::kafka {
namespace {

using std::chrono::seconds;
using test::KafkaAdmin;
using test::RealKafkaBroker;
using test::SinkDriver;
using test::SourceDriver;
using test::TestRecord;
using test::TopicReader;
using test::TopicWriter;

// One broker for all tests; each uses topics of its own.
class KafkaConnectorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto broker = RealKafkaBroker::Start();
    if (broker.ok()) {
      broker_ = broker->release();
    } else {
      start_status_ = new Status(broker.status());
    }
  }
  static void TearDownTestSuite() {
    delete broker_;
    broker_ = nullptr;
    delete start_status_;
    start_status_ = nullptr;
  }
  void SetUp() override {
    if (start_status_ == nullptr) return;
    if (start_status_->code() == StatusCode::kUnavailable) {
      GTEST_SKIP() << "SKIPPED: real Kafka: " << start_status_->message();
    }
    FAIL() << start_status_->ToString();
  }

  static std::string servers() { return broker_->bootstrap_servers(); }
  static void CreateTopic(const std::string& name, int partitions) {
    const Status status = broker_->CreateTopic(name, partitions);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  static KafkaSourceBuilder<std::string, StringValueDeserializer> ReadStrings(
      const std::string& topic) {
    return KafkaSource<std::string>::Builder().BootstrapServers(servers()).Topics({topic});
  }
  // Reads to the end; "" and the values, or what went wrong.
  template <class Source>
  static std::multiset<std::string> ReadBounded(const Source& source) {
    std::multiset<std::string> values;
    SourceDriver<Source> driver(source, 2);
    Status status = driver.Start();
    if (status.ok()) {
      status = driver.Read(seconds(60), [&](std::uint32_t, std::string& value, std::int64_t) {
        values.insert(value);
      });
    }
    EXPECT_TRUE(status.ok()) << status.ToString();
    return values;
  }

  static RealKafkaBroker* broker_;
  static Status* start_status_;
};

RealKafkaBroker* KafkaConnectorTest::broker_ = nullptr;
Status* KafkaConnectorTest::start_status_ = nullptr;

TEST_F(KafkaConnectorTest, CopiesEveryKeyedRecordInTheOrderOfItsKey) {
  constexpr int kRecords = 100'000;
  constexpr int kKeys = 1000;
  CreateTopic("copy-in", 8);
  CreateTopic("copy-out", 8);
  ASSERT_TRUE(TopicWriter(servers()).WriteKeyed("copy-in", kRecords, kKeys).ok());
  SourceDriver source(KafkaSource<KafkaKeyValue>::Builder()
                          .BootstrapServers(servers())
                          .Topics({"copy-in"})
                          .Bounded(OffsetsInitializer::Latest())
                          .Build(),
                      4);
  SinkDriver sink(
      KafkaSink<KafkaKeyValue>::Builder().BootstrapServers(servers()).Topic("copy-out").Build());
  ASSERT_TRUE(source.Start().ok());
  ASSERT_TRUE(sink.Open().ok());
  Status written;
  std::set<std::uint32_t> readers;
  const Status read = source.Read(
      seconds(120), [&](std::uint32_t reader, KafkaKeyValue& record, std::int64_t timestamp) {
        readers.insert(reader);
        if (written.ok()) written = sink.Write(record, timestamp);
      });
  ASSERT_TRUE(read.ok()) << read.ToString();
  ASSERT_TRUE(written.ok()) << written.ToString();
  ASSERT_TRUE(sink.Flush(true).ok());
  EXPECT_EQ(readers.size(), 4u);
  TopicReader reader(servers(), "copy-out");
  std::map<std::string, std::int64_t> last_of_key;
  std::vector<int> times_seen(kRecords, 0);
  int out_of_order = 0;
  const Status checked = reader.ReadUntil(kRecords, seconds(120), [&](const TestRecord& record) {
    const std::int64_t number = std::stoll(*record.value);
    ++times_seen[static_cast<std::size_t>(number)];
    if (*record.key != "key-" + std::to_string(number % kKeys)) ++out_of_order;
    const auto [last, first] = last_of_key.try_emplace(*record.key, number);
    if (!first && last->second >= number) ++out_of_order;
    last->second = number;
  });
  ASSERT_TRUE(checked.ok()) << checked.ToString();
  EXPECT_EQ(reader.records_read(), kRecords);
  EXPECT_EQ(out_of_order, 0);
  EXPECT_EQ(std::count(times_seen.begin(), times_seen.end(), 1), kRecords);
}

TEST_F(KafkaConnectorTest, StartsAndStopsWhereItIsTold) {
  CreateTopic("offsets", 2);
  TopicWriter writer(servers());
  // Partition p holds the numbers 10 p … 10 p + 9 at the times 1000, 1100, … since 1970 plus an
  // hour.
  constexpr std::int64_t kHour = 3'600'000;
  for (int i = 0; i < 20; ++i) {
    TestRecord record;
    record.partition = i / 10;
    record.value = std::to_string(i);
    record.timestamp_ms = kHour + 1000 + 100 * (i % 10);
    ASSERT_TRUE(writer.Write("offsets", record).ok());
  }
  ASSERT_TRUE(writer.Flush().ok());
  using Values = std::multiset<std::string>;
  const auto bounded = [] { return ReadStrings("offsets").Bounded(OffsetsInitializer::Latest()); };
  EXPECT_EQ(ReadBounded(bounded().Build()).size(), 20u);
  EXPECT_EQ(ReadBounded(bounded().StartingOffsets(OffsetsInitializer::Latest()).Build()).size(),
            0u);
  EXPECT_EQ(
      ReadBounded(bounded().StartingOffsets(OffsetsInitializer::Timestamp(kHour + 1750)).Build()),
      (Values{"8", "9", "18", "19"}));
  EXPECT_EQ(ReadBounded(bounded().StartingOffsets(OffsetsInitializer::Timestamp(2 * kHour)).Build())
                .size(),
            0u);
  EXPECT_EQ(ReadBounded(bounded()
                            .StartingOffsets(
                                OffsetsInitializer::Offsets({{"offsets", 0, 9}, {"offsets", 1, 8}}))
                            .Build()),
            (Values{"9", "18", "19"}));
  EXPECT_EQ(
      ReadBounded(
          ReadStrings("offsets").Bounded(OffsetsInitializer::Timestamp(kHour + 1150)).Build()),
      (Values{"0", "1", "10", "11"}));
  EXPECT_EQ(
      ReadBounded(ReadStrings("offsets")
                      .Bounded(OffsetsInitializer::Offsets({{"offsets", 0, 1}, {"offsets", 1, 0}}))
                      .Build()),
      (Values{"0"}));
  // Once the first records are deleted, earliest means the first that is left; a deleted offset is
  // an error.
  ASSERT_TRUE(broker_->DeleteRecordsBefore("offsets", 0, 8).ok());
  EXPECT_EQ(
      ReadBounded(ReadStrings("offsets")
                      .Bounded(OffsetsInitializer::Offsets({{"offsets", 0, 10}, {"offsets", 1, 1}}))
                      .Build()),
      (Values{"8", "9", "10"}));
  SourceDriver gone(
      bounded().StartingOffsets(OffsetsInitializer::Offsets({{"offsets", 0, 3}})).Build(), 1);
  ASSERT_TRUE(gone.Start().ok());
  const Status status = gone.Read(seconds(60), [](std::uint32_t, std::string&, std::int64_t) {});
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status.ToString();
  EXPECT_NE(status.message().find("topic 'offsets' partition 0, next offset 3"), std::string::npos)
      << status.message();
}

// The offsets of transaction markers and aborted records are never delivered: a bounded source must
// end all the same.
TEST_F(KafkaConnectorTest, EndsBehindTransactionsAndLeavesAbortedRecordsOut) {
  CreateTopic("transactions", 1);
  ASSERT_TRUE(
      test::WriteTransaction(servers(), "transactions", "committed-", 10, /*commit=*/true).ok());
  ASSERT_TRUE(
      test::WriteTransaction(servers(), "transactions", "aborted-", 10, /*commit=*/false).ok());
  const std::multiset<std::string> values =
      ReadBounded(ReadStrings("transactions").Bounded(OffsetsInitializer::Latest()).Build());
  EXPECT_EQ(values.size(), 10u);
  for (const std::string& value : values) EXPECT_EQ(value.rfind("committed-", 0), 0u) << value;
}

TEST_F(KafkaConnectorTest, AnUnknownTopicIsNamed) {
  SourceDriver source(ReadStrings("no-such-topic").Build(), 1);
  const Status read = source.Start();
  EXPECT_EQ(read.code(), StatusCode::kNotFound);
  EXPECT_EQ(read.retry(), RetryHint::kNoRetry);
  EXPECT_EQ(read.message(),
            "Kafka source: topic 'no-such-topic' does not exist on brokers " + servers());
  SinkDriver sink(
      KafkaSink<std::string>::Builder().BootstrapServers(servers()).Topic("no-such-topic").Build());
  const Status write = sink.Open();
  EXPECT_EQ(write.code(), StatusCode::kNotFound);
  EXPECT_EQ(write.message(),
            "Kafka sink: topic 'no-such-topic' does not exist on brokers " + servers());
}

TEST_F(KafkaConnectorTest, ARecordThatTheBrokerRefusesFailsWithTopicPartitionAndReason) {
  ASSERT_TRUE(broker_->CreateTopic("small-records", 1, {{"max.message.bytes", "1000"}}).ok());
  SinkDriver sink(
      KafkaSink<std::string>::Builder().BootstrapServers(servers()).Topic("small-records").Build());
  ASSERT_TRUE(sink.Open().ok());
  ASSERT_TRUE(sink.Write(std::string(5000, 'x')).ok());
  const Status status = sink.Flush(false);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
  EXPECT_EQ(status.domain(), ErrorDomain::kUser);
  EXPECT_NE(status.message().find("topic 'small-records' partition 0"), std::string::npos)
      << status.message();
  EXPECT_NE(status.message().find("Message size too large"), std::string::npos) << status.message();
}

TEST_F(KafkaConnectorTest, GoesOnWhenTheBrokerIsKilledAndComesBack) {
  constexpr int kHalf = 20'000;
  CreateTopic("restart-in", 4);
  CreateTopic("restart-out", 4);
  ASSERT_TRUE(TopicWriter(servers()).WriteKeyed("restart-in", kHalf, 100, "a").ok());
  SourceDriver source(ReadStrings("restart-in").Property("reconnect.backoff.max.ms", "500").Build(),
                      2);
  SinkDriver sink(KafkaSink<std::string>::Builder()
                      .BootstrapServers(servers())
                      .Topic("restart-out")
                      .Property("reconnect.backoff.max.ms", "500")
                      .Property("queue.buffering.max.messages", "5000")
                      .Build());
  ASSERT_TRUE(source.Start().ok());
  ASSERT_TRUE(sink.Open().ok());
  int read = 0;
  Status written;
  const auto copy = [&](std::uint32_t, std::string& value, std::int64_t timestamp) {
    ++read;
    if (written.ok()) written = sink.Write(value, timestamp);
  };
  // Killed in the middle of reading and with deliveries outstanding; restarted while this thread
  // waits for room.
  ASSERT_TRUE(source.Read(seconds(60), copy, [&] { return read >= kHalf / 2; }).ok());
  ASSERT_TRUE(broker_->Kill().ok());
  ASSERT_TRUE(broker_->Restart().ok());
  Status status = source.Read(seconds(60), copy, [&] { return read >= kHalf; });
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_TRUE(TopicWriter(servers()).WriteKeyed("restart-in", kHalf, 100, "b").ok());
  status = source.Read(seconds(60), copy, [&] { return read >= 2 * kHalf; });
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_TRUE(written.ok()) << written.ToString();
  ASSERT_TRUE(sink.Flush(true).ok());
  EXPECT_EQ(read, 2 * kHalf);
  std::set<std::string> values;
  TopicReader reader(servers(), "restart-out");
  ASSERT_TRUE(reader
                  .ReadUntil(2 * kHalf, seconds(60),
                             [&](const TestRecord& record) { values.insert(*record.value); })
                  .ok());
  EXPECT_EQ(values.size(), 2u * kHalf);
  EXPECT_EQ(reader.records_read(), 2 * kHalf);  // the producer is idempotent
}

TEST_F(KafkaConnectorTest, ABrokerThatIsDownIsNamedWithItsReason) {
  ASSERT_TRUE(broker_->Stop().ok());
  SourceDriver source(ReadStrings("any").MetadataTimeoutMs(1500).Build(), 1);
  const Status status = source.Start();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find(servers()), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("Connection refused"), std::string::npos) << status.message();
  ASSERT_TRUE(broker_->Restart().ok());
}

}  // namespace
}  // namespace weir::kafka
