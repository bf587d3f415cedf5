#include "taskmanager/worker/job_graph_conversion.h"

#include "proto/job_graph.pb.h"

namespace weir::worker {
namespace {

constexpr std::uint32_t kJobGraphFormat = 1;

void ToProto(const internal::JobVertex& vertex, proto::JobVertex* message) {
  message->set_id(vertex.id);
  message->set_name(vertex.name);
  message->set_parallelism(vertex.parallelism);
  message->set_max_parallelism(vertex.max_parallelism);
  message->set_slot_sharing_group(vertex.slot_sharing_group);
  message->set_is_source(vertex.is_source);
  message->set_blocking(vertex.blocking);
  for (const internal::OperatorDescription& description : vertex.operators) {
    proto::OperatorDescription* const target = message->add_operators();
    target->set_id(description.id);
    target->set_uid(description.uid);
    target->set_name(description.name);
    target->set_type(description.type);
    target->set_has_coordinator(description.has_coordinator);
    target->set_description(description.description);
  }
}

}  // namespace

void ToProto(const internal::JobGraph& graph, proto::JobGraph* message) {
  message->set_format_version(kJobGraphFormat);
  message->set_name(graph.name);
  for (const internal::JobVertex& vertex : graph.vertices) ToProto(vertex, message->add_vertices());
  for (const internal::JobEdge& edge : graph.edges) {
    proto::JobEdge* const target = message->add_edges();
    target->set_source_vertex(edge.source_vertex);
    target->set_target_vertex(edge.target_vertex);
    target->set_target_input(edge.target_input);
    target->set_partitioning(static_cast<proto::Partitioning>(edge.partitioning));
    target->set_type_name(edge.type_name);
  }
  message->mutable_configuration()->insert(graph.configuration.begin(), graph.configuration.end());
  message->set_structural_hash(internal::StructuralHash(graph));
}

void ToProto(const internal::JobInputs& inputs, proto::JobInputs* message) {
  for (const std::string& argument : inputs.arguments) message->add_arguments(argument);
  message->mutable_environment()->insert(inputs.environment.begin(), inputs.environment.end());
  message->mutable_files()->insert(inputs.files.begin(), inputs.files.end());
  message->mutable_configuration()->insert(inputs.configuration.begin(),
                                           inputs.configuration.end());
  message->set_default_parallelism(inputs.default_parallelism);
}

internal::JobInputs FromProto(const proto::JobInputs& message) {
  internal::JobInputs inputs;
  inputs.arguments.assign(message.arguments().begin(), message.arguments().end());
  inputs.environment.insert(message.environment().begin(), message.environment().end());
  inputs.files.insert(message.files().begin(), message.files().end());
  inputs.configuration.insert(message.configuration().begin(), message.configuration().end());
  inputs.default_parallelism = message.default_parallelism();
  return inputs;
}

}  // namespace weir::worker
