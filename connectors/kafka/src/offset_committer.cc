#include "connectors/kafka/src/offset_committer.h"

#include <chrono>
#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

namespace weir::kafka {

OffsetCommitter::OffsetCommitter(rd_kafka_s* consumer, MetricGroup& metrics, Logger& logger)
    : consumer_(consumer),
      queue_(rd_kafka_queue_new(consumer)),
      succeeded_(metrics.counter("commitsSucceeded")),
      failed_(metrics.counter("commitsFailed")),
      logger_(logger) {}

OffsetCommitter::~OffsetCommitter() {
  rd_kafka_queue_destroy(queue_);
}

void OffsetCommitter::Commit(const std::vector<KafkaSplit>& splits) {
  if (splits.empty()) return;
  const std::unique_ptr<rd_kafka_topic_partition_list_t,
                        decltype(&rd_kafka_topic_partition_list_destroy)>
      list(rd_kafka_topic_partition_list_new(static_cast<int>(splits.size())),
           &rd_kafka_topic_partition_list_destroy);
  for (const KafkaSplit& split : splits) {
    rd_kafka_topic_partition_list_add(list.get(), split.topic.c_str(), split.partition)->offset =
        split.next_offset;
  }
  ++outstanding_;
  const auto on_commit = [](rd_kafka_t* consumer, rd_kafka_resp_err_t error,
                            rd_kafka_topic_partition_list_t* partitions,
                            void* opaque) { OnCommit(consumer, error, partitions, opaque); };
  const rd_kafka_resp_err_t refused =
      rd_kafka_commit_queue(consumer_, list.get(), queue_, on_commit, this);
  if (refused != RD_KAFKA_RESP_ERR_NO_ERROR) OnCommit(consumer_, refused, nullptr, this);
}

void OffsetCommitter::OnCommit(rd_kafka_s* /*consumer*/, int error_code,
                               rd_kafka_topic_partition_list_s* partitions, void* opaque) {
  auto* const committer = static_cast<OffsetCommitter*>(opaque);
  --committer->outstanding_;
  auto error = static_cast<rd_kafka_resp_err_t>(error_code);
  for (int i = 0; partitions != nullptr && i < partitions->cnt; ++i) {
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = partitions->elems[i].err;
  }
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    committer->succeeded_.Increment();
    return;
  }
  committer->failed_.Increment();
  committer->logger_.Warning(
      std::string("Kafka source: the group was not told of the offsets of a checkpoint: ") +
      rd_kafka_err2str(error));
}

void OffsetCommitter::Poll(int wait_ms) {
  while (outstanding_ > 0 && rd_kafka_queue_poll_callback(queue_, wait_ms) > 0) wait_ms = 0;
}

void OffsetCommitter::Finish(int timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (outstanding_ > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    Poll(static_cast<int>(left.count()));
  }
}

}  // namespace weir::kafka
