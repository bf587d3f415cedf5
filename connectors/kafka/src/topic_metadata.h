// What the connector asks of brokers about topics. Every call blocks: never on a slot's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <weir/connectors/kafka_split.h>
#include <weir/status.h>

#include "connectors/kafka/src/kafka_client.h"

namespace weir::kafka {

// Asks until `deadline`, while brokers cannot be reached or have not chosen leaders yet. Not
// thread-safe.
class TopicMetadata {
 public:
  TopicMetadata(KafkaClient& client, std::string bootstrap_servers, std::int64_t timeout_ms);

  // An unknown topic is asked for again for so long: a broker may create it because it was asked
  // for.
  void WaitForUnknownTopics(std::int64_t wait_ms);

  // The number of partitions. kNotFound: "topic 'x' does not exist on brokers …"; an unreachable
  // broker is said with librdkafka's reason and its address.
  Result<std::int32_t> PartitionCount(const std::string& topic);

  // Sets `next_offset` of each split to its end.
  Status FindEnds(std::vector<KafkaSplit>& splits);
  // Sets `next_offset` of each split to the first record not before the timestamp; the end where
  // there is none.
  Status FindTimestamp(std::vector<KafkaSplit>& splits, std::int64_t timestamp_ms);

 private:
  Status FindOffsets(std::vector<KafkaSplit>& splits, std::int64_t kafka_timestamp);
  Status AskOffsets(std::vector<KafkaSplit>& splits, std::int64_t kafka_timestamp, int* error_code);
  int RemainingMs() const;
  // Serves callbacks for a moment between two tries; false when the deadline has passed.
  bool Pause();
  std::string Brokers() const;

  KafkaClient& client_;
  const std::string bootstrap_servers_;
  const std::int64_t timeout_ms_;
  const std::chrono::steady_clock::time_point deadline_;
  std::chrono::steady_clock::time_point unknown_topic_deadline_;
};

}  // namespace weir::kafka
