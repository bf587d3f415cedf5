// What the connector sets before the properties of the job.
#pragma once

#include <string_view>

#include <weir/connectors/internal/kafka_options.h>

#include "connectors/kafka/src/kafka_client.h"

namespace weir::kafka {

// `role` ends the client id: "enumerator", "reader-3".
ClientProperties ConsumerDefaults(const internal::KafkaSourceOptions& options,
                                  std::string_view role);
// Whether completed checkpoints are told to a group: there is one, and the job does not forbid it.
bool CommitsOffsets(const internal::KafkaSourceOptions& options);
ClientProperties ProducerDefaults(const internal::KafkaSinkOptions& options, std::string_view role);

}  // namespace weir::kafka
