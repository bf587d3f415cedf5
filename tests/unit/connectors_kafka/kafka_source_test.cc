// The source against the mock cluster; what the mock cannot do (unknown topics, timestamps) is in
// tests/kafka.
#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <weir/connectors/kafka.h>

#include "tests/kafka/source_driver.h"
#include "tests/kafka/topic_writer.h"
#include "tests/unit/connectors_kafka/mock_kafka.h"

namespace weir::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::MockKafka;
using test::SourceDriver;
using test::TestRecord;
using test::TopicWriter;

KafkaSourceBuilder<std::string, StringValueDeserializer> ReadStrings(const MockKafka& kafka) {
  return KafkaSource<std::string>::Builder()
      .BootstrapServers(kafka.bootstrap_servers())
      .Topics({"input"});
}

std::multiset<std::string> Numbers(int from, int to) {
  std::multiset<std::string> numbers;
  for (int i = from; i < to; ++i) numbers.insert(std::to_string(i));
  return numbers;
}

TEST(KafkaSourceOnMock, ReadsEveryRecordOfEveryPartitionOnceAndEnds) {
  MockKafka kafka;
  kafka.CreateTopic("input", 5);
  ASSERT_TRUE(TopicWriter(kafka.bootstrap_servers()).WriteKeyed("input", 5000, 100).ok());
  SourceDriver driver(ReadStrings(kafka).Bounded(OffsetsInitializer::Latest()).Build(), 3);
  ASSERT_TRUE(driver.Start().ok());
  std::multiset<std::string> values;
  const Status status = driver.Read(
      seconds(60), [&](std::uint32_t, std::string& value, std::int64_t) { values.insert(value); });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(values, Numbers(0, 5000));
  EXPECT_TRUE(driver.AllEnded());
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_TRUE(driver.reader(i).Snapshot(1).empty());
}

// What gives each partition a watermark generator of its own.
TEST(KafkaSourceOnMock, RecordsOfAPartitionHaveATimestampAndAnOutputOfTheirOwn) {
  MockKafka kafka;
  kafka.CreateTopic("input", 5);
  ASSERT_TRUE(TopicWriter(kafka.bootstrap_servers()).WriteKeyed("input", 5000, 100).ok());
  SourceDriver driver(ReadStrings(kafka)
                          .Bounded(OffsetsInitializer::Latest())
                          .Deserializer([](const KafkaRecord& record, std::string& out) {
                            out = std::to_string(record.partition);
                            return true;
                          })
                          .Build(),
                      1);
  ASSERT_TRUE(driver.Start().ok());
  std::map<std::string, std::set<std::uint32_t>> outputs;
  const Status status = driver.Read(
      seconds(60), [&](std::uint32_t, std::string& partition, std::int64_t timestamp_ms) {
        outputs[partition].insert(driver.split_output());
        EXPECT_GE(timestamp_ms, 0);
      });
  ASSERT_TRUE(status.ok()) << status.ToString();
  std::set<std::uint32_t> all;
  for (const auto& [partition, of_partition] : outputs) {
    EXPECT_EQ(of_partition.size(), 1u) << "partition " << partition;
    all.insert(of_partition.begin(), of_partition.end());
  }
  EXPECT_EQ(all, (std::set<std::uint32_t>{1, 2, 3, 4, 5}));
  const auto& released = driver.reader_context(0).released_split_outputs;
  EXPECT_EQ(std::set<std::uint32_t>(released.begin(), released.end()), all) << "each has ended";
  EXPECT_EQ(released.size(), 5u);
}

