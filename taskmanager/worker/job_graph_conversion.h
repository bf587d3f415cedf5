// Between the SDK's JobGraph and proto/job_graph.proto.
#pragma once

#include <weir/internal/job_graph.h>
#include <weir/internal/plugin.h>

namespace weir::proto {
class JobGraph;
class JobInputs;
}  // namespace weir::proto

namespace weir::worker {

// With format version and structural hash.
void ToProto(const internal::JobGraph& graph, proto::JobGraph* message);
void ToProto(const internal::JobInputs& inputs, proto::JobInputs* message);
// For replay: `recording` is false.
internal::JobInputs FromProto(const proto::JobInputs& message);

}  // namespace weir::worker
