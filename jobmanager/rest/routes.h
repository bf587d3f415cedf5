// The routes of each resource, a file each: cluster_routes.cc, job_routes.cc, checkpoint_routes.cc,
// task_manager_routes.cc, jar_routes.cc, metrics_routes.cc.
#pragma once

#include <functional>
#include <string>

#include "common/clock.h"
#include "jobmanager/rest/cluster_view.h"
#include "jobmanager/rest/router.h"

namespace weir::rest {

// /overview /config
void AddClusterRoutes(Router& router, ClusterControl& control);
// /jobs and below
void AddJobRoutes(Router& router, ClusterControl& control, Clock& clock);
// /jobs/:jobid/checkpoints and below
void AddCheckpointRoutes(Router& router, ClusterControl& control);
// A handler below /jobs/:jobid, given the id in lower case: answers 400 unless it is one.
RouteHandler WithJobId(std::function<void(const std::string&, RestCall)> handler);
// /taskmanagers and below
void AddTaskManagerRoutes(Router& router, ClusterControl& control);
// /jars and below
void AddJarRoutes(Router& router, ClusterControl& control);
// /metrics
void AddMetricsRoute(Router& router, ClusterControl& control);

}  // namespace weir::rest
