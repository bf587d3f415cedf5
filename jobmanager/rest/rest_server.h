// RestServer: the JobManager's REST API (docs/rest-api.yaml) over HTTP.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <weir/status.h>

#include "common/clock.h"
#include "common/configuration.h"
#include "common/http_server.h"
#include "jobmanager/rest/cluster_view.h"
#include "jobmanager/rest/router.h"

namespace weir::rest {

struct RestServerOptions {
  HttpServerOptions http;
  std::uint64_t upload_limit_bytes = std::uint64_t{256} << 20;
  // Where uploads arrive; made if missing. It belongs to the server alone: what an earlier one left
  // there is deleted at the start. UploadJar gets files in here, so the plugin store had better be
  // on the same file system.
  std::string spool_directory;
  // Lets http.bind_host be an address that other machines reach.
  bool allow_unauthenticated_remote = false;

  // rest.bind-address, rest.port, web.upload.*, security.allow-unauthenticated-remote. The spool
  // directory is "incoming" in web.upload.dir or, if that is unset, in `default_upload_directory`.
  static RestServerOptions FromConfiguration(const Configuration& configuration,
                                             const std::string& default_upload_directory);
};

// Start and Stop are for one thread.
class RestServer final : private HttpHandler {
 public:
  // `control` and `clock` outlive the server. See cluster_view.h for what the server expects of
  // `control`.
  RestServer(RestServerOptions options, ClusterControl& control, Clock& clock);
  ~RestServer() override;

  // kInvalidArgument when the bind address needs allow_unauthenticated_remote; kUnavailable when it
  // cannot be bound.
  Status Start();
  // Waits a bounded while for answers on their way. The JobManager's loop should still run.
  void Stop();

  // The port in use; after Start.
  int port() const;
  const Router& router() const { return router_; }

 private:
  HttpBodyPolicy BodyPolicy(const HttpRequest& head) override;
  void Handle(HttpRequest request, HttpResponder responder) override;
  HttpResponse ErrorResponse(int status, const std::string& message) override;

  const RestServerOptions options_;
  const bool bound_to_loopback_;
  Router router_;
  HttpServer server_;
};

// All routes of the API. What a route needs outlives the router.
Router MakeRouter(ClusterControl& control, Clock& clock);

}  // namespace weir::rest