// For watermark alignment.
TEST(KafkaSourceOnMock, APausedPartitionIsNotReadUntilItIsResumed) {
  MockKafka kafka;
  kafka.CreateTopic("input", 2);
  TopicWriter writer(kafka.bootstrap_servers());
  const auto write = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      TestRecord record;
      record.partition = i % 2;
      record.value = std::to_string(i);
      ASSERT_TRUE(writer.Write("input", record).ok());
    }
  };
  SourceDriver driver(ReadStrings(kafka).Build(), 1);
  ASSERT_TRUE(driver.Start().ok());
  std::multiset<std::string> values;
  std::map<std::uint32_t, int> of_output;
  const auto read_until = [&](const std::function<bool()>& enough) {
    const Status status = driver.Read(
        seconds(60),
        [&](std::uint32_t, std::string& value, std::int64_t) {
          values.insert(value);
          ++of_output[driver.split_output()];
        },
        enough);
    ASSERT_TRUE(status.ok()) << status.ToString();
  };
  write(0, 100);
  read_until([&] { return values.size() == 100; });
  ASSERT_TRUE(driver.reader(0).PauseOrResumeSplits({1}, {}));
  // The fetcher's thread may see some records of the partition before it hears of the pause.
  int written = 100;
  for (int quiet = 0; quiet < 5; written += 20) {
    ASSERT_LT(written, 4000) << "it is never paused";
    const int before = of_output[1];
    write(written, written + 20);
    read_until([&] { return of_output[2] == (written + 20) / 2; });
    quiet = of_output[1] == before ? quiet + 1 : 0;
  }
  EXPECT_LE(of_output[1], written / 2 - 5 * 10);
  ASSERT_TRUE(driver.reader(0).PauseOrResumeSplits({}, {1}));
  read_until([&] { return values.size() == static_cast<std::size_t>(written); });
  EXPECT_EQ(values, Numbers(0, written)) << "each once";
}

TEST(KafkaSourceOnMock, AnEmptyTopicAndReadersWithoutPartitionsEndAtOnce) {
  MockKafka kafka;
  kafka.CreateTopic("input", 2);
  SourceDriver driver(ReadStrings(kafka).Bounded(OffsetsInitializer::Latest()).Build(), 4);
  ASSERT_TRUE(driver.Start().ok());
  const Status status =
      driver.Read(seconds(60), [](std::uint32_t, std::string&, std::int64_t) { ADD_FAILURE(); });
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(KafkaSourceOnMock, StopsAtTheEndThatItFoundWhateverIsWrittenLater) {
  MockKafka kafka;
  kafka.CreateTopic("input", 2);
  TopicWriter writer(kafka.bootstrap_servers());
  ASSERT_TRUE(writer.WriteKeyed("input", 100, 10).ok());
  SourceDriver driver(ReadStrings(kafka).Bounded(OffsetsInitializer::Latest()).Build(), 1);
  ASSERT_TRUE(driver.Start().ok());
  ASSERT_TRUE(writer.WriteKeyed("input", 1000, 10, "late-").ok());
  std::multiset<std::string> values;
  ASSERT_TRUE(driver
                  .Read(seconds(60), [&](std::uint32_t, std::string& value,
                                         std::int64_t) { values.insert(value); })
                  .ok());
  EXPECT_EQ(values, Numbers(0, 100));
}

TEST(KafkaSourceOnMock, LatestReadsOnlyWhatComesAfterTheStart) {
  MockKafka kafka;
  kafka.CreateTopic("input", 3);
  TopicWriter writer(kafka.bootstrap_servers());
  ASSERT_TRUE(writer.WriteKeyed("input", 50, 10, "early-").ok());
  SourceDriver driver(ReadStrings(kafka).StartingOffsets(OffsetsInitializer::Latest()).Build(), 2);
  ASSERT_TRUE(driver.Start().ok());
  ASSERT_TRUE(writer.WriteKeyed("input", 200, 10).ok());
  std::multiset<std::string> values;
  const Status status = driver.Read(
      seconds(60), [&](std::uint32_t, std::string& value, std::int64_t) { values.insert(value); },
      [&] { return values.size() >= 200; });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(values, Numbers(0, 200));
  EXPECT_FALSE(driver.AllEnded());
}

TEST(KafkaSourceOnMock, StartsAndStopsAtGivenOffsets) {
  MockKafka kafka;
  kafka.CreateTopic("input", 2);
  TopicWriter writer(kafka.bootstrap_servers());
  for (int i = 0; i < 20; ++i) {
    TestRecord record;
    record.partition = i % 2;
    record.value = std::to_string(i);
    ASSERT_TRUE(writer.Write("input", record).ok());
  }
  ASSERT_TRUE(writer.Flush().ok());
  // Partition 0 holds 0 2 4 …; 1 holds 1 3 5 …, and is not named as a start: it is read from its
  // first record.
  SourceDriver driver(ReadStrings(kafka)
                          .StartingOffsets(OffsetsInitializer::Offsets({{"input", 0, 8}}))
                          .Bounded(OffsetsInitializer::Offsets({{"input", 0, 9}, {"input", 1, 2}}))
                          .Build(),
                      1);
  ASSERT_TRUE(driver.Start().ok());
  std::multiset<std::string> values;
  ASSERT_TRUE(driver
                  .Read(seconds(60), [&](std::uint32_t, std::string& value,
                                         std::int64_t) { values.insert(value); })
                  .ok());
  EXPECT_EQ(values, (std::multiset<std::string>{"16", "1", "3"}));
}

TEST(KafkaSourceOnMock, RefusesOffsetsOfPartitionsThatDoNotExist) {
  MockKafka kafka;
  kafka.CreateTopic("input", 2);
  SourceDriver wrong(
      ReadStrings(kafka).StartingOffsets(OffsetsInitializer::Offsets({{"input", 2, 0}})).Build(),
      1);
  const Status status = wrong.Start();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("partition 2 of topic 'input'"), std::string::npos)
      << status.message();
  SourceDriver missing(
      ReadStrings(kafka).Bounded(OffsetsInitializer::Offsets({{"input", 0, 5}})).Build(), 1);
  EXPECT_NE(missing.Start().message().find("no stopping offset is given for partition 1"),
            std::string::npos);
}

