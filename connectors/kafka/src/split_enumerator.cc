#include "connectors/kafka/src/split_enumerator.h"

#include <algorithm>
#include <string>
#include <utility>

#include <weir/connectors/kafka_source.h>

#include "connectors/kafka/src/split_discovery.h"

namespace weir::kafka {

KafkaSplitEnumerator::KafkaSplitEnumerator(internal::KafkaSourceOptions options,
                                           SplitDiscovery discovery)
    : options_(std::move(options)), discovery_(std::move(discovery)) {}

Status KafkaSplitEnumerator::Start(SplitEnumeratorContext<KafkaSplit>& context,
                                   std::optional<KafkaEnumeratorState> restored) {
  WEIR_RETURN_IF_ERROR(internal::ValidateSource(options_));
  context_ = &context;
  if (restored) state_ = *std::move(restored);
  if (!state_.discovered) Discover();
  return Status::Ok();
}

void KafkaSplitEnumerator::Discover() {
  // Shared by the two functions, of which the second may never run.
  auto found = std::make_shared<std::optional<Result<std::vector<KafkaSplit>>>>();
  context_->RunBlocking(
      [found, options = options_, discovery = discovery_, &logger = context_->logger()] {
        found->emplace(discovery(options, logger));
      },
      [this, found] {
        Result<std::vector<KafkaSplit>>& splits = **found;
        if (!splits.ok()) {
          context_->Fail(splits.status().WithContext("Kafka source"));
          return;
        }
        state_.discovered = true;
        state_.unassigned = *std::move(splits);
        context_->logger().Info("Kafka source: found " + std::to_string(state_.unassigned.size()) +
                                " partitions");
        const std::vector<std::uint32_t> readers = context_->registered_readers();
        for (const std::uint32_t reader : readers) AssignTo(reader);
      });
}

void KafkaSplitEnumerator::AddReader(std::uint32_t reader) {
  if (state_.discovered) AssignTo(reader);
}

void KafkaSplitEnumerator::AssignTo(std::uint32_t reader) {
  const auto first = std::stable_partition(
      state_.unassigned.begin(), state_.unassigned.end(), [&](const KafkaSplit& split) {
        return ReaderOf(split.topic, split.partition, context_->parallelism()) != reader;
      });
  std::vector<KafkaSplit> splits(first, state_.unassigned.end());
  state_.unassigned.erase(first, state_.unassigned.end());
  state_.assigned.insert(state_.assigned.end(), splits.begin(), splits.end());
  if (!splits.empty()) context_->AssignSplits(reader, std::move(splits));
  if (options_.stopping_offsets) context_->SignalNoMoreSplits(reader);
}

void KafkaSplitEnumerator::AddSplitsBack(std::vector<KafkaSplit> splits, std::uint32_t /*reader*/) {
  for (KafkaSplit& split : splits) {
    std::erase_if(state_.assigned, [&split](const KafkaSplit& assigned) {
      return assigned.topic == split.topic && assigned.partition == split.partition;
    });
    state_.unassigned.push_back(std::move(split));
  }
}

Result<KafkaEnumeratorState> KafkaSplitEnumerator::Snapshot(std::uint64_t /*checkpoint_id*/) {
  return state_;
}

std::unique_ptr<SplitEnumerator<KafkaSplit, KafkaEnumeratorState>> CreateKafkaEnumerator(
    internal::KafkaSourceOptions options) {
  return std::make_unique<KafkaSplitEnumerator>(
      std::move(options), [](const internal::KafkaSourceOptions& settings, Logger& logger) {
        return DiscoverSplits(settings, &logger);
      });
}

}  // namespace weir::kafka
