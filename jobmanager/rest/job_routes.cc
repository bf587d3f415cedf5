#include <algorithm>
#include <utility>

#include "common/text.h"
#include "jobmanager/rest/identifiers.h"
#include "jobmanager/rest/job_json.h"
#include "jobmanager/rest/rest_answer.h"
#include "jobmanager/rest/routes.h"

namespace weir::rest {

namespace {

template <class Render>
void AddDetailsRoute(Router& router, ClusterControl& control, std::string pattern, Render render) {
  router.Add({"GET", std::move(pattern), RouteBody::kNone,
              WithJobId([&control, render](const std::string& job_id, RestCall call) {
                control.GetJob(job_id, AnswerWith<JobDetails>(call.responder, render));
              })});
}

void GetVertex(ClusterControl& control, const std::string& job_id, RestCall call) {
  std::string vertex_id = ToLower(call.parameters["vertexid"]);
  auto render = [vertex_id](const JobDetails& job) -> Result<std::string> {
    auto found = std::find_if(job.vertices.begin(), job.vertices.end(),
                              [&](const VertexDetails& vertex) { return vertex.id == vertex_id; });
    if (found != job.vertices.end()) return VertexJson(*found, job.now_ms);
    return Status::NotFound(Concat("job ", job.summary.id, " has no vertex ", vertex_id));
  };
  control.GetJob(job_id, AnswerWith<JobDetails>(call.responder, std::move(render)));
}

void CancelJob(ClusterControl& control, const std::string& job_id, RestCall call) {
  const auto mode = call.request.query.find("mode");
  if (mode != call.request.query.end() && mode->second != "cancel") {
    return call.responder.Respond(
        ErrorAnswer(400, Concat("mode is '", mode->second, "'; the only mode is 'cancel'")));
  }
  control.CancelJob(job_id, AnswerDone(call.responder, 202));
}

}  // namespace

RouteHandler WithJobId(std::function<void(const std::string&, RestCall)> handler) {
  return [handler = std::move(handler)](RestCall call) {
    const std::string job_id = ToLower(call.parameters["jobid"]);
    if (Status status = CheckHexId("job id", job_id); !status.ok()) {
      return call.responder.Respond(ErrorAnswer(status));
    }
    handler(job_id, std::move(call));
  };
}

void AddJobRoutes(Router& router, ClusterControl& control, Clock& clock) {
  router.Add({"GET", "/jobs", RouteBody::kNone, [&control](RestCall call) {
                control.ListJobs(AnswerWith<std::vector<JobSummary>>(call.responder, JobsJson));
              }});
  router.Add({"GET", "/jobs/overview", RouteBody::kNone, [&control, &clock](RestCall call) {
                std::int64_t now_ms = clock.WallMillis();
                auto render = [now_ms](const std::vector<JobSummary>& jobs) {
                  return JobsOverviewJson(jobs, now_ms);
                };
                control.ListJobs(AnswerWith<std::vector<JobSummary>>(call.responder, render));
              }});
  AddDetailsRoute(router, control, "/jobs/:jobid", JobJson);
  AddDetailsRoute(router, control, "/jobs/:jobid/status", JobStatusJson);
  AddDetailsRoute(router, control, "/jobs/:jobid/plan",
                  [](const JobDetails& job) { return JobPlanJson(job.plan); });
  router.Add({"PATCH", "/jobs/:jobid", RouteBody::kNone,
              WithJobId([&control](const std::string& job_id, RestCall call) {
                CancelJob(control, job_id, std::move(call));
              })});
  router.Add({"GET", "/jobs/:jobid/exceptions", RouteBody::kNone,
              WithJobId([&control](const std::string& job_id, RestCall call) {
                control.GetJobExceptions(
                    job_id, AnswerWith<JobExceptions>(call.responder, JobExceptionsJson));
              })});
  router.Add({"GET", "/jobs/:jobid/accumulators", RouteBody::kNone,
              WithJobId([&control](const std::string& job_id, RestCall call) {
                control.GetJobAccumulators(job_id, AnswerWith<std::vector<AccumulatorInfo>>(
                                                       call.responder, JobAccumulatorsJson));
              })});
  router.Add({"GET", "/jobs/:jobid/vertices/:vertexid", RouteBody::kNone,
              WithJobId([&control](const std::string& job_id, RestCall call) {
                GetVertex(control, job_id, std::move(call));
              })});
}

}  // namespace weir::rest
