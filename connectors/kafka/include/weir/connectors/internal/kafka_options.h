// What the builders collect.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/connectors/kafka_offsets.h>
#include <weir/status.h>

namespace weir::kafka::internal {

struct KafkaClientOptions {
  std::string bootstrap_servers;
  std::string client_id_prefix = "weir";
  // How long an unreachable broker is asked again before the job fails.
  std::int64_t metadata_timeout_ms = 30'000;
  // librdkafka's names; they win over every default of the connector.
  std::vector<std::pair<std::string, std::string>> properties;
};

struct KafkaSourceOptions {
  KafkaClientOptions client;
  std::string group_id;
  bool commit_offsets_on_checkpoint = true;  // where there is a group
  std::vector<std::string> topics;
  OffsetsInitializer starting_offsets = OffsetsInitializer::Earliest();
  std::optional<OffsetsInitializer> stopping_offsets;  // nothing: unbounded
};

// Of a sink. Numbers travel in no message.
enum class KafkaDelivery : std::uint8_t { kNone, kAtLeastOnce };

struct KafkaSinkOptions {
  KafkaClientOptions client;
  std::string topic;  // may be empty when the serializer names one for every record
  KafkaDelivery delivery = KafkaDelivery::kAtLeastOnce;
};

// What is missing or refused by librdkafka (an unknown property, a value out of range), with its
// name. Nothing is connected to.
Status ValidateSource(const KafkaSourceOptions& options);
Status ValidateSink(const KafkaSinkOptions& options);

}  // namespace weir::kafka::internal
