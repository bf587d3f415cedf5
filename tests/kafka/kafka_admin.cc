#include "tests/kafka/kafka_admin.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include <librdkafka/rdkafka.h>

namespace weir::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kRequestTimeoutMs = 20'000;

Status KafkaError(const std::string& what, const char* why) {
  return Status::Unavailable(what + ": " + (why == nullptr ? "unknown error" : why));
}

using Queue = std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)>;
using Event = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;

// The result of an admin call, or what went wrong with the call as a whole.
Result<Event> AwaitResult(rd_kafka_queue_t* queue, const std::string& what) {
  Event event(rd_kafka_queue_poll(queue, kRequestTimeoutMs), &rd_kafka_event_destroy);
  if (!event) return KafkaError(what, "no answer within 20 s");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return KafkaError(what, rd_kafka_event_error_string(event.get()));
  }
  return event;
}

}  // namespace

KafkaAdmin::KafkaAdmin(const std::string& bootstrap_servers) {
  char error[512] = "";
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  rd_kafka_conf_set(configuration, "bootstrap.servers", bootstrap_servers.c_str(), error,
                    sizeof(error));
  rd_kafka_conf_set(configuration, "log_level", "0", error, sizeof(error));
  // A broker that is being started refuses connections; ask again soon.
  rd_kafka_conf_set(configuration, "reconnect.backoff.max.ms", "200", error, sizeof(error));
  client_ = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, error, sizeof(error));
  if (client_ == nullptr) {
    std::fprintf(stderr, "rd_kafka_new: %s\n", error);
    std::abort();
  }
}

KafkaAdmin::~KafkaAdmin() {
  rd_kafka_destroy(client_);
}

int KafkaAdmin::BrokerCount(milliseconds timeout) {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client_, 0, nullptr, &metadata, static_cast<int>(timeout.count())) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return 0;
  }
  const int count = metadata->broker_cnt;
  rd_kafka_metadata_destroy(metadata);
  return count;
}

Result<int> KafkaAdmin::PartitionsWithLeader(const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client_, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(client_, 0, handle, &metadata, kRequestTimeoutMs);
  rd_kafka_topic_destroy(handle);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaError("metadata", rd_kafka_err2str(code));
  int with_leader = 0;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    for (int p = 0; p < metadata->topics[i].partition_cnt; ++p) {
      if (metadata->topics[i].partitions[p].leader >= 0) ++with_leader;
    }
  }
  rd_kafka_metadata_destroy(metadata);
  return with_leader;
}

Status KafkaAdmin::CreateTopic(const std::string& name, int partitions,
                               const std::vector<std::pair<std::string, std::string>>& properties) {
  const std::string what = "create topic '" + name + "'";
  char error[512] = "";
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(
      name.c_str(), partitions, /*replication_factor=*/-1, error, sizeof(error));
  if (topic == nullptr) return Status::InvalidArgument(what + ": " + error);
  for (const auto& [key, value] : properties) {
    rd_kafka_NewTopic_set_config(topic, key.c_str(), value.c_str());
  }
  const Queue queue(rd_kafka_queue_new(client_), &rd_kafka_queue_destroy);
  rd_kafka_CreateTopics(client_, &topic, 1, nullptr, queue.get());
  rd_kafka_NewTopic_destroy(topic);
  WEIR_ASSIGN_OR_RETURN(const Event event, AwaitResult(queue.get(), what));
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(results[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return KafkaError(what, rd_kafka_topic_result_error_string(results[i]));
    }
  }
  const auto deadline = steady_clock::now() + seconds(20);
  while (steady_clock::now() < deadline) {
    WEIR_ASSIGN_OR_RETURN(const int ready, PartitionsWithLeader(name));
    if (ready == partitions) return Status::Ok();
  }
  return KafkaError(what, "not every partition had a leader within 20 s");
}

Status KafkaAdmin::DeleteRecordsBefore(const std::string& topic, int partition,
                                       std::int64_t offset) {
  rd_kafka_topic_partition_list_t* before = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(before, topic.c_str(), partition)->offset = offset;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(before);
  rd_kafka_topic_partition_list_destroy(before);
  const Queue queue(rd_kafka_queue_new(client_), &rd_kafka_queue_destroy);
  rd_kafka_DeleteRecords(client_, &request, 1, nullptr, queue.get());
  rd_kafka_DeleteRecords_destroy(request);
  WEIR_ASSIGN_OR_RETURN(const Event event, AwaitResult(queue.get(), "delete records"));
  const rd_kafka_topic_partition_list_t* done =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  for (int i = 0; i < done->cnt; ++i) {
    if (done->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return KafkaError("delete records", rd_kafka_err2str(done->elems[i].err));
    }
  }
  return Status::Ok();
}

Result<std::int64_t> KafkaAdmin::CountRecords(const std::string& topic) {
  WEIR_ASSIGN_OR_RETURN(const int partitions, PartitionsWithLeader(topic));
  std::int64_t count = 0;
  for (int partition = 0; partition < partitions; ++partition) {
    std::int64_t first = 0;
    std::int64_t end = 0;
    const rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        client_, topic.c_str(), partition, &first, &end, kRequestTimeoutMs);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaError("offsets", rd_kafka_err2str(code));
    count += end - first;
  }
  return count;
}

}  // namespace weir::test
