// Writes records to a topic for a test, by librdkafka alone (never by our connector).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/status.h>

struct rd_kafka_s;
struct rd_kafka_message_s;

namespace weir::test {

struct TestRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::int32_t partition = -1;    // -1: chosen by the key's hash
  std::int64_t timestamp_ms = 0;  // 0: now
  std::int64_t offset = -1;       // where it was read; not looked at when writing
  std::vector<std::pair<std::string, std::string>> headers;
};

// Not thread-safe. Calls block while the producer's queue is full.
class TopicWriter {
 public:
  // Aborts when librdkafka refuses a property or cannot make a client.
  explicit TopicWriter(const std::string& bootstrap_servers,
                       const std::vector<std::pair<std::string, std::string>>& properties = {});
  ~TopicWriter();
  TopicWriter(const TopicWriter&) = delete;
  TopicWriter& operator=(const TopicWriter&) = delete;

  Status Write(const std::string& topic, const TestRecord& record);
  // `count` records with key "key-<i mod keys>" and value "<value_prefix><i>", i from 0: the
  // records of one key carry growing numbers, so order per key can be checked.
  Status WriteKeyed(const std::string& topic, std::int64_t count, std::int64_t keys,
                    const std::string& value_prefix = "");
  // Waits until every record is delivered; says the first delivery failure.
  Status Flush();

 private:
  friend Status WriteTransaction(const std::string& bootstrap_servers, const std::string& topic,
                                 const std::string& value_prefix, int count, bool commit);
  static void OnDelivery(rd_kafka_s* client, const rd_kafka_message_s* message, void* opaque);

  rd_kafka_s* client_;
  std::string first_failure_;  // written by OnDelivery, which runs inside Write and Flush
};

// One transaction of `count` records "<value_prefix><i>", committed or aborted once all of them are
// in the topic.
Status WriteTransaction(const std::string& bootstrap_servers, const std::string& topic,
                        const std::string& value_prefix, int count, bool commit);

}  // namespace weir::test
