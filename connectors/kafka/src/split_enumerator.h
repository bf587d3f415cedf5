// The enumerator of Kafka sources: finds the splits once, hands each to its reader.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <weir/connectors/internal/kafka_options.h>
#include <weir/connectors/kafka_split.h>
#include <weir/source.h>
#include <weir/status.h>

namespace weir::kafka {

// Where splits come from: DiscoverSplits, or a table in a test. Called where it may block.
using SplitDiscovery =
    std::function<Result<std::vector<KafkaSplit>>(const internal::KafkaSourceOptions&, Logger&)>;

class KafkaSplitEnumerator final : public SplitEnumerator<KafkaSplit, KafkaEnumeratorState> {
 public:
  KafkaSplitEnumerator(internal::KafkaSourceOptions options, SplitDiscovery discovery);

  Status Start(SplitEnumeratorContext<KafkaSplit>& context,
               std::optional<KafkaEnumeratorState> restored) override;
  void AddReader(std::uint32_t reader) override;
  // Kafka's readers never ask: what belongs to them is known.
  void HandleSplitRequest(std::uint32_t /*reader*/) override {}
  void AddSplitsBack(std::vector<KafkaSplit> splits, std::uint32_t reader) override;
  Result<KafkaEnumeratorState> Snapshot(std::uint64_t checkpoint_id) override;

 private:
  void Discover();
  void AssignTo(std::uint32_t reader);

  const internal::KafkaSourceOptions options_;
  const SplitDiscovery discovery_;
  SplitEnumeratorContext<KafkaSplit>* context_ = nullptr;
  KafkaEnumeratorState state_;
};

}  // namespace weir::kafka