TEST(KafkaSourceOnMock, GivesKeyHeadersTimestampAndPositionToTheDeserializer) {
  struct Seen {
    std::string key;
    bool has_value = true;
    std::string headers;
    std::string last;
    std::string position;
  };
  MockKafka kafka;
  kafka.CreateTopic("input", 3);
  TopicWriter writer(kafka.bootstrap_servers());
  TestRecord record;
  record.key = std::string("k\0k", 3);
  record.partition = 2;
  record.timestamp_ms = 1'600'000'000'123;
  record.headers = {{"trace", "1"}, {"trace", "2"}, {"empty", ""}};
  ASSERT_TRUE(writer.Write("input", record).ok());
  ASSERT_TRUE(writer.Flush().ok());
  auto source = ReadStrings(kafka).Bounded(OffsetsInitializer::Latest());
  auto typed = KafkaSource<Seen>::Builder()
                   .BootstrapServers(kafka.bootstrap_servers())
                   .Topics({"input"})
                   .Bounded(OffsetsInitializer::Latest())
                   .Deserializer([](const KafkaRecord& in, Seen& out) {
                     out.key = in.key.value_or("none");
                     out.has_value = in.value.has_value();
                     for (const KafkaHeader& header : in.headers()) {
                       out.headers += std::string(header.name) + "=" +
                                      std::string(header.value.value_or("null")) + ";";
                     }
                     out.last = in.LastHeader("trace")->value.value_or("");
                     out.position = std::string(in.topic) + "/" + std::to_string(in.partition) +
                                    "/" + std::to_string(in.offset);
                     return true;
                   })
                   .Build();
  SourceDriver driver(typed, 1);
  ASSERT_TRUE(driver.Start().ok());
  int count = 0;
  ASSERT_TRUE(driver
                  .Read(seconds(60),
                        [&](std::uint32_t, Seen& seen, std::int64_t timestamp) {
                          ++count;
                          EXPECT_EQ(seen.key, std::string("k\0k", 3));
                          EXPECT_FALSE(seen.has_value);
                          EXPECT_EQ(seen.headers, "trace=1;trace=2;empty=;");
                          EXPECT_EQ(seen.last, "2");
                          EXPECT_EQ(seen.position, "input/2/0");
                          EXPECT_EQ(timestamp, 1'600'000'000'123);
                        })
                  .ok());
  EXPECT_EQ(count, 1);
}

