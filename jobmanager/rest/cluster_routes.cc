#include "jobmanager/rest/cluster_json.h"
#include "jobmanager/rest/rest_answer.h"
#include "jobmanager/rest/routes.h"

namespace weir::rest {

void AddClusterRoutes(Router& router, ClusterControl& control) {
  router.Add({"GET", "/overview", RouteBody::kNone, [&control](RestCall call) {
                control.GetOverview(
                    AnswerWith<ClusterOverview>(call.responder, ClusterOverviewJson));
              }});
  router.Add({"GET", "/config", RouteBody::kNone,
              [](RestCall call) { call.responder.Respond(JsonAnswer(ConfigJson())); }});
}

}  // namespace weir::rest
