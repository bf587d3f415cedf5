#include "taskmanager/task/channel_state.h"

#include <limits>
#include <map>
#include <memory>
#include <utility>

#include <weir/internal/state/key_group_range.h>

#include "taskmanager/task/task_restore.h"

namespace weir::task {

using checkpoint::SectionId;
using checkpoint::StateFileReader;
using checkpoint::StateFileWriter;
using checkpoint::StateSection;
using internal::ChannelType;
using internal::JobEdge;
using internal::JobGraph;
using internal::JobVertex;
using internal::KeyGroupRange;
using internal::Partitioning;

namespace {

// Batches of an edge are joined up to this size: a piece costs twenty bytes and a check sum.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

}  // namespace

bool MayMoveRecords(Partitioning partitioning) {
  switch (partitioning) {
    case Partitioning::kRebalance:
    case Partitioning::kRescale:
    case Partitioning::kShuffle:
    case Partitioning::kGlobal:
    case Partitioning::kKeyGroup:
      return true;
    case Partitioning::kForward:
    case Partitioning::kBroadcast:
    case Partitioning::kCustom:
      break;
  }
  return false;
}

std::vector<std::uint32_t> IncomingEdges(const JobGraph& graph, std::uint32_t vertex) {
  std::vector<std::uint32_t> edges;
  for (std::uint32_t i = 0; i < graph.edges.size(); ++i) {
    if (graph.edges[i].target_vertex == vertex) edges.push_back(i);
  }
  return edges;
}

std::string ChannelStateName(const JobGraph& graph, std::uint32_t edge) {
  const JobEdge& named = graph.edges[edge];
  std::uint32_t before = 0;
  for (std::uint32_t i = 0; i < edge; ++i) {
    const JobEdge& other = graph.edges[i];
    before +=
        other.source_vertex == named.source_vertex && other.target_vertex == named.target_vertex
            ? 1
            : 0;
  }
  return graph.vertices[named.source_vertex].id + "/" + std::to_string(before);
}

void ChannelState::Add(const ChannelType& type, std::uint32_t edge,
                       const internal::AnyBatch& batch) {
  if (pieces_.empty() || pieces_.back().edge != edge || pieces_.back().used >= kPieceBytes) {
    pieces_.push_back({.edge = edge});
  }
  Piece& piece = pieces_.back();
  const std::size_t used = piece.used;
  for (std::uint32_t next = 0; next < batch.size();) {
    next =
        type.Encode(batch, next, std::numeric_limits<std::size_t>::max(), piece.bytes, piece.used);
  }
  piece.records += batch.size();
  size_bytes_ += piece.used - used;
}

Status ChannelState::Write(const internal::CompiledJob& job, StateFileWriter& writer) const {
  const JobGraph& graph = job.graph();
  std::map<std::uint32_t, SectionId> sections;
  for (const Piece& piece : pieces_) {
    const JobVertex& vertex = graph.vertices[graph.edges[piece.edge].target_vertex];
    auto section = sections.find(piece.edge);
    if (section == sections.end()) {
      section = sections
                    .emplace(piece.edge,
                             writer.AddChannelState(
                                 vertex.operators.front().id, ChannelStateName(graph, piece.edge),
                                 job.channel_type(piece.edge).schema(), vertex.max_parallelism))
                    .first;
    }
    WEIR_RETURN_IF_ERROR(writer.WriteChannelState(section->second, piece.records,
                                                  std::span(piece.bytes).first(piece.used)));
  }
  return Status::Ok();
}

Status ChannelStateRestore::Read(const RestoreSource& source, StateFileReader& reader,
                                 SectionId id) {
  const StateSection& section = reader.sections()[id];
  const JobGraph& graph = job_.graph();
  const std::vector<std::uint32_t> edges = IncomingEdges(graph, vertex_);
  std::uint32_t gate_edge = 0;
  while (gate_edge < edges.size() && ChannelStateName(graph, edges[gate_edge]) != section.state) {
    ++gate_edge;
  }
  if (gate_edge == edges.size()) {
    return StateMismatch(reader.name() +
                         " has records that were on their way along this edge, which the program "
                         "does not have: start it from an aligned checkpoint");
  }
  const JobEdge& edge = graph.edges[edges[gate_edge]];
  const std::string schema = job_.channel_type(edges[gate_edge]).schema();
  if (section.schema != schema) {
    return StateMismatch("the records on their way were written as " + section.schema + " (" +
                         reader.name() + "), the program sends " + schema);
  }
  const JobVertex& vertex = graph.vertices[vertex_];
  if (section.max_parallelism != vertex.max_parallelism) {
    return StateMismatch(reader.name() + " was written with maximum parallelism " +
                         std::to_string(section.max_parallelism) + ", the program has " +
                         std::to_string(vertex.max_parallelism));
  }
  if (source.parallelism != vertex.parallelism && !MayMoveRecords(edge.partitioning)) {
    return StateMismatch(reader.name() +
                         " has records on their way along an edge of partitioning " +
                         internal::ToString(edge.partitioning) +
                         ", which cannot be given to another number of subtasks: start it with "
                         "parallelism " +
                         std::to_string(source.parallelism) + ", or from an aligned checkpoint");
  }
  // Of a keyed edge every subtask reads what any old one had, and keeps its key groups.
  const bool keyed = edge.partitioning == Partitioning::kKeyGroup;
  if (!keyed && source.subtask % vertex.parallelism != subtask_) return Status::Ok();
  return reader.ReadChannelState(id,
                                 [&](std::uint32_t /*records*/, std::span<const std::byte> bytes) {
                                   return Decode(gate_edge, bytes).WithContext(reader.name());
                                 });
}

Status ChannelStateRestore::Decode(std::uint32_t gate_edge, std::span<const std::byte> bytes) {
  const JobGraph& graph = job_.graph();
  const std::uint32_t edge = IncomingEdges(graph, vertex_)[gate_edge];
  const JobVertex& vertex = graph.vertices[vertex_];
  const ChannelType& type = job_.channel_type(edge);
  const KeyGroupRange groups =
      internal::KeyGroupRangeOf(subtask_, vertex.parallelism, vertex.max_parallelism);
  while (!bytes.empty()) {
    std::unique_ptr<internal::AnyBatch> batch = type.NewBatch(internal::kMaximumBatchCapacity);
    WEIR_ASSIGN_OR_RETURN(const std::size_t consumed, type.Decode(bytes, *batch));
    if (consumed == 0 || consumed > bytes.size()) {
      return Status::Corruption("records on their way are cut off");
    }
    bytes = bytes.subspan(consumed);
    if (graph.edges[edge].partitioning == Partitioning::kKeyGroup) {
      type.RetainKeyGroups(*batch, groups.first, groups.count, groups.max_parallelism);
    }
    if (batch->empty()) continue;
    restored_.push_back({.edge = gate_edge, .batch = std::move(batch)});
  }
  return Status::Ok();
}

}  // namespace weir::task
