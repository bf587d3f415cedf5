// What is refused before anything is connected, how errors are classified, and the numbers of the
// statistics.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <weir/connectors/kafka.h>
#include <weir/serializer.h>

#include "connectors/kafka/src/client_statistics.h"
#include "connectors/kafka/src/kafka_client.h"
#include "connectors/kafka/src/kafka_status.h"

namespace weir::kafka {
namespace {

TEST(KafkaSource, NamesWhatIsMissingOrWrong) {
  const auto message = [](const KafkaSource<std::string>& source) {
    return source.Validate().message();
  };
  const auto builder = [] {
    return KafkaSource<std::string>::Builder().BootstrapServers("b:1").Topics({"t"});
  };
  EXPECT_EQ(builder().Build().Validate(), Status::Ok());
  EXPECT_EQ(message(KafkaSource<std::string>::Builder().Topics({"t"}).Build()),
            "Kafka: no bootstrap servers are given");
  EXPECT_EQ(message(builder().Topics({}).Build()), "Kafka source: no topics are given");
  EXPECT_EQ(message(builder().Topics({"a", "b", "a"}).Build()),
            "Kafka source: topic 'a' is given twice");
  EXPECT_EQ(message(builder().Topics({""}).Build()), "Kafka source: a topic's name is empty");
  EXPECT_EQ(message(builder().Bounded(OffsetsInitializer::Earliest()).Build()),
            "Kafka source: bounded at the earliest offset would read nothing");
  EXPECT_EQ(message(builder().MetadataTimeoutMs(0).Build()),
            "Kafka source: the metadata timeout must be above 0 ms");
  EXPECT_NE(message(builder().Property("fetch.min.byte", "1").Build()).find("'fetch.min.byte'"),
            std::string::npos);
  EXPECT_NE(
      message(builder().Property("fetch.min.bytes", "zero").Build()).find("'fetch.min.bytes'"),
      std::string::npos);
}

TEST(KafkaSource, IsBoundedOnlyWhenToldWhereToStop) {
  EXPECT_FALSE(KafkaSource<std::string>::Builder().Build().bounded());
  EXPECT_TRUE(
      KafkaSource<std::string>::Builder().Bounded(OffsetsInitializer::Latest()).Build().bounded());
}

TEST(KafkaSink, NamesWhatIsMissingOrWrong) {
  EXPECT_EQ(KafkaSink<std::string>::Builder().BootstrapServers("b:1").Topic("t").Build().Validate(),
            Status::Ok());
  EXPECT_EQ(KafkaSink<std::string>::Builder().Topic("t").Build().Validate().code(),
            StatusCode::kInvalidArgument);
  const Status status = KafkaSink<std::string>::Builder()
                            .BootstrapServers("b:1")
                            .Property("acks", "many")
                            .Build()
                            .Validate();
  EXPECT_NE(status.message().find("'acks'"), std::string::npos) << status.message();
}

TEST(KafkaStatus, SaysWhoseFaultItIsAndWhetherToRetry) {
  struct Case {
    rd_kafka_resp_err_t error;
    StatusCode code;
    ErrorDomain domain;
    RetryHint retry;
  };
  const std::vector<Case> cases = {
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, StatusCode::kNotFound, ErrorDomain::kExternal,
       RetryHint::kNoRetry},
      {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, StatusCode::kNotFound, ErrorDomain::kExternal,
       RetryHint::kNoRetry},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, StatusCode::kFailedPrecondition,
       ErrorDomain::kExternal, RetryHint::kNoRetry},
      {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, StatusCode::kInvalidArgument, ErrorDomain::kUser,
       RetryHint::kNoRetry},
      {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, StatusCode::kTimedOut, ErrorDomain::kExternal,
       RetryHint::kRetry},
      {RD_KAFKA_RESP_ERR__BAD_MSG, StatusCode::kCorruption, ErrorDomain::kExternal,
       RetryHint::kNoRetry},
      {RD_KAFKA_RESP_ERR__TRANSPORT, StatusCode::kUnavailable, ErrorDomain::kExternal,
       RetryHint::kRetry},
  };
  for (const Case& expected : cases) {
    const Status status = MakeKafkaStatus(expected.error, "text");
    EXPECT_EQ(status, Status(expected.code, "text", expected.domain, expected.retry))
        << rd_kafka_err2name(expected.error);
  }
  EXPECT_TRUE(IsTransient(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN));
  EXPECT_FALSE(IsTransient(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART));
  EXPECT_FALSE(IsTransient(RD_KAFKA_RESP_ERR__FATAL));
}

TEST(ClientStatistics, SumsOverPartitions) {
  const ConsumerStatistics statistics = ReadConsumerStatistics(
      R"({"topics":{"t":{"partitions":{"0":{"fetchq_cnt":3, "fetchq_size":300, "consumer_lag":10},)"
      R"("1":{"fetchq_cnt": 4,"fetchq_size":50,"consumer_lag":-1},"-1":{"fetchq_cnt":0}}}}})");
  EXPECT_EQ(statistics.queued_messages, 7);
  EXPECT_EQ(statistics.queued_bytes, 350);
  EXPECT_EQ(statistics.pending_records, 10);
  EXPECT_EQ(ReadConsumerStatistics("").queued_messages, 0);
  EXPECT_EQ(ReadConsumerStatistics("\"fetchq_cnt\":").queued_messages, 0);
}

TEST(KafkaSplit, ComesBackFromItsBytes) {
  const KafkaEnumeratorState state{
      true, {{"a", 0, kEarliestOffset, kNoStoppingOffset}}, {{"b", 7, 12, 99}}};
  std::vector<std::byte> bytes;
  SerializeTo(state, bytes);
  const auto restored = Deserialize<KafkaEnumeratorState>(bytes);
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(*restored, state);
  bytes.clear();
  SerializeTo(KafkaKeyValue{"k", "v"}, bytes);
  EXPECT_EQ(*Deserialize<KafkaKeyValue>(bytes), (KafkaKeyValue{"k", "v"}));
}

TEST(PropertyOf, LastOneWins) {
  EXPECT_EQ(PropertyOf({{"a", "1"}}, {{"a", "2"}, {"a", "3"}}, "a"), "3");
  EXPECT_EQ(PropertyOf({{"a", "1"}}, {}, "a"), "1");
  EXPECT_EQ(PropertyOf({}, {}, "a"), "");
}

TEST(KafkaProducerRecord, IsNullUntilSetAndAfterClear) {
  KafkaProducerRecord record;
  EXPECT_FALSE(record.key());
  EXPECT_FALSE(record.value());
  record.SetKey("");
  record.SetValue("v");
  record.AddHeader("h", "1");
  record.topic = "t";
  record.partition = 3;
  EXPECT_EQ(record.key(), "");
  EXPECT_EQ(record.value(), "v");
  record.Clear();
  EXPECT_FALSE(record.key());
  EXPECT_FALSE(record.value());
  EXPECT_TRUE(record.headers.empty());
  EXPECT_TRUE(record.topic.empty());
  EXPECT_EQ(record.partition, -1);
}

}  // namespace
}  // namespace weir::kafka
