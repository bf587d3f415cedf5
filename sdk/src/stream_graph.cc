#include <algorithm>

#include <weir/internal/side_outputs.h>
#include <weir/internal/stream_graph.h>

namespace weir::internal {

void StreamGraph::AddSideOutput(std::uint32_t index, SideOutput output) {
  StreamNode& node = nodes[index];
  const auto refuse = [&](const std::string& why) {
    Fail(Status::InvalidArgument("GetSideOutput('" + output.id + "') of operator '" +
                                 (node.name.empty() ? node.type : node.name) + "': " + why));
  };
  if (output.id.empty()) return refuse("the tag's id is empty");
  if (!node.factory->may_have_side_outputs()) {
    return refuse("it has no side outputs; Process functions have them");
  }
  const auto declared = node.factory->declared_side_outputs();
  if (declared && std::find(declared->begin(), declared->end(), output.id) == declared->end()) {
    std::string names;
    for (const std::string& id : *declared) names += (names.empty() ? "'" : ", '") + id + "'";
    return refuse("its function declares " +
                  (names.empty() ? "no side outputs" : "only the side outputs " + names));
  }
  for (const SideOutput& other : node.side_outputs) {
    if (other.id != output.id) continue;
    if (other.factory->type() != output.factory->type()) {
      refuse("it is got with another type elsewhere");
    }
    return;
  }
  node.side_outputs.push_back(std::move(output));
}

Status StreamGraph::CheckBounded() const {
  for (const StreamNode& node : nodes) {
    if (node.factory->bounded()) continue;
    return Status::InvalidArgument("ExecuteAndCollect() would never return: source '" +
                                   (node.name.empty() ? node.type : node.name) + "' has no end");
  }
  return Status::Ok();
}

void StreamGraph::RemoveNodesFrom(std::uint32_t first) {
  nodes.resize(first);
  std::erase_if(edges, [first](const StreamEdge& edge) { return edge.target >= first; });
}

}  // namespace weir::internal
