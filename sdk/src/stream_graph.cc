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
  const bool dead_letters = output.id == kDeadLetterTagId;
  if (output.id.empty()) return refuse("the tag's id is empty");
  if (!dead_letters && !node.factory->may_have_side_outputs()) {
    return refuse("it has no side outputs; Process functions have them");
  }
  const auto declared = dead_letters ? std::nullopt : node.factory->declared_side_outputs();
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

Status StreamGraph::CheckErrorPolicies() const {
  for (const StreamNode& node : nodes) {
    const auto refuse = [&](const std::string& why) {
      return Status::InvalidArgument("operator '" + (node.name.empty() ? node.type : node.name) +
                                     "': " + why);
    };
    const bool fails = node.error_policy == ErrorPolicy::kFail;
    const bool taken =
        std::any_of(node.side_outputs.begin(), node.side_outputs.end(),
                    [](const SideOutput& output) { return output.id == kDeadLetterTagId; });
    if (!fails && !node.factory->handles_errors()) {
      return refuse(
          "OnError() is for operators that call a function for each record and for sources that "
          "deserialize");
    }
    if (node.error_policy == ErrorPolicy::kDeadLetter && !taken) {
      return refuse("OnError(ErrorPolicy::kDeadLetter), but nobody takes its DeadLetters()");
    }
    if (node.error_policy != ErrorPolicy::kDeadLetter && taken) {
      return refuse("DeadLetters() of an operator without OnError(ErrorPolicy::kDeadLetter)");
    }
  }
  return Status::Ok();
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
