#include "connectors/kafka/src/topic_metadata.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <librdkafka/rdkafka.h>

#include "connectors/kafka/src/kafka_status.h"

namespace weir::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kPauseMs = 100;

// ListOffsets knows these in place of a timestamp (Kafka protocol, ListOffsets request).
constexpr std::int64_t kEndOfPartition = -1;

}  // namespace

TopicMetadata::TopicMetadata(KafkaClient& client, std::string bootstrap_servers,
                             std::int64_t timeout_ms)
    : client_(client),
      bootstrap_servers_(std::move(bootstrap_servers)),
      timeout_ms_(timeout_ms),
      deadline_(steady_clock::now() + milliseconds(timeout_ms)),
      unknown_topic_deadline_(steady_clock::now()) {}

void TopicMetadata::WaitForUnknownTopics(std::int64_t wait_ms) {
  unknown_topic_deadline_ = std::min(deadline_, steady_clock::now() + milliseconds(wait_ms));
}

int TopicMetadata::RemainingMs() const {
  const auto remaining =
      std::chrono::duration_cast<milliseconds>(deadline_ - steady_clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(remaining, 1));
}

bool TopicMetadata::Pause() {
  rd_kafka_poll(client_.handle(), std::min(kPauseMs, RemainingMs()));
  return steady_clock::now() < deadline_;
}

// "brokers a:9092 (within 30000 ms; last error: …)"
std::string TopicMetadata::Brokers() const {
  rd_kafka_poll(client_.handle(), 0);  // hands over what is still to be told
  const std::string reason = client_.last_error();
  return "brokers " + bootstrap_servers_ + " (tried for " + std::to_string(timeout_ms_) + " ms" +
         (reason.empty() ? "" : "; last error: " + reason) + ")";
}

Result<std::int32_t> TopicMetadata::PartitionCount(const std::string& topic) {
  using Topic = std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)>;
  const Topic handle(rd_kafka_topic_new(client_.handle(), topic.c_str(), nullptr),
                     &rd_kafka_topic_destroy);
  if (!handle)
    return Status::InvalidArgument("'" + topic + "' cannot be the name of a Kafka topic");
  while (true) {
    const rd_kafka_metadata_t* metadata = nullptr;
    int code = rd_kafka_metadata(client_.handle(), /*all_topics=*/0, handle.get(), &metadata,
                                 RemainingMs());
    const bool answered = code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1;
    std::int32_t partitions = 0;
    if (answered) {
      code = metadata->topics[0].err;
      partitions = metadata->topics[0].partition_cnt;
    }
    if (metadata != nullptr) rd_kafka_metadata_destroy(metadata);
    if (answered && code == RD_KAFKA_RESP_ERR_NO_ERROR && partitions > 0) return partitions;
    const bool unknown = answered && code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (unknown && steady_clock::now() >= unknown_topic_deadline_) {
      return MakeKafkaStatus(
          code, "topic '" + topic + "' does not exist on brokers " + bootstrap_servers_);
    }
    if (!unknown && code != RD_KAFKA_RESP_ERR_NO_ERROR && !IsTransient(code)) {
      return MakeKafkaStatus(code, "topic '" + topic + "': " +
                                       rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code)) +
                                       ", asking " + Brokers());
    }
    if (!Pause()) {
      return Status::Unavailable("cannot ask for topic '" + topic + "': no answer from " +
                                 Brokers());
    }
  }
}

Status TopicMetadata::FindEnds(std::vector<KafkaSplit>& splits) {
  return FindOffsets(splits, kEndOfPartition);
}

Status TopicMetadata::FindTimestamp(std::vector<KafkaSplit>& splits, std::int64_t timestamp_ms) {
  WEIR_RETURN_IF_ERROR(FindOffsets(splits, timestamp_ms));
  // A partition without such a record answers -1 (RD_KAFKA_OFFSET_END).
  std::vector<KafkaSplit> without;
  for (const KafkaSplit& split : splits) {
    if (split.next_offset < 0) without.push_back(split);
  }
  if (without.empty()) return Status::Ok();
  WEIR_RETURN_IF_ERROR(FindEnds(without));
  auto end = without.begin();
  for (KafkaSplit& split : splits) {
    if (split.next_offset < 0) split.next_offset = (end++)->next_offset;
  }
  return Status::Ok();
}

Status TopicMetadata::FindOffsets(std::vector<KafkaSplit>& splits, std::int64_t kafka_timestamp) {
  while (true) {
    int code = 0;
    Status status = AskOffsets(splits, kafka_timestamp, &code);
    if (status.ok() || !IsTransient(code)) return status;
    if (!Pause()) return status.WithContext("no offsets from " + Brokers());
  }
}

Status TopicMetadata::AskOffsets(std::vector<KafkaSplit>& splits, std::int64_t kafka_timestamp,
                                 int* error_code) {
  using List = std::unique_ptr<rd_kafka_topic_partition_list_t,
                               decltype(&rd_kafka_topic_partition_list_destroy)>;
  const List list(rd_kafka_topic_partition_list_new(static_cast<int>(splits.size())),
                  &rd_kafka_topic_partition_list_destroy);
  for (const KafkaSplit& split : splits) {
    rd_kafka_topic_partition_list_add(list.get(), split.topic.c_str(), split.partition)->offset =
        kafka_timestamp;
  }
  rd_kafka_resp_err_t code =
      rd_kafka_offsets_for_times(client_.handle(), list.get(), RemainingMs());
  for (std::size_t i = 0; i < splits.size() && code == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    const rd_kafka_topic_partition_t* answer = rd_kafka_topic_partition_list_find(
        list.get(), splits[i].topic.c_str(), splits[i].partition);
    code = answer->err;
    splits[i].next_offset = answer->offset;
  }
  *error_code = code;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Status::Ok();
  return MakeKafkaStatus(code, std::string("asking for offsets: ") + rd_kafka_err2str(code));
}

}  // namespace weir::kafka
