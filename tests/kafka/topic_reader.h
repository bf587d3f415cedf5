// Reads a topic for a test, by librdkafka alone (never by our connector).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <weir/status.h>

#include "tests/kafka/topic_writer.h"

struct rd_kafka_s;
struct rd_kafka_message_s;

namespace weir::test {

// Not thread-safe. Calls block. Records come in the order of their offsets within a partition, in
// any order between partitions.
class TopicReader {
 public:
  // Reads all partitions from their beginning. Aborts when librdkafka cannot make a client.
  TopicReader(const std::string& bootstrap_servers, std::string topic);
  ~TopicReader();
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;

  // Reads until `count` records have been seen in all (over all calls), then on until every
  // partition is at its end, so that a record too many is seen too. kTimedOut, with the counts,
  // after `timeout`.
  Status ReadUntil(std::int64_t count, std::chrono::milliseconds timeout,
                   const std::function<void(const TestRecord&)>& on_record);
  // The same into a vector: fails unless there are exactly `count` records.
  Result<std::vector<TestRecord>> ReadExactly(std::int64_t count,
                                              std::chrono::milliseconds timeout);

  std::int64_t records_read() const { return records_read_; }

 private:
  Status Assign();
  bool AtEnd() const;
  Status Handle(const rd_kafka_message_s* message,
                const std::function<void(const TestRecord&)>& on_record);

  rd_kafka_s* client_;
  const std::string topic_;
  std::vector<bool> partition_at_end_;
  std::int64_t records_read_ = 0;
};

}  // namespace weir::test