TEST(KafkaSourceOnMock, ADeserializerMayLeaveRecordsOut) {
  MockKafka kafka;
  kafka.CreateTopic("input", 2);
  ASSERT_TRUE(TopicWriter(kafka.bootstrap_servers()).WriteKeyed("input", 1000, 10).ok());
  auto source = KafkaSource<int>::Builder()
                    .BootstrapServers(kafka.bootstrap_servers())
                    .Topics({"input"})
                    .Bounded(OffsetsInitializer::Latest())
                    .Deserializer([](const KafkaRecord& in, int& out) {
                      out = std::stoi(std::string(*in.value));
                      return out % 3 == 0;
                    })
                    .Build();
  SourceDriver driver(source, 1);
  ASSERT_TRUE(driver.Start().ok());
  std::set<int> values;
  ASSERT_TRUE(
      driver
          .Read(seconds(60), [&](std::uint32_t, int& value, std::int64_t) { values.insert(value); })
          .ok());
  EXPECT_EQ(values.size(), 334u);
  for (const int value : values) EXPECT_EQ(value % 3, 0);
}

// So that barriers and events of the coordinator come in between.
TEST(KafkaSourceOnMock, ReadReturnsThoughEveryRecordIsLeftOut) {
  MockKafka kafka;
  kafka.CreateTopic("input", 1);
  constexpr int kRecords = 10'000;
  ASSERT_TRUE(TopicWriter(kafka.bootstrap_servers()).WriteKeyed("input", kRecords, 10).ok());
  const auto seen = std::make_shared<int>(0);
  SourceDriver driver(ReadStrings(kafka)
                          .Bounded(OffsetsInitializer::Latest())
                          .Deserializer([seen](const KafkaRecord&, std::string&) {
                            ++*seen;
                            return false;
                          })
                          .Build(),
                      1);
  ASSERT_TRUE(driver.Start().ok());
  int most = 0;
  int before = 0;
  const Status status = driver.Read(
      seconds(60), [](std::uint32_t, std::string&, std::int64_t) { ADD_FAILURE(); },
      [&] {
        most = std::max(most, *seen - before);
        before = *seen;
        return false;
      });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(*seen, kRecords);
  EXPECT_LE(most, 4096);
}

// Takes numbers, but not 7.
struct NumberFormat {
  using Record = int;
  Status Deserialize(std::string_view message, int& out) const {
    out = std::stoi(std::string(message));
    return out == 7 ? Status::Corruption("no number") : Status::Ok();
  }
};

TEST(KafkaSourceOnMock, WhatAFormatRefusesIsReportedWithItsPlaceAndTheRestIsRead) {
  MockKafka kafka;
  kafka.CreateTopic("input", 1);
  ASSERT_TRUE(TopicWriter(kafka.bootstrap_servers()).WriteKeyed("input", 1000, 10).ok());
  const auto source = KafkaSource<int>::Builder()
                          .BootstrapServers(kafka.bootstrap_servers())
                          .Topics({"input"})
                          .Bounded(OffsetsInitializer::Latest())
                          .Deserializer(ValueDeserializer(NumberFormat()))
                          .Build();
  const auto read = [&source](bool keep_on, std::size_t& count) {
    SourceDriver driver(source, 1);
    Status status = driver.Start();
    driver.reader_context(0).keep_on = keep_on;
    if (status.ok()) {
      status = driver.Read(seconds(60), [&](std::uint32_t, int&, std::int64_t) { ++count; });
    }
    const auto& bad = driver.reader_context(0).bad_records;
    EXPECT_EQ(bad, std::vector<std::string>{"input-0 offset 7: 7"});
    return status;
  };
  std::size_t count = 0;
  EXPECT_EQ(read(false, count).message(), "input-0 offset 7: no number");
  count = 0;
  EXPECT_TRUE(read(true, count).ok());
  EXPECT_EQ(count, 999u);
}

TEST(KafkaSourceOnMock, ContinuesExactlyAfterASnapshot) {
  MockKafka kafka;
  kafka.CreateTopic("input", 4);
  ASSERT_TRUE(TopicWriter(kafka.bootstrap_servers()).WriteKeyed("input", 3000, 100).ok());
  const auto source = ReadStrings(kafka).Bounded(OffsetsInitializer::Latest()).Build();
  std::multiset<std::string> values;
  std::vector<std::vector<KafkaSplit>> splits;
  {
    SourceDriver driver(source, 2);
    ASSERT_TRUE(driver.Start().ok());
    ASSERT_TRUE(
        driver
            .Read(
                seconds(60),
                [&](std::uint32_t, std::string& value, std::int64_t) { values.insert(value); },
                [&] { return values.size() >= 700; })
            .ok());
    for (std::uint32_t i = 0; i < 2; ++i) splits.push_back(driver.reader(i).Snapshot(7));
  }
  ASSERT_LT(values.size(), 3000u);
  SourceDriver restored(source, 2);
  ASSERT_TRUE(restored.Start(splits).ok());
  ASSERT_TRUE(restored
                  .Read(seconds(60), [&](std::uint32_t, std::string& value,
                                         std::int64_t) { values.insert(value); })
                  .ok());
  EXPECT_EQ(values, Numbers(0, 3000));
}

