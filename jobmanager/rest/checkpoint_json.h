// JSON of checkpoints, in Flink's shapes; docs/rest-api.yaml describes each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "jobmanager/rest/checkpoint_view.h"

namespace weir::rest {

std::string JobCheckpointsJson(const JobCheckpointsInfo& checkpoints);
std::string CheckpointSettingsJson(const JobCheckpointsInfo& checkpoints);
// NOT_FOUND for a checkpoint that is not remembered.
Result<std::string> CheckpointDetailsJson(const JobCheckpointsInfo& checkpoints, std::uint64_t id);
// NOT_FOUND for a checkpoint that is not remembered and a vertex that has no part in it.
Result<std::string> CheckpointVertexJson(const JobCheckpointsInfo& checkpoints, std::uint64_t id,
                                         const std::string& vertex_id);
std::string CheckpointTriggeredJson(const std::string& trigger_id);
std::string CheckpointTriggerJson(const CheckpointTriggerInfo& trigger);

// The body of a request for a checkpoint: ok when it asks for one that can be taken.
Status CheckCheckpointRequest(std::string_view body);

}  // namespace weir::rest
