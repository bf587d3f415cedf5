#include "jobmanager/graph/job_graph_check.h"

#include <bit>
#include <string>
#include <unordered_set>
#include <vector>

#include "common/text.h"

namespace weir::jobmanager {
namespace {

std::string Quoted(const proto::JobVertex& vertex) {
  return Concat("vertex '", vertex.name(), "'");
}

Status Invalid(const proto::JobGraph& graph, std::string message) {
  return Status::InvalidArgument(Concat("job '", graph.name(), "': ", message));
}

bool IsHexId(const std::string& id) {
  if (id.size() != 32) return false;
  return id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Status CheckParallelism(const proto::JobGraph& graph, const proto::JobVertex& vertex) {
  const std::uint32_t parallelism = vertex.parallelism();
  const std::uint32_t max_parallelism = vertex.max_parallelism();
  if (parallelism == 0) return Invalid(graph, Concat(Quoted(vertex), " has parallelism 0"));
  if (max_parallelism > kHighestMaxParallelism || !std::has_single_bit(max_parallelism)) {
    return Invalid(graph, Concat(Quoted(vertex), " has max parallelism ", max_parallelism,
                                 "; it must be a power of two, at most ", kHighestMaxParallelism));
  }
  if (parallelism > max_parallelism) {
    return Invalid(graph, Concat(Quoted(vertex), " has parallelism ", parallelism,
                                 ", above its max parallelism ", max_parallelism));
  }
  return Status::Ok();
}

Status CheckVertices(const proto::JobGraph& graph) {
  std::unordered_set<std::string> vertex_ids;
  std::unordered_set<std::string> operator_ids;
  std::uint64_t subtasks = 0;
  bool has_source = false;
  for (const proto::JobVertex& vertex : graph.vertices()) {
    if (!IsHexId(vertex.id())) {
      return Invalid(
          graph, Concat(Quoted(vertex), " has the id '", vertex.id(), "'; an id is 32 hex digits"));
    }
    if (!vertex_ids.insert(vertex.id()).second) {
      return Invalid(graph, Concat(Quoted(vertex), " has the id ", vertex.id(),
                                   " of another vertex: give one of them another uid"));
    }
    if (vertex.operators().empty()) {
      return Invalid(graph, Concat(Quoted(vertex), " has no operators"));
    }
    for (const proto::OperatorDescription& described : vertex.operators()) {
      if (operator_ids.insert(described.id()).second) continue;
      return Invalid(graph,
                     Concat("operator '", described.name(), "' of ", Quoted(vertex),
                            " has the id of another operator: give one of them another uid"));
    }
    if (vertex.slot_sharing_group().empty()) {
      return Invalid(graph, Concat(Quoted(vertex), " has no slot sharing group"));
    }
    WEIR_RETURN_IF_ERROR(CheckParallelism(graph, vertex));
    subtasks += vertex.parallelism();
    has_source |= vertex.is_source();
  }
  if (!has_source) return Invalid(graph, "it has no source, so nothing would ever flow");
  if (subtasks > kMostSubtasks) {
    return Invalid(
        graph, Concat("it has ", subtasks, " subtasks; at most ", kMostSubtasks, " are supported"));
  }
  return Status::Ok();
}

Status CheckEdgeEnds(const proto::JobGraph& graph, const proto::JobEdge& edge) {
  const auto vertices = static_cast<std::uint32_t>(graph.vertices_size());
  if (edge.source_vertex() >= vertices) {
    return Invalid(graph, Concat("an edge leaves vertex number ", edge.source_vertex(),
                                 ", but there are ", vertices, " vertices"));
  }
  const proto::JobVertex& source = graph.vertices(static_cast<int>(edge.source_vertex()));
  if (edge.target_vertex() >= vertices) {
    return Invalid(graph, Concat("an edge of ", Quoted(source), " enters vertex number ",
                                 edge.target_vertex(), ", but there are ", vertices, " vertices"));
  }
  const proto::JobVertex& target = graph.vertices(static_cast<int>(edge.target_vertex()));
  if (edge.target_vertex() <= edge.source_vertex()) {
    return Invalid(
        graph, Concat("the edge from ", Quoted(source), " to ", Quoted(target), " closes a cycle"));
  }
  if (target.is_source()) {
    return Invalid(graph,
                   Concat("the edge from ", Quoted(source), " enters the source ", Quoted(target)));
  }
  if (edge.target_input() > 1) {
    return Invalid(graph, Concat("an edge enters input ", edge.target_input(), " of ",
                                 Quoted(target), "; a vertex has at most two"));
  }
  if (!proto::Partitioning_IsValid(edge.partitioning())) {
    return Invalid(graph, Concat("the edge from ", Quoted(source), " to ", Quoted(target),
                                 " has a partitioning that this version does not know"));
  }
  if (edge.partitioning() == proto::FORWARD && source.parallelism() != target.parallelism()) {
    return Invalid(graph, Concat("a forward edge needs equal parallelism, but ", Quoted(source),
                                 " has ", source.parallelism(), " and ", Quoted(target), " has ",
                                 target.parallelism()));
  }
  return Status::Ok();
}

Status CheckEdges(const proto::JobGraph& graph) {
  std::vector<bool> has_input(static_cast<std::size_t>(graph.vertices_size()));
  std::uint64_t channels = 0;
  for (const proto::JobEdge& edge : graph.edges()) {
    WEIR_RETURN_IF_ERROR(CheckEdgeEnds(graph, edge));
    has_input[edge.target_vertex()] = true;
    channels +=
        std::uint64_t{graph.vertices(static_cast<int>(edge.source_vertex())).parallelism()} *
        graph.vertices(static_cast<int>(edge.target_vertex())).parallelism();
  }
  if (channels > kMostChannels) {
    return Invalid(graph, Concat("its edges have ", channels, " channels; at most ", kMostChannels,
                                 " are supported"));
  }
  for (int index = 0; index < graph.vertices_size(); ++index) {
    const proto::JobVertex& vertex = graph.vertices(index);
    if (!vertex.is_source() && !has_input[static_cast<std::size_t>(index)]) {
      return Invalid(graph, Concat(Quoted(vertex), " is no source and has no input"));
    }
  }
  return Status::Ok();
}

}  // namespace

Status CheckJobGraph(const proto::JobGraph& graph) {
  if (graph.format_version() != kJobGraphFormatVersion) {
    return Invalid(graph, Concat("its JobGraph has format version ", graph.format_version(),
                                 "; this JobManager reads version ", kJobGraphFormatVersion));
  }
  if (graph.vertices().empty()) {
    return Invalid(graph, "it has no operators: the job function built an empty graph");
  }
  WEIR_RETURN_IF_ERROR(CheckVertices(graph));
  return CheckEdges(graph);
}

}  // namespace weir::jobmanager
