#include "jobmanager/rest/cluster_json.h"
#include "jobmanager/rest/rest_answer.h"
#include "jobmanager/rest/routes.h"

namespace weir::rest {

void AddTaskManagerRoutes(Router& router, ClusterControl& control) {
  router.Add({"GET", "/taskmanagers", RouteBody::kNone, [&control](RestCall call) {
                control.ListTaskManagers(
                    AnswerWith<std::vector<TaskManagerDetails>>(call.responder, TaskManagersJson));
              }});
  router.Add({"GET", "/taskmanagers/:taskmanagerid", RouteBody::kNone, [&control](RestCall call) {
                control.GetTaskManager(
                    call.parameters["taskmanagerid"],
                    AnswerWith<TaskManagerDetails>(call.responder, TaskManagerJson));
              }});
}

}  // namespace weir::rest
