#include "tests/kafka/topic_reader.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <librdkafka/rdkafka.h>

namespace weir::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kPollTimeoutMs = 100;
constexpr int kMetadataTimeoutMs = 20'000;

TestRecord ToRecord(const rd_kafka_message_t* message) {
  TestRecord record;
  if (message->key != nullptr) {
    record.key.emplace(static_cast<const char*>(message->key), message->key_len);
  }
  if (message->payload != nullptr) {
    record.value.emplace(static_cast<const char*>(message->payload), message->len);
  }
  record.partition = message->partition;
  record.offset = message->offset;
  record.timestamp_ms = rd_kafka_message_timestamp(message, nullptr);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      record.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
    }
  }
  return record;
}

}  // namespace

TopicReader::TopicReader(const std::string& bootstrap_servers, std::string topic)
    : topic_(std::move(topic)) {
  char error[512] = "";
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  const auto set = [&](const char* key, const char* value) {
    if (rd_kafka_conf_set(configuration, key, value, error, sizeof(error)) == RD_KAFKA_CONF_OK)
      return;
    std::fprintf(stderr, "TopicReader: %s\n", error);
    std::abort();
  };
  set("bootstrap.servers", bootstrap_servers.c_str());
  set("group.id", "weir-test-reader");  // librdkafka wants one; nothing is ever committed
  set("enable.auto.commit", "false");
  set("enable.partition.eof", "true");
  set("auto.offset.reset", "error");
  client_ = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, error, sizeof(error));
  if (client_ == nullptr) {
    std::fprintf(stderr, "TopicReader: %s\n", error);
    std::abort();
  }
  rd_kafka_poll_set_consumer(client_);
}

TopicReader::~TopicReader() {
  rd_kafka_consumer_close(client_);
  rd_kafka_destroy(client_);
}

Status TopicReader::Assign() {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client_, topic_.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(client_, 0, handle, &metadata, kMetadataTimeoutMs);
  rd_kafka_topic_destroy(handle);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status::Unavailable("metadata of '" + topic_ + "': " + rd_kafka_err2str(code));
  }
  const int partitions = metadata->topic_cnt == 0 ? 0 : metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  if (partitions == 0) return Status::NotFound("no topic '" + topic_ + "'");
  partition_at_end_.assign(static_cast<std::size_t>(partitions), false);
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(partitions);
  for (int partition = 0; partition < partitions; ++partition) {
    rd_kafka_topic_partition_list_add(all, topic_.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client_, all);
  rd_kafka_topic_partition_list_destroy(all);
  return Status::Ok();
}

bool TopicReader::AtEnd() const {
  return std::all_of(partition_at_end_.begin(), partition_at_end_.end(),
                     [](bool end) { return end; });
}

Status TopicReader::Handle(const rd_kafka_message_s* message,
                           const std::function<void(const TestRecord&)>& on_record) {
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    partition_at_end_[static_cast<std::size_t>(message->partition)] = true;
    return Status::Ok();
  }
  // Reconnecting goes on by itself; only what names a partition is about the data.
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (message->rkt == nullptr) return Status::Ok();
    return Status::Unavailable("reading '" + topic_ + "': " + rd_kafka_message_errstr(message));
  }
  partition_at_end_[static_cast<std::size_t>(message->partition)] = false;
  ++records_read_;
  on_record(ToRecord(message));
  return Status::Ok();
}

Status TopicReader::ReadUntil(std::int64_t count, milliseconds timeout,
                              const std::function<void(const TestRecord&)>& on_record) {
  if (partition_at_end_.empty()) WEIR_RETURN_IF_ERROR(Assign());
  const auto deadline = steady_clock::now() + timeout;
  while (records_read_ < count || !AtEnd()) {
    if (steady_clock::now() > deadline) {
      return Status(StatusCode::kTimedOut, "topic '" + topic_ +
                                               "': " + std::to_string(records_read_) + " of " +
                                               std::to_string(count) + " records came");
    }
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client_, kPollTimeoutMs);
    if (message == nullptr) continue;
    const Status status = Handle(message, on_record);
    rd_kafka_message_destroy(message);
    WEIR_RETURN_IF_ERROR(status);
  }
  return Status::Ok();
}

Result<std::vector<TestRecord>> TopicReader::ReadExactly(std::int64_t count, milliseconds timeout) {
  std::vector<TestRecord> records;
  WEIR_RETURN_IF_ERROR(ReadUntil(
      count, timeout, [&records](const TestRecord& record) { records.push_back(record); }));
  if (static_cast<std::int64_t>(records.size()) != count) {
    return Status::Internal("topic '" + topic_ + "' holds " + std::to_string(records.size()) +
                            " records, not " + std::to_string(count));
  }
  return records;
}

}  // namespace weir::test
