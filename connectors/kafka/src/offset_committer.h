// Tells the consumer group how far a reader has got, for monitoring on the broker: nothing is ever
// read from it, so what fails is logged and counted, and the next checkpoint brings the next try.
#pragma once

#include <cstdint>
#include <vector>

#include <weir/connectors/kafka_split.h>
#include <weir/runtime_context.h>

struct rd_kafka_s;
struct rd_kafka_queue_s;
struct rd_kafka_topic_partition_list_s;

namespace weir::kafka {

// One thread. Metrics as Flink's KafkaSourceReader: commitsSucceeded, commitsFailed.
class OffsetCommitter {
 public:
  // All outlive it.
  OffsetCommitter(rd_kafka_s* consumer, MetricGroup& metrics, Logger& logger);
  ~OffsetCommitter();
  OffsetCommitter(const OffsetCommitter&) = delete;
  OffsetCommitter& operator=(const OffsetCommitter&) = delete;

  // Asks for next_offset of each to be committed. Never waits.
  void Commit(const std::vector<KafkaSplit>& splits);
  // Takes the answers that have come, for `wait_ms` at most until the first.
  void Poll(int wait_ms);
  // Waits so long at most for answers that are still to come.
  void Finish(int timeout_ms);

 private:
  static void OnCommit(rd_kafka_s* consumer, int error_code,
                       rd_kafka_topic_partition_list_s* partitions, void* opaque);

  rd_kafka_s* const consumer_;
  rd_kafka_queue_s* const queue_;
  Counter& succeeded_;
  Counter& failed_;
  Logger& logger_;
  std::uint32_t outstanding_ = 0;
};

}  // namespace weir::kafka
