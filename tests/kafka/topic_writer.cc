#include "tests/kafka/topic_writer.h"

#include <cstdio>
#include <cstdlib>

#include <librdkafka/rdkafka.h>

namespace weir::test {
namespace {

constexpr int kFlushTimeoutMs = 60'000;

Status ErrorStatus(rd_kafka_error_t* error, const char* what) {
  if (error == nullptr) return Status::Ok();
  Status status = Status::Unavailable(std::string(what) + ": " + rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  return status;
}

void SetOrAbort(rd_kafka_conf_t* configuration, const std::string& key, const std::string& value) {
  char error[512];
  if (rd_kafka_conf_set(configuration, key.c_str(), value.c_str(), error, sizeof(error)) ==
      RD_KAFKA_CONF_OK) {
    return;
  }
  std::fprintf(stderr, "TopicWriter: %s\n", error);
  std::abort();
}

}  // namespace

TopicWriter::TopicWriter(const std::string& bootstrap_servers,
                         const std::vector<std::pair<std::string, std::string>>& properties) {
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  SetOrAbort(configuration, "bootstrap.servers", bootstrap_servers);
  SetOrAbort(configuration, "linger.ms", "5");
  // Without this a retried batch can overtake a later one, and tests check order.
  SetOrAbort(configuration, "enable.idempotence", "true");
  SetOrAbort(configuration, "partitioner", "murmur2_random");
  for (const auto& [key, value] : properties) SetOrAbort(configuration, key, value);
  rd_kafka_conf_set_opaque(configuration, this);
  rd_kafka_conf_set_dr_msg_cb(configuration, &TopicWriter::OnDelivery);
  char error[512];
  client_ = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, error, sizeof(error));
  if (client_ != nullptr) return;
  std::fprintf(stderr, "TopicWriter: %s\n", error);
  std::abort();
}

TopicWriter::~TopicWriter() {
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_destroy(client_);
}

void TopicWriter::OnDelivery(rd_kafka_s* /*client*/, const rd_kafka_message_s* message,
                             void* opaque) {
  auto* writer = static_cast<TopicWriter*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || !writer->first_failure_.empty()) return;
  writer->first_failure_ = rd_kafka_err2str(message->err);
}

Status TopicWriter::Write(const std::string& topic, const TestRecord& record) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  const char* key = record.key ? record.key->data() : nullptr;
  const std::size_t key_size = record.key ? record.key->size() : 0;
  char* value = record.value ? const_cast<char*>(record.value->data()) : nullptr;
  const std::size_t value_size = record.value ? record.value->size() : 0;
  while (true) {
    const rd_kafka_resp_err_t code = rd_kafka_producev(
        client_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE(value, value_size),
        RD_KAFKA_V_TIMESTAMP(record.timestamp_ms), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Status::Ok();
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_headers_destroy(headers);  // still ours after a failure
      return Status::Unavailable("produce to '" + topic + "': " + rd_kafka_err2str(code));
    }
    rd_kafka_poll(client_, 100);
  }
}

Status TopicWriter::WriteKeyed(const std::string& topic, std::int64_t count, std::int64_t keys,
                               const std::string& value_prefix) {
  TestRecord record;
  for (std::int64_t i = 0; i < count; ++i) {
    record.key = "key-" + std::to_string(i % keys);
    record.value = value_prefix + std::to_string(i);
    WEIR_RETURN_IF_ERROR(Write(topic, record));
  }
  return Flush();
}

Status TopicWriter::Flush() {
  const rd_kafka_resp_err_t code = rd_kafka_flush(client_, kFlushTimeoutMs);
  if (!first_failure_.empty()) return Status::Unavailable("delivery failed: " + first_failure_);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status::Unavailable(std::string("flush: ") + rd_kafka_err2str(code));
  }
  return Status::Ok();
}

Status WriteTransaction(const std::string& bootstrap_servers, const std::string& topic,
                        const std::string& value_prefix, int count, bool commit) {
  TopicWriter writer(bootstrap_servers, {{"transactional.id", "weir-test-" + topic}});
  rd_kafka_t* client = writer.client_;
  WEIR_RETURN_IF_ERROR(
      ErrorStatus(rd_kafka_init_transactions(client, kFlushTimeoutMs), "init transactions"));
  WEIR_RETURN_IF_ERROR(ErrorStatus(rd_kafka_begin_transaction(client), "begin transaction"));
  for (int i = 0; i < count; ++i) {
    TestRecord record;
    record.value = value_prefix + std::to_string(i);
    WEIR_RETURN_IF_ERROR(writer.Write(topic, record));
  }
  WEIR_RETURN_IF_ERROR(writer.Flush());
  return commit ? ErrorStatus(rd_kafka_commit_transaction(client, kFlushTimeoutMs), "commit")
                : ErrorStatus(rd_kafka_abort_transaction(client, kFlushTimeoutMs), "abort");
}

}  // namespace weir::test
