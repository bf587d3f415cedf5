// Between the engine's plain values (taskmanager/task/task_description.h) and proto/session.proto.
#pragma once

#include <string>
#include <vector>

#include <weir/internal/control_element.h>

#include "taskmanager/task/task_description.h"

namespace weir::proto {
class CancelTasks;
class CheckpointAcknowledged;
class CheckpointDeclined;
class DeployTasks;
class OperatorEvent;
class TaskAttempt;
class TaskStateChange;
class TaskStatistics;
class TriggerCheckpoint;
}  // namespace weir::proto

namespace weir::worker {

task::Deployment FromProto(const proto::DeployTasks& message);
std::vector<task::TaskAttempt> FromProto(const proto::CancelTasks& message);
task::CoordinatorEvent FromProto(const proto::OperatorEvent& message);

// Where a checkpoint begins in this worker.
struct CheckpointTrigger {
  internal::Barrier barrier;
  std::vector<task::TaskAttempt> tasks;
  std::vector<task::TaskAttempt> announced_to;
};
CheckpointTrigger FromProto(const proto::TriggerCheckpoint& message);

void ToProto(const task::TaskStateChange& change, const std::string& task_manager_id,
             proto::TaskStateChange* message);
void ToProto(const task::TaskStatistics& statistics, proto::TaskStatistics* message);
void ToProto(const task::CoordinatorEvent& event, proto::OperatorEvent* message);
void ToProto(const task::TaskAttempt& attempt, proto::TaskAttempt* message);
void ToProto(const task::CheckpointAcknowledgement& acknowledgement,
             proto::CheckpointAcknowledged* message);
void ToProto(const task::CheckpointDecline& decline, proto::CheckpointDeclined* message);

}  // namespace weir::worker
