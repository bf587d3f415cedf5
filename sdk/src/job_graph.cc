#include <cstddef>

#include <weir/internal/byte_writer.h>
#include <weir/internal/hexadecimal.h>
#include <weir/internal/job_graph.h>

namespace weir::internal {

const char* ToString(Partitioning partitioning) {
  switch (partitioning) {
    case Partitioning::kForward:
      return "FORWARD";
    case Partitioning::kRebalance:
      return "REBALANCE";
    case Partitioning::kRescale:
      return "RESCALE";
    case Partitioning::kShuffle:
      return "SHUFFLE";
    case Partitioning::kBroadcast:
      return "BROADCAST";
    case Partitioning::kGlobal:
      return "GLOBAL";
    case Partitioning::kKeyGroup:
      return "HASH";
    case Partitioning::kCustom:
      return "CUSTOM";
  }
  return "UNKNOWN";
}

std::string StructuralHash(const JobGraph& graph) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  writer.WriteLength(graph.vertices.size());
  for (const JobVertex& vertex : graph.vertices) {
    writer.WriteString(vertex.id);
    writer.WriteString(vertex.name);
    writer.WriteFixed(vertex.parallelism);
    writer.WriteFixed(vertex.max_parallelism);
    writer.WriteString(vertex.slot_sharing_group);
    writer.WriteFixed<std::uint8_t>(vertex.is_source ? 1 : 0);
    writer.WriteFixed<std::uint8_t>(vertex.blocking ? 1 : 0);
    writer.WriteLength(vertex.operators.size());
    for (const OperatorDescription& description : vertex.operators) {
      writer.WriteString(description.id);
      writer.WriteString(description.uid);
      writer.WriteString(description.name);
      writer.WriteString(description.type);
      writer.WriteFixed<std::uint8_t>(description.has_coordinator ? 1 : 0);
    }
  }
  writer.WriteLength(graph.edges.size());
  for (const JobEdge& edge : graph.edges) {
    writer.WriteFixed(edge.source_vertex);
    writer.WriteFixed(edge.target_vertex);
    writer.WriteFixed(edge.target_input);
    writer.WriteFixed(edge.partitioning);
    writer.WriteString(edge.type_name);
  }
  writer.Finish();
  return HashToHexadecimal({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace weir::internal
