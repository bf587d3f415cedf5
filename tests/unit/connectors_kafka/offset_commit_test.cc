// What the consumer group hears of checkpoints.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <weir/connectors/kafka.h>

#include "connectors/kafka/src/checkpoint_offsets.h"
#include "connectors/kafka/src/client_defaults.h"
#include "tests/kafka/source_driver.h"
#include "tests/kafka/topic_writer.h"
#include "tests/unit/connectors_kafka/mock_kafka.h"

namespace weir::kafka {
namespace {

using std::chrono::seconds;
using test::MockKafka;
using test::SourceDriver;
using test::TestRecord;
using test::TopicWriter;
using Splits = std::vector<KafkaSplit>;

TEST(CheckpointOffsets, TellsWhatTheCompletedCheckpointHeldAndOnlyWhatIsNew) {
  CheckpointOffsets offsets;
  offsets.Snapshot(1, {{"t", 0, 10}, {"t", 1, kEarliestOffset}});
  offsets.Snapshot(2, {{"t", 0, 20}, {"t", 1, 5}});
  offsets.Snapshot(3, {{"t", 0, 20}, {"t", 1, 7}});
  EXPECT_EQ(offsets.Complete(1), (Splits{{"t", 0, 10}})) << "nothing of the other was read";
  EXPECT_EQ(offsets.Complete(1), Splits()) << "known already";
  EXPECT_EQ(offsets.Complete(3), (Splits{{"t", 0, 20}, {"t", 1, 7}}));
  EXPECT_EQ(offsets.Complete(2), Splits()) << "older than one that is complete";
  offsets.Snapshot(4, {{"t", 0, 20}, {"t", 1, 8}});
  EXPECT_EQ(offsets.Complete(4), (Splits{{"t", 1, 8}}));
}

TEST(CheckpointOffsets, ForgetsTheOldestOfManyThatNeverCompleted) {
  CheckpointOffsets offsets;
  const std::uint64_t last = CheckpointOffsets::kMaximumPending + 1;
  for (std::uint64_t id = 1; id <= last; ++id) {
    offsets.Snapshot(id, {{"t", 0, static_cast<std::int64_t>(id)}});
  }
  EXPECT_EQ(offsets.Complete(1), Splits());
  EXPECT_EQ(offsets.Complete(2), (Splits{{"t", 0, 2}}));
  EXPECT_EQ(offsets.Complete(last), (Splits{{"t", 0, static_cast<std::int64_t>(last)}}));
}

TEST(CommitsOffsets, OnlyToAGroupAndUnlessForbidden) {
  internal::KafkaSourceOptions options;
  EXPECT_FALSE(CommitsOffsets(options));
  options.group_id = "group";
  EXPECT_TRUE(CommitsOffsets(options));
  options.commit_offsets_on_checkpoint = false;
  EXPECT_FALSE(CommitsOffsets(options));
  internal::KafkaSourceOptions by_property;
  by_property.client.properties = {{"group.id", "group"}};
  EXPECT_TRUE(CommitsOffsets(by_property));
}

// The group's offset of partition 0; RD_KAFKA_OFFSET_INVALID: it has none.
std::int64_t CommittedOffset(const MockKafka& kafka, const std::string& group) {
  char error[512] = "";
  rd_kafka_conf_t* const configuration = rd_kafka_conf_new();
  rd_kafka_conf_set(configuration, "bootstrap.servers", kafka.bootstrap_servers().c_str(), error,
                    sizeof(error));
  rd_kafka_conf_set(configuration, "group.id", group.c_str(), error, sizeof(error));
  rd_kafka_t* const client = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, error, sizeof(error));
  const std::unique_ptr<rd_kafka_topic_partition_list_t,
                        decltype(&rd_kafka_topic_partition_list_destroy)>
      list(rd_kafka_topic_partition_list_new(1), &rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(list.get(), "input", 0);
  EXPECT_EQ(rd_kafka_committed(client, list.get(), 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_destroy(client);
  return list->elems[0].offset;
}

// One partition; what was written is read.
class OffsetCommitTest : public ::testing::Test {
 protected:
  using Builder = KafkaSourceBuilder<std::string, StringValueDeserializer>;
  using Source = KafkaSource<std::string>;

  OffsetCommitTest()
      : writer_([this] {
          kafka_.CreateTopic("input", 1);
          return kafka_.bootstrap_servers();
        }()) {}

  Builder ReadInput() {
    return KafkaSource<std::string>::Builder()
        .BootstrapServers(kafka_.bootstrap_servers())
        .Topics({"input"});
  }
  void Start(Source source) {
    driver_ = std::make_unique<SourceDriver<Source>>(std::move(source), 1);
    ASSERT_TRUE(driver_->Start().ok());
  }
  void WriteAndRead(int count) {
    for (int i = 0; i < count; ++i) {
      TestRecord record;
      record.partition = 0;
      record.value = "x";
      ASSERT_TRUE(writer_.Write("input", record).ok());
    }
    written_ += count;
    const Status read = driver_->Read(
        seconds(60), [&](std::uint32_t, std::string&, std::int64_t) { ++read_; },
        [&] { return read_ == written_; });
    ASSERT_TRUE(read.ok()) << read.ToString();
  }
  void Complete(std::uint64_t checkpoint_id) {
    driver_->reader(0).CheckpointComplete(checkpoint_id);
  }
  std::uint64_t Count(const char* name) {
    return driver_->reader_context(0).runtime().metrics().counter(name).value();
  }
  // Records go on to come meanwhile.
  void ReadUntilCounted(const char* name, std::uint64_t count) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    while (Count(name) < count) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << name;
      WriteAndRead(1);
    }
  }

  MockKafka kafka_;
  TopicWriter writer_;
  std::unique_ptr<SourceDriver<Source>> driver_;
  int written_ = 0;
  int read_ = 0;
};

TEST_F(OffsetCommitTest, TheGroupHearsOfACompletedCheckpoint) {
  Start(ReadInput().GroupId("billing").Build());
  WriteAndRead(10);
  EXPECT_EQ(driver_->reader(0).Snapshot(1).front().next_offset, 10);
  WriteAndRead(5);
  driver_->reader(0).Snapshot(2);
  Complete(1);
  ReadUntilCounted("commitsSucceeded", 1);
  EXPECT_EQ(CommittedOffset(kafka_, "billing"), 10);
  Complete(2);
  ReadUntilCounted("commitsSucceeded", 2);
  EXPECT_EQ(CommittedOffset(kafka_, "billing"), 15);
  EXPECT_EQ(Count("commitsFailed"), 0u);
}

TEST_F(OffsetCommitTest, WhatFailsIsCountedAndReadingGoesOn) {
  kafka_.FailCommitRequests({RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED});
  Start(ReadInput().GroupId("billing").Build());
  WriteAndRead(10);
  driver_->reader(0).Snapshot(1);
  Complete(1);
  ReadUntilCounted("commitsFailed", 1);
  EXPECT_EQ(CommittedOffset(kafka_, "billing"), RD_KAFKA_OFFSET_INVALID);
  driver_->reader(0).Snapshot(2);
  const int snapshot_at = read_;
  Complete(2);
  ReadUntilCounted("commitsSucceeded", 1);
  EXPECT_EQ(CommittedOffset(kafka_, "billing"), snapshot_at);
}

TEST_F(OffsetCommitTest, NoGroupIsToldWhereTheJobForbidsIt) {
  Start(ReadInput().GroupId("billing").CommitOffsetsOnCheckpoint(false).Build());
  WriteAndRead(10);
  driver_->reader(0).Snapshot(1);
  Complete(1);
  driver_->Close();
  EXPECT_EQ(Count("commitsSucceeded") + Count("commitsFailed"), 0u);
  EXPECT_EQ(CommittedOffset(kafka_, "billing"), RD_KAFKA_OFFSET_INVALID);
}

}  // namespace
}  // namespace weir::kafka
