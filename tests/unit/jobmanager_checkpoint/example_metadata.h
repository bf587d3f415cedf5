// Metadata of checkpoints for tests.
#pragma once

#include <cstdint>
#include <string>

#include "common/text.h"
#include "proto/checkpoint.pb.h"
#include "proto/job_graph.pb.h"

namespace weir::jobmanager {

// A source with a coordinator and state inline, and a counting operator with a file for each
// subtask: "chk-<id>/part-<subtask>", of `size_bytes`.
inline proto::CheckpointMetadata ExampleMetadata(std::uint64_t checkpoint_id,
                                                 std::uint32_t parallelism = 2,
                                                 std::uint64_t size_bytes = 4) {
  proto::CheckpointMetadata metadata;
  metadata.set_checkpoint_id(checkpoint_id);
  metadata.set_job_id("00000000000000000000000000000001");
  metadata.set_job_name("count");
  for (const char* id : {"source", "count"}) {
    proto::VertexState& vertex = *metadata.add_vertices();
    vertex.add_operators()->set_id(id);
    vertex.mutable_operators(0)->set_name(id);
    vertex.set_parallelism(parallelism);
    vertex.set_max_parallelism(128);
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      proto::SubtaskState& subtask = *vertex.add_subtasks();
      subtask.set_subtask(i);
      proto::StateHandle& handle = *subtask.add_handles();
      if (vertex.operators(0).id() == "source") {
        subtask.set_has_operator_state(true);
        handle.set_inline_("splits");
      } else {
        handle.mutable_file()->set_path(Concat("chk-", checkpoint_id, "/part-", i));
        handle.mutable_file()->set_size_bytes(size_bytes);
        handle.mutable_file()->set_footer_checksum(7);
      }
    }
  }
  proto::CoordinatorState& coordinator = *metadata.add_coordinators();
  coordinator.set_operator_id("source");
  coordinator.set_state("enumerator");
  return metadata;
}

// The graph that it is of.
inline proto::JobGraph ExampleGraph(std::uint32_t parallelism) {
  proto::JobGraph graph;
  for (const char* id : {"source", "count"}) {
    proto::JobVertex& vertex = *graph.add_vertices();
    vertex.set_id(id);
    vertex.set_name(id);
    vertex.set_parallelism(parallelism);
    vertex.set_max_parallelism(128);
    vertex.add_operators()->set_id(id);
    vertex.mutable_operators(0)->set_name(id);
  }
  graph.mutable_vertices(0)->mutable_operators(0)->set_has_coordinator(true);
  return graph;
}

}  // namespace weir::jobmanager