TEST(KafkaSourceOnMock, RecordsThatAreGoneFailInsteadOfBeingSkipped) {
  MockKafka kafka;
  kafka.CreateTopic("input", 1);
  TopicWriter writer(kafka.bootstrap_servers());
  for (int i = 0; i < 1000; ++i) {  // 10 MB: the mock keeps 5 MiB
    TestRecord record;
    record.value = std::string(10'000, 'x');
    ASSERT_TRUE(writer.Write("input", record).ok());
  }
  ASSERT_TRUE(writer.Flush().ok());
  SourceDriver driver(ReadStrings(kafka)
                          .StartingOffsets(OffsetsInitializer::Offsets({{"input", 0, 3}}))
                          .Bounded(OffsetsInitializer::Latest())
                          .Build(),
                      1);
  ASSERT_TRUE(driver.Start().ok());
  const Status status = driver.Read(seconds(60), [](std::uint32_t, std::string&, std::int64_t) {});
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status.ToString();
  EXPECT_EQ(status.retry(), RetryHint::kNoRetry);
  EXPECT_NE(status.message().find("topic 'input' partition 0, next offset 3"), std::string::npos)
      << status.message();
}

TEST(KafkaSourceOnMock, ABrokerThatIsDownIsNamedWithItsReason) {
  auto source = KafkaSource<std::string>::Builder()
                    .BootstrapServers("127.0.0.1:1")
                    .Topics({"input"})
                    .MetadataTimeoutMs(1500)
                    .Build();
  SourceDriver driver(source, 1);
  const auto before = std::chrono::steady_clock::now();
  const Status status = driver.Start();
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(20));
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.domain(), ErrorDomain::kExternal);
  EXPECT_EQ(status.retry(), RetryHint::kRetry);
  EXPECT_NE(status.message().find("127.0.0.1:1"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("Connection refused"), std::string::npos) << status.message();
}

TEST(KafkaSourceOnMock, MissingPermissionIsSaid) {
  MockKafka kafka;
  kafka.CreateTopic("input", 1);
  kafka.SetTopicError("input", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  SourceDriver driver(ReadStrings(kafka).Build(), 1);
  const Status status = driver.Start();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.ToString();
  EXPECT_NE(status.message().find("topic 'input'"), std::string::npos) << status.message();
}

TEST(KafkaSourceOnMock, ReadsOnAfterTheBrokerWasAway) {
  MockKafka kafka;
  kafka.CreateTopic("input", 2);
  TopicWriter writer(kafka.bootstrap_servers(), {{"reconnect.backoff.max.ms", "200"}});
  SourceDriver driver(ReadStrings(kafka).Property("reconnect.backoff.max.ms", "200").Build(), 1);
  ASSERT_TRUE(driver.Start().ok());
  std::multiset<std::string> values;
  const auto collect = [&](std::uint32_t, std::string& value, std::int64_t) {
    values.insert(value);
  };
  ASSERT_TRUE(writer.WriteKeyed("input", 100, 10).ok());
  ASSERT_TRUE(driver.Read(seconds(60), collect, [&] { return values.size() >= 100; }).ok());
  kafka.SetDown();
  const Status nothing = driver.Read(milliseconds(500), collect);
  EXPECT_EQ(nothing.code(), StatusCode::kTimedOut) << nothing.ToString();
  kafka.SetUp();
  ASSERT_TRUE(writer.WriteKeyed("input", 100, 10).ok());
  const Status status = driver.Read(seconds(60), collect, [&] { return values.size() >= 200; });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(values.size(), 200u);
}

}  // namespace
}  // namespace weir::kafka
