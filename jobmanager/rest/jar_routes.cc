#include <string>
#include <utility>

#include "common/text.h"
#include "jobmanager/rest/identifiers.h"
#include "jobmanager/rest/jar_json.h"
#include "jobmanager/rest/job_json.h"
#include "jobmanager/rest/rest_answer.h"
#include "jobmanager/rest/routes.h"

namespace weir::rest {

namespace {

void ListJars(ClusterControl& control, RestCall call) {
  auto render = [address = std::string(call.request.Header("host"))](
                    const std::vector<JarInfo>& jars) { return JarsJson(jars, address); };
  control.ListJars(AnswerWith<std::vector<JarInfo>>(call.responder, std::move(render)));
}

void UploadJar(ClusterControl& control, RestCall call) {
  std::vector<HttpUploadedFile>& files = call.request.files;
  if (files.size() != 1 || files.front().field != "jarfile") {
    return call.responder.Respond(
        ErrorAnswer(400, "the form must hold exactly one file, in the field 'jarfile'"));
  }
  if (files.front().file.size_bytes() == 0) {
    return call.responder.Respond(ErrorAnswer(400, "the uploaded file is empty"));
  }
  std::string name = SafeFileName(files.front().file_name);
  control.UploadJar(files.front().file.Release(), name,
                    AnswerWith<JarInfo>(call.responder, JarUploadedJson));
}

// Calls `run` with the request in the body, or answers what is wrong with it.
template <class Run>
RouteHandler WithRunRequest(Run run) {
  return [run](RestCall call) {
    Result<JarRunRequest> request =
        ParseJarRunRequest(call.parameters["jarid"], call.request.body, call.request.query);
    if (!request.ok()) return call.responder.Respond(ErrorAnswer(request.status()));
    run(*request, call.responder);
  };
}

}  // namespace

void AddJarRoutes(Router& router, ClusterControl& control) {
  router.Add({"GET", "/jars", RouteBody::kNone,
              [&control](RestCall call) { ListJars(control, std::move(call)); }});
  router.Add({"POST", "/jars/upload", RouteBody::kUpload,
              [&control](RestCall call) { UploadJar(control, std::move(call)); }});
  router.Add({"DELETE", "/jars/:jarid", RouteBody::kNone, [&control](RestCall call) {
                control.DeleteJar(call.parameters["jarid"], AnswerDone(call.responder));
              }});
  router.Add({"POST", "/jars/:jarid/plan", RouteBody::kJson,
              WithRunRequest([&control](const JarRunRequest& request, HttpResponder responder) {
                control.DescribeJar(request, AnswerWith<JobPlan>(responder, JobPlanJson));
              })});
  router.Add({"POST", "/jars/:jarid/run", RouteBody::kJson,
              WithRunRequest([&control](const JarRunRequest& request, HttpResponder responder) {
                control.RunJar(request, AnswerWith<std::string>(responder, JobSubmittedJson));
              })});
}

}  // namespace weir::rest
