#include <string>
#include <utility>

#include "common/text.h"
#include "jobmanager/rest/checkpoint_json.h"
#include "jobmanager/rest/identifiers.h"
#include "jobmanager/rest/rest_answer.h"
#include "jobmanager/rest/routes.h"

namespace weir::rest {

namespace {

// A GET below /jobs/:jobid/checkpoints that shows a part of what is known of them.
template <class Render>
void AddViewRoute(Router& router, ClusterControl& control, std::string pattern, Render render) {
  router.Add({"GET", std::move(pattern), RouteBody::kNone,
              WithJobId([&control, render](const std::string& job_id, RestCall call) {
                auto with_parameters = [render, parameters = std::move(call.parameters)](
                                           const JobCheckpointsInfo& checkpoints) {
                  return render(checkpoints, parameters);
                };
                control.GetJobCheckpoints(
                    job_id, AnswerWith<JobCheckpointsInfo>(call.responder, with_parameters));
              })});
}

using Parameters = std::map<std::string, std::string>;

Result<std::uint64_t> CheckpointIdIn(const Parameters& parameters) {
  const std::string& text = parameters.at("checkpointid");
  const Result<std::int64_t> id = ParseInt64(text);
  if (id.ok() && *id >= 0) return static_cast<std::uint64_t>(*id);
  return Status::InvalidArgument(Concat("checkpoint id '", text, "' is no number"));
}

void TriggerCheckpoint(ClusterControl& control, const std::string& job_id, const RestCall& call) {
  if (Status status = CheckCheckpointRequest(call.request.body); !status.ok()) {
    return call.responder.Respond(ErrorAnswer(status));
  }
  control.TriggerCheckpoint(
      job_id, [responder = call.responder](const Result<std::string>& trigger_id) {
        responder.Respond(trigger_id.ok() ? JsonAnswer(CheckpointTriggeredJson(*trigger_id), 202)
                                          : ErrorAnswer(trigger_id.status()));
      });
}

}  // namespace

void AddCheckpointRoutes(Router& router, ClusterControl& control) {
  AddViewRoute(router, control, "/jobs/:jobid/checkpoints",
               [](const JobCheckpointsInfo& checkpoints, const Parameters&) {
                 return JobCheckpointsJson(checkpoints);
               });
  AddViewRoute(router, control, "/jobs/:jobid/checkpoints/config",
               [](const JobCheckpointsInfo& checkpoints, const Parameters&) {
                 return CheckpointSettingsJson(checkpoints);
               });
  AddViewRoute(router, control, "/jobs/:jobid/checkpoints/details/:checkpointid",
               [](const JobCheckpointsInfo& checkpoints,
                  const Parameters& parameters) -> Result<std::string> {
                 WEIR_ASSIGN_OR_RETURN(const std::uint64_t id, CheckpointIdIn(parameters));
                 return CheckpointDetailsJson(checkpoints, id);
               });
  AddViewRoute(router, control, "/jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid",
               [](const JobCheckpointsInfo& checkpoints,
                  const Parameters& parameters) -> Result<std::string> {
                 WEIR_ASSIGN_OR_RETURN(const std::uint64_t id, CheckpointIdIn(parameters));
                 return CheckpointVertexJson(checkpoints, id, ToLower(parameters.at("vertexid")));
               });
  router.Add({"POST", "/jobs/:jobid/checkpoints", RouteBody::kJson,
              WithJobId([&control](const std::string& job_id, const RestCall& call) {
                TriggerCheckpoint(control, job_id, call);
              })});
  router.Add({"GET", "/jobs/:jobid/checkpoints/:triggerid", RouteBody::kNone,
              WithJobId([&control](const std::string& job_id, RestCall call) {
                control.GetCheckpointTrigger(
                    job_id, ToLower(call.parameters["triggerid"]),
                    AnswerWith<CheckpointTriggerInfo>(call.responder, CheckpointTriggerJson));
              })});
}

}  // namespace weir::rest
