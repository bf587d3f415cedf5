#include "connectors/kafka/src/client_defaults.h"

#include <algorithm>
#include <string>

namespace weir::kafka {

ClientProperties ConsumerDefaults(const internal::KafkaSourceOptions& options,
                                  std::string_view role) {
  const std::string& prefix = options.client.client_id_prefix;
  return {
      {"client.id", prefix + "-" + std::string(role)},
      // librdkafka wants a group although none is joined.
      {"group.id", options.group_id.empty() ? prefix : options.group_id},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      // Bounded reading must notice an end behind which only transaction markers lie.
      {"enable.partition.eof", options.stopping_offsets ? "true" : "false"},
      // Records that are gone before they were read are an error, not a reason to skip.
      {"auto.offset.reset", "error"},
      // librdkafka's 64 MiB per reader, and 50 MiB per request, would be most of a worker's memory.
      {"queued.max.messages.kbytes", "8192"},
      {"queued.min.messages", "20000"},
      {"fetch.max.bytes", "4194304"},
      {"max.partition.fetch.bytes", "1048576"},
      {"statistics.interval.ms", "1000"},
  };
}

bool CommitsOffsets(const internal::KafkaSourceOptions& options) {
  return options.commit_offsets_on_checkpoint &&
         (!options.group_id.empty() ||
          !PropertyOf({}, options.client.properties, "group.id").empty());
}

ClientProperties ProducerDefaults(const internal::KafkaSinkOptions& options,
                                  std::string_view role) {
  return {
      {"client.id", options.client.client_id_prefix + "-" + std::string(role)},
      // As in Kafka's own client: no duplicates by a retry, and the order of a key is kept.
      {"enable.idempotence", "true"},
      {"partitioner", "murmur2_random"},
      {"linger.ms", "10"},
      // Bounds on records accepted and not yet delivered, per writer; the writer itself keeps to
      // them.
      {"queue.buffering.max.messages", "100000"},
      {"queue.buffering.max.kbytes", "16384"},
  };
}

namespace internal {

Status ValidateSource(const KafkaSourceOptions& options) {
  if (options.topics.empty()) return Status::InvalidArgument("Kafka source: no topics are given");
  for (auto topic = options.topics.begin(); topic != options.topics.end(); ++topic) {
    if (topic->empty()) return Status::InvalidArgument("Kafka source: a topic's name is empty");
    if (std::find(options.topics.begin(), topic, *topic) != topic) {
      return Status::InvalidArgument("Kafka source: topic '" + *topic + "' is given twice");
    }
  }
  if (options.stopping_offsets &&
      options.stopping_offsets->kind() == OffsetsInitializer::Kind::kEarliest) {
    return Status::InvalidArgument(
        "Kafka source: bounded at the earliest offset would read nothing");
  }
  if (options.client.metadata_timeout_ms <= 0) {
    return Status::InvalidArgument("Kafka source: the metadata timeout must be above 0 ms");
  }
  return KafkaClient::Validate(ClientType::kConsumer, options.client,
                               ConsumerDefaults(options, "reader"));
}

Status ValidateSink(const KafkaSinkOptions& options) {
  if (options.client.metadata_timeout_ms <= 0) {
    return Status::InvalidArgument("Kafka sink: the metadata timeout must be above 0 ms");
  }
  return KafkaClient::Validate(ClientType::kProducer, options.client,
                               ProducerDefaults(options, "writer"));
}

}  // namespace internal
}  // namespace weir::kafka
