// The edges that the DataStream API puts into the StreamGraph: one factory per way to distribute
// records, so that a program instantiates only the writers it uses.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <weir/internal/batch_channel_type.h>
#include <weir/internal/partitioners/broadcast_writer.h>
#include <weir/internal/partitioners/custom_writer.h>
#include <weir/internal/partitioners/key_group_writer.h>
#include <weir/internal/partitioners/round_robin_writer.h>
#include <weir/internal/partitioners/shuffle_writer.h>
#include <weir/internal/partitioners/single_channel_writer.h>
#include <weir/internal/stream_graph.h>

namespace weir::internal {

template <class Writer>
EdgeWriter MakeEdgeWriter(std::unique_ptr<Writer> writer) {
  OutputNode* output = writer.get();
  return {std::move(writer), output};
}

// Round robin, or the only channel there is.
template <class T>
EdgeWriter MakeSpreadingWriter(const OperatorContext& context, std::uint32_t output) {
  if (context.chain->channel_count(output) == 1) {
    return MakeEdgeWriter(std::make_unique<SingleChannelWriter<T>>(context, output));
  }
  return MakeEdgeWriter(std::make_unique<RoundRobinWriter<T>>(context, output));
}

// The program said nothing.
template <class T>
class DefaultEdge final : public EdgeFactory {
 public:
  std::optional<Partitioning> partitioning() const override { return std::nullopt; }
  EdgeWriter CreateWriter(const OperatorContext& context, std::uint32_t output, Partitioning,
                          std::uint32_t) const override {
    return MakeSpreadingWriter<T>(context, output);
  }
  std::unique_ptr<ChannelType> CreateChannelType() const override {
    return std::make_unique<BatchChannelType<T>>();
  }
};

// Forward, rebalance, rescale, shuffle, broadcast, global.
template <class T, Partitioning kPartitioning>
class PlainEdge final : public EdgeFactory {
 public:
  std::optional<Partitioning> partitioning() const override { return kPartitioning; }
  EdgeWriter CreateWriter(const OperatorContext& context, std::uint32_t output, Partitioning,
                          std::uint32_t) const override {
    if constexpr (kPartitioning == Partitioning::kForward ||
                  kPartitioning == Partitioning::kGlobal) {
      return MakeEdgeWriter(std::make_unique<SingleChannelWriter<T>>(context, output));
    } else if constexpr (kPartitioning == Partitioning::kShuffle) {
      return MakeEdgeWriter(std::make_unique<ShuffleWriter<T>>(context, output));
    } else if constexpr (kPartitioning == Partitioning::kBroadcast) {
      return MakeEdgeWriter(std::make_unique<BroadcastWriter<T>>(context, output));
    } else {
      static_assert(kPartitioning == Partitioning::kRebalance ||
                    kPartitioning == Partitioning::kRescale);
      return MakeSpreadingWriter<T>(context, output);
    }
  }
  std::unique_ptr<ChannelType> CreateChannelType() const override {
    return std::make_unique<BatchChannelType<T>>();
  }
};

template <class T, class KeySelector>
class KeyGroupEdge final : public EdgeFactory {
 public:
  explicit KeyGroupEdge(KeySelector selector) : selector_(std::move(selector)) {}
  std::optional<Partitioning> partitioning() const override { return Partitioning::kKeyGroup; }
  EdgeWriter CreateWriter(const OperatorContext& context, std::uint32_t output, Partitioning,
                          std::uint32_t target_max_parallelism) const override {
    return MakeEdgeWriter(std::make_unique<KeyGroupWriter<T, KeySelector>>(
        context, output, selector_, target_max_parallelism));
  }
  std::unique_ptr<ChannelType> CreateChannelType() const override {
    return std::make_unique<BatchChannelType<T, KeySelector>>(selector_);
  }

 private:
  const KeySelector selector_;
};

template <class T, class F>
class CustomEdge final : public EdgeFactory {
 public:
  explicit CustomEdge(F prototype) : prototype_(std::move(prototype)) {}
  std::optional<Partitioning> partitioning() const override { return Partitioning::kCustom; }
  EdgeWriter CreateWriter(const OperatorContext& context, std::uint32_t output, Partitioning,
                          std::uint32_t) const override {
    return MakeEdgeWriter(std::make_unique<CustomWriter<T, F>>(context, output, prototype_));
  }
  std::unique_ptr<ChannelType> CreateChannelType() const override {
    return std::make_unique<BatchChannelType<T>>();
  }

 private:
  const F prototype_;
};

}  // namespace weir::internal
