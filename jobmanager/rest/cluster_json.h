// JSON of the cluster and its TaskManagers, in Flink's shapes; docs/rest-api.yaml describes each.
#pragma once

#include <string>
#include <vector>

#include "jobmanager/rest/cluster_view.h"

namespace weir::rest {

std::string ClusterOverviewJson(const ClusterOverview& overview);
// What the dashboard asks for first.
std::string ConfigJson();
std::string TaskManagersJson(const std::vector<TaskManagerDetails>& task_managers);
std::string TaskManagerJson(const TaskManagerDetails& task_manager);

}  // namespace weir::rest
