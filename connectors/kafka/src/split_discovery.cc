#include "connectors/kafka/src/split_discovery.h"

#include <memory>
#include <string>
#include <utility>

#include "connectors/kafka/src/client_defaults.h"
#include "connectors/kafka/src/kafka_client.h"
#include "connectors/kafka/src/topic_metadata.h"

namespace weir::kafka {
namespace {

// Offsets that an initializer names must be of partitions that exist: a misspelt one would be
// passed over.
Status CheckGivenOffsets(const OffsetsInitializer& offsets, const std::vector<KafkaSplit>& splits) {
  for (const KafkaPartitionOffset& given : offsets.offsets()) {
    bool found = false;
    for (const KafkaSplit& split : splits) {
      found = found || (split.topic == given.topic && split.partition == given.partition);
    }
    if (!found) {
      return Status::InvalidArgument("an offset is given for partition " +
                                     std::to_string(given.partition) + " of topic '" + given.topic +
                                     "', which the source does not read or does not exist");
    }
    if (given.offset < 0) {
      return Status::InvalidArgument("offset " + std::to_string(given.offset) + " of partition " +
                                     std::to_string(given.partition) + " of topic '" + given.topic +
                                     "' is negative");
    }
  }
  return Status::Ok();
}

// Sets next_offset of every split to what the initializer means now.
Status Initialize(const OffsetsInitializer& offsets, TopicMetadata& metadata,
                  std::vector<KafkaSplit>& splits) {
  switch (offsets.kind()) {
    case OffsetsInitializer::Kind::kEarliest:
      // Left to the first fetch: a record may be deleted between now and then.
      for (KafkaSplit& split : splits) split.next_offset = kEarliestOffset;
      return Status::Ok();
    case OffsetsInitializer::Kind::kLatest:
      return metadata.FindEnds(splits);
    case OffsetsInitializer::Kind::kTimestamp:
      return metadata.FindTimestamp(splits, offsets.timestamp_ms());
    case OffsetsInitializer::Kind::kOffsets:
      WEIR_RETURN_IF_ERROR(CheckGivenOffsets(offsets, splits));
      for (KafkaSplit& split : splits) {
        split.next_offset =
            offsets.OffsetOf(split.topic, split.partition).value_or(kEarliestOffset);
      }
      return Status::Ok();
  }
  return Status::Internal("an offsets initializer of no known kind");
}

Status SetStoppingOffsets(const OffsetsInitializer& offsets, TopicMetadata& metadata,
                          std::vector<KafkaSplit>& splits) {
  std::vector<KafkaSplit> stops = splits;
  WEIR_RETURN_IF_ERROR(Initialize(offsets, metadata, stops));
  for (std::size_t i = 0; i < splits.size(); ++i) {
    if (stops[i].next_offset == kEarliestOffset) {
      return Status::InvalidArgument("no stopping offset is given for partition " +
                                     std::to_string(stops[i].partition) + " of topic '" +
                                     stops[i].topic + "'");
    }
    splits[i].stopping_offset = stops[i].next_offset;
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<KafkaSplit>> DiscoverSplits(const internal::KafkaSourceOptions& options,
                                               Logger* logger) {
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<KafkaClient> client,
                        KafkaClient::Create(ClientType::kConsumer, options.client,
                                            ConsumerDefaults(options, "enumerator"), logger, {}));
  TopicMetadata metadata(*client, options.client.bootstrap_servers,
                         options.client.metadata_timeout_ms);
  std::vector<KafkaSplit> splits;
  for (const std::string& topic : options.topics) {
    WEIR_ASSIGN_OR_RETURN(const std::int32_t partitions, metadata.PartitionCount(topic));
    for (std::int32_t partition = 0; partition < partitions; ++partition) {
      splits.push_back({topic, partition, kEarliestOffset, kNoStoppingOffset});
    }
  }
  WEIR_RETURN_IF_ERROR(Initialize(options.starting_offsets, metadata, splits));
  if (options.stopping_offsets) {
    WEIR_RETURN_IF_ERROR(SetStoppingOffsets(*options.stopping_offsets, metadata, splits));
  }
  return splits;
}

std::uint32_t ReaderOf(std::string_view topic, std::int32_t partition, std::uint32_t parallelism) {
  std::uint64_t start = 14695981039346656037ULL;  // FNV-1a
  for (const char character : topic) {
    start = (start ^ static_cast<unsigned char>(character)) * 1099511628211ULL;
  }
  return static_cast<std::uint32_t>((start % parallelism + static_cast<std::uint64_t>(partition)) %
                                    parallelism);
}

}  // namespace weir::kafka
