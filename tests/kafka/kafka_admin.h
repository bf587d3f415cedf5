// What tests ask of a broker besides reading and writing, by librdkafka alone (never by our
// connector).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <weir/status.h>

struct rd_kafka_s;

namespace weir::test {

// Not thread-safe. Calls block.
class KafkaAdmin {
 public:
  // Aborts when librdkafka cannot make a client (out of memory or threads).
  explicit KafkaAdmin(const std::string& bootstrap_servers);
  ~KafkaAdmin();
  KafkaAdmin(const KafkaAdmin&) = delete;
  KafkaAdmin& operator=(const KafkaAdmin&) = delete;

  // Brokers in the cluster's metadata; 0 when none answers within `timeout`.
  int BrokerCount(std::chrono::milliseconds timeout);
  // Creates a topic and waits until each of its partitions has a leader.
  Status CreateTopic(const std::string& name, int partitions,
                     const std::vector<std::pair<std::string, std::string>>& properties = {});
  Status DeleteRecordsBefore(const std::string& topic, int partition, std::int64_t offset);
  // Records in a topic (or what compaction and deletion left the offsets of): last minus first
  // offset.
  Result<std::int64_t> CountRecords(const std::string& topic);

 private:
  Result<int> PartitionsWithLeader(const std::string& topic);

  rd_kafka_s* client_;
};

}  // namespace weir::test
