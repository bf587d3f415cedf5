// From a source's settings to its splits.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <weir/connectors/internal/kafka_options.h>
#include <weir/connectors/kafka_split.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir::kafka {

// Asks the brokers for the partitions of every topic and for the offsets to start and to stop at.
// Blocks, at most about `metadata_timeout_ms`.
Result<std::vector<KafkaSplit>> DiscoverSplits(const internal::KafkaSourceOptions& options,
                                               Logger* logger);

// The reader that a partition belongs to: (start(topic) + partition) mod parallelism, so that the
// partitions of a topic spread evenly and topics do not all begin at reader 0.
std::uint32_t ReaderOf(std::string_view topic, std::int32_t partition, std::uint32_t parallelism);

}  // namespace weir::kafka
