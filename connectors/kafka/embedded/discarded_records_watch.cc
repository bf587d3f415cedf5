#include "connectors/kafka/embedded/discarded_records_watch.h"

#include <cstdio>

#include <librdkafka/rdkafka.h>

namespace weir::kafka {

DiscardedRecordsWatch::DiscardedRecordsWatch(const std::string& bootstrap_servers) {
  char error[512];
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  rd_kafka_conf_set(configuration, "bootstrap.servers", bootstrap_servers.c_str(), error,
                    sizeof(error));
  rd_kafka_conf_set(configuration, "client.id", "weir-embedded-kafka-watch", error, sizeof(error));
  client_ = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, error, sizeof(error));
  if (client_ == nullptr) {
    rd_kafka_conf_destroy(configuration);
    std::fprintf(stderr, "weir-embedded-kafka: cannot watch for discarded records: %s\n", error);
  }
}

DiscardedRecordsWatch::~DiscardedRecordsWatch() {
  if (client_ != nullptr) rd_kafka_destroy(client_);
}

void DiscardedRecordsWatch::Look(int timeout_ms) {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client_, /*all_topics=*/1, nullptr, &metadata, timeout_ms) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;  // looked at again in the next round, and nothing is discarded meanwhile unseen
  }
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& topic = metadata->topics[i];
    for (int p = 0; p < topic.partition_cnt; ++p) {
      LookAtPartition(topic.topic, topic.partitions[p].id, timeout_ms);
    }
  }
  rd_kafka_metadata_destroy(metadata);
}

void DiscardedRecordsWatch::LookAtPartition(const std::string& topic, std::int32_t partition,
                                            int timeout_ms) {
  std::int64_t first = 0;
  std::int64_t end = 0;
  if (rd_kafka_query_watermark_offsets(client_, topic.c_str(), partition, &first, &end,
                                       timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;
  }
  if (first <= 0) return;
  const auto [entry, is_new] = first_offsets_.insert_or_assign({topic, partition}, first);
  if (is_new) {
    std::fprintf(
        stderr,
        "weir-embedded-kafka: WARNING: topic '%s' partition %d outgrew 5 MiB: its first %lld "
        "records are gone; a reader that was not past them misses them\n",
        topic.c_str(), entry->first.second, static_cast<long long>(first));
  }
}

void DiscardedRecordsWatch::PrintSummary() const {
  for (const auto& [partition, first] : first_offsets_) {
    std::fprintf(
        stderr,
        "weir-embedded-kafka: topic '%s' partition %d begins at offset %lld: older records "
        "were discarded\n",
        partition.first.c_str(), partition.second, static_cast<long long>(first));
  }
}

}  // namespace weir::kafka
