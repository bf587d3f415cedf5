// Between the engine's plain values (taskmanager/task/task_description.h) and proto/session.proto.
#pragma once

#include <string>
#include <vector>

#include "taskmanager/task/task_description.h"

namespace weir::proto {
class CancelTasks;
class DeployTasks;
class OperatorEvent;
class TaskStateChange;
class TaskStatistics;
}  // namespace weir::proto

namespace weir::worker {

task::Deployment FromProto(const proto::DeployTasks& message);
std::vector<task::TaskAttempt> FromProto(const proto::CancelTasks& message);
task::CoordinatorEvent FromProto(const proto::OperatorEvent& message);

void ToProto(const task::TaskStateChange& change, const std::string& task_manager_id,
             proto::TaskStateChange* message);
void ToProto(const task::TaskStatistics& statistics, proto::TaskStatistics* message);
void ToProto(const task::CoordinatorEvent& event, proto::OperatorEvent* message);

}  // namespace weir::worker
