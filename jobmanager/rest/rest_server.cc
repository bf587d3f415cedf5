#include "jobmanager/rest/rest_server.h"

#include <utility>

#include "common/file_system.h"
#include "common/logging.h"
#include "common/settings.h"
#include "common/socket_address.h"
#include "common/text.h"
#include "jobmanager/rest/request_origin.h"
#include "jobmanager/rest/rest_answer.h"
#include "jobmanager/rest/routes.h"

namespace weir::rest {

namespace {

constexpr std::uint64_t kJsonLimitBytes = 1 << 20;

}  // namespace

RestServerOptions RestServerOptions::FromConfiguration(
    const Configuration& configuration, const std::string& default_upload_directory) {
  RestServerOptions options;
  options.http.bind_host = configuration.Get(settings::kRestBindAddress);
  options.http.port = static_cast<int>(configuration.Get(settings::kRestPort));
  options.upload_limit_bytes =
      static_cast<std::uint64_t>(configuration.Get(settings::kWebUploadMaxSize).bytes);
  options.spool_directory =
      configuration.Find(settings::kWebUploadDirectory).value_or(default_upload_directory) +
      "/incoming";
  options.allow_unauthenticated_remote = configuration.Get(settings::kAllowUnauthenticatedRemote);
  return options;
}

Router MakeRouter(ClusterControl& control, Clock& clock) {
  Router router;
  AddClusterRoutes(router, control);
  AddJobRoutes(router, control, clock);
  AddCheckpointRoutes(router, control);
  AddTaskManagerRoutes(router, control);
  AddJarRoutes(router, control);
  AddMetricsRoute(router, control);
  return router;
}

RestServer::RestServer(RestServerOptions options, ClusterControl& control, Clock& clock)
    : options_(std::move(options)),
      bound_to_loopback_(IsLoopbackHost(options_.http.bind_host)),
      router_(MakeRouter(control, clock)),
      server_(options_.http, *this) {}

RestServer::~RestServer() {
  Stop();
}

Status RestServer::Start() {
  const ComponentLogger log("rest");
  if (!bound_to_loopback_) {
    if (!options_.allow_unauthenticated_remote) {
      return Status::InvalidArgument(Concat(
          "rest.bind-address is '", options_.http.bind_host,
          "', which other machines can reach, and whoever reaches the REST API can run code here; "
          "set security.allow-unauthenticated-remote: true to allow it"));
    }
    log.Warning("the REST API binds to ", options_.http.bind_host,
                " without authentication: whoever reaches it can run code here");
  }
  FileSystem& files = LocalFileSystem();
  WEIR_RETURN_IF_ERROR(files.RemoveRecursively(options_.spool_directory));
  WEIR_RETURN_IF_ERROR(files.CreateDirectories(options_.spool_directory));
  WEIR_RETURN_IF_ERROR(server_.Start().WithContext("REST API"));
  log.Info("REST API at http://", options_.http.bind_host, ":", server_.port());
  return Status::Ok();
}

void RestServer::Stop() {
  server_.Stop();
}
int RestServer::port() const {
  return server_.port();
}

HttpBodyPolicy RestServer::BodyPolicy(const HttpRequest& head) {
  HttpBodyPolicy policy{.limit_bytes = kJsonLimitBytes};
  if (Status status = CheckRequestOrigin(head, bound_to_loopback_); !status.ok()) {
    policy.refusal = ErrorAnswer(403, status.message());
    return policy;
  }
  RouteMatch match = router_.Find(head.method, head.path);
  if (match.route != nullptr && match.route->body == RouteBody::kUpload) {
    policy.kind = HttpBodyPolicy::Kind::kMultipart;
    policy.limit_bytes = options_.upload_limit_bytes;
    policy.spool_directory = options_.spool_directory;
  }
  return policy;
}

void RestServer::Handle(HttpRequest request, HttpResponder responder) {
  RouteMatch match = router_.Find(request.method, request.path);
  if (match.route != nullptr) {
    match.route->handler({std::move(request), std::move(match.parameters), std::move(responder)});
    return;
  }
  if (match.allowed_methods.empty()) {
    return responder.Respond(ErrorAnswer(404, Concat("Not found: ", request.path)));
  }
  std::string allowed = Join(match.allowed_methods, ", ");
  HttpResponse answer = ErrorAnswer(
      405, Concat(request.method, " is not possible for ", request.path, "; possible: ", allowed));
  answer.headers["Allow"] = allowed;
  responder.Respond(std::move(answer));
}

HttpResponse RestServer::ErrorResponse(int status, const std::string& message) {
  return ErrorAnswer(status, message);
}

}  // namespace weir::rest
