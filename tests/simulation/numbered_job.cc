#include "tests/simulation/numbered_job.h"

#include <cstring>
#include <utility>

#include <weir/stable_hash.h>

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
class SplitEnumerator final : public internal::OperatorCoordinator {
 public:
  SplitEnumerator(const JobShape& shape, internal::CoordinatorContext& context)
      : context_(context) {
    for (std::uint32_t split = 0; split < shape.splits; ++split) unassigned_.push_back(split);
  }
  Status Start() override { return Status::Ok(); }
  Status SubtaskReady(std::uint32_t, std::uint32_t) override { return Status::Ok(); }
  // The whole job starts again, this enumerator too.
  Status SubtaskFailed(std::uint32_t, std::uint32_t) override { return Status::Ok(); }
  Status OnEvent(std::uint32_t subtask, std::string_view) override {
    if (unassigned_.empty()) {
      context_.SendToSubtask(subtask, "");
    } else {
      context_.SendToSubtask(subtask, std::to_string(unassigned_.back()));
      unassigned_.pop_back();
    }
    return Status::Ok();
  }
  Result<std::string> Snapshot(std::uint64_t) override { return EncodeSplits(unassigned_); }
  Status Restore(std::uint64_t, std::string_view state) override {
    unassigned_ = DecodeSplits(state);
    return Status::Ok();
  }
  void CheckpointComplete(std::uint64_t) override {}
  void Close() override {}

 private:
  internal::CoordinatorContext& context_;
  std::vector<std::uint32_t> unassigned_;
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
                           .partitioning = internal::Partitioning::kKeyGroup,
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
    return std::make_unique<SplitEnumerator>(shape_, context);
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

std::string EncodeSplits(const std::vector<std::uint32_t>& splits) {
  std::string state;
  for (const std::uint32_t split : splits) state += static_cast<char>(split);
  return state;
}

std::vector<std::uint32_t> DecodeSplits(std::string_view state) {
  std::vector<std::uint32_t> splits;
  for (const char split : state) splits.push_back(static_cast<unsigned char>(split));
  return splits;
}

std::shared_ptr<const internal::CompiledJob> MakeNumberedJob(const JobShape& shape,
                                                             JobSurroundings& surroundings) {
  return std::make_shared<NumberedJob>(shape, surroundings);
}

}  // namespace weir::simulation
