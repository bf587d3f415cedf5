#include "tests/simulation/numbered_job.h"

#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include <weir/internal/source_coordinator.h>
#include <weir/serializer.h>
#include <weir/source.h>

#include "tests/simulation/numbered_chains.h"

namespace weir::simulation {
namespace {

template <class T>
StateItem Encode(const T& value) {
  StateItem item(sizeof(T));
  std::memcpy(item.data(), &value, sizeof(T));
  return item;
}
template <class T>
T Decode(const StateItem& item) {
  T value;
  std::memcpy(&value, item.data(), sizeof(T));
  return value;
}

// Hands out one split to whoever asks, or says that there are no more.
class NumberedEnumerator final : public SplitEnumerator<std::uint32_t, std::vector<std::uint32_t>> {
 public:
  explicit NumberedEnumerator(std::uint32_t splits) : splits_(splits) {}
  Status Start(SplitEnumeratorContext<std::uint32_t>& context,
               std::optional<std::vector<std::uint32_t>> restored) override {
    context_ = &context;
    for (std::uint32_t split = 0; split < splits_; ++split) unassigned_.push_back(split);
    if (restored) unassigned_ = *std::move(restored);
    return Status::Ok();
  }
  void AddReader(std::uint32_t) override {}
  void HandleSplitRequest(std::uint32_t reader) override {
    if (unassigned_.empty()) return context_->SignalNoMoreSplits(reader);
    context_->AssignSplits(reader, {unassigned_.back()});
    unassigned_.pop_back();
  }
  void AddSplitsBack(std::vector<std::uint32_t> splits, std::uint32_t) override {
    unassigned_.insert(unassigned_.end(), splits.begin(), splits.end());
  }
  Result<std::vector<std::uint32_t>> Snapshot(std::uint64_t) override { return unassigned_; }

 private:
  const std::uint32_t splits_;
  SplitEnumeratorContext<std::uint32_t>* context_ = nullptr;
  std::vector<std::uint32_t> unassigned_;
};

// As far as its coordinator needs to know.
struct NumberedSource {
  using Split = std::uint32_t;
  using EnumeratorState = std::vector<std::uint32_t>;
  std::uint32_t splits = 1;
  std::unique_ptr<SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const {
    return std::make_unique<NumberedEnumerator>(splits);
  }
};

internal::JobVertex Vertex(const char* name, char digit, std::uint32_t parallelism) {
  internal::JobVertex vertex;
  vertex.id = std::string(32, digit);
  vertex.name = name;
  vertex.parallelism = parallelism;
  vertex.max_parallelism = kMaxParallelism;
  vertex.operators = {{.id = vertex.id, .uid = name, .name = name, .type = name}};
  return vertex;
}

internal::JobGraph GraphOf(const JobShape& shape) {
  internal::JobGraph graph;
  graph.name = "numbers";
  graph.vertices = {Vertex("source", 'a', shape.parallelism[kSource]),
                    Vertex("count", 'b', shape.parallelism[kCount]),
                    Vertex("sink", 'c', shape.parallelism[kSink])};
  graph.vertices[kSource].is_source = true;
  graph.vertices[kSource].operators[0].has_coordinator = true;
  for (const std::uint32_t from : {kSource, kCount}) {
    graph.edges.push_back({.source_vertex = from,
                           .target_vertex = from + 1,
                           .partitioning = shape.forward ? internal::Partitioning::kForward
                                                         : internal::Partitioning::kKeyGroup,
                           .type_name = "std::int64_t"});
  }
  return graph;
}

class NumberedJob final : public internal::CompiledJob {
 public:
  NumberedJob(const JobShape& shape, JobSurroundings& surroundings)
      : shape_(shape), surroundings_(surroundings), graph_(GraphOf(shape)) {}

  const internal::JobGraph& graph() const override { return graph_; }
  std::unique_ptr<internal::Chain> CreateChain(std::uint32_t vertex,
                                               internal::ChainContext& context) const override {
    switch (vertex) {
      case kSource:
        return std::make_unique<SourceChain>(shape_, surroundings_, context, type_);
      case kCount:
        return std::make_unique<CountChain>(shape_, surroundings_, context, type_);
      default:
        return std::make_unique<SinkChain>(surroundings_, context, type_);
    }
  }
  std::unique_ptr<internal::OperatorCoordinator> CreateCoordinator(
      std::uint32_t, std::uint32_t, internal::CoordinatorContext& context) const override {
    return std::make_unique<internal::SourceCoordinator<NumberedSource>>(
        NumberedSource{.splits = shape_.splits}, context);
  }
  const internal::ChannelType& channel_type(std::uint32_t) const override { return type_; }

 private:
  const JobShape shape_;
  JobSurroundings& surroundings_;
  const internal::JobGraph graph_;
  const task::NumberChannelType type_;
};

}  // namespace

SplitProgress WholeSplit(const JobShape& shape, std::uint32_t split) {
  return {.split = split,
          .next = split * shape.numbers_per_split,
          .end = (split + 1) * shape.numbers_per_split};
}

StateItem EncodeItem(const SplitProgress& progress) {
  return Encode(progress);
}
StateItem EncodeItem(const Committable& committable) {
  return Encode(committable);
}
SplitProgress DecodeSplit(const StateItem& item) {
  return Decode<SplitProgress>(item);
}
Committable DecodeCommittable(const StateItem& item) {
  return Decode<Committable>(item);
}

Result<std::vector<std::uint32_t>> DecodeUnassigned(std::string_view state) {
  if (state.empty()) return Status::Corruption("the coordinator has no state");
  return Deserialize<std::vector<std::uint32_t>>(std::as_bytes(std::span(state.substr(1))));
}

std::shared_ptr<const internal::CompiledJob> MakeNumberedJob(const JobShape& shape,
                                                             JobSurroundings& surroundings) {
  return std::make_shared<NumberedJob>(shape, surroundings);
}

}  // namespace weir::simulation
