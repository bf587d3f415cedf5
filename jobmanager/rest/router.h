// Router: finds the handler for a method and a path. Pure: no sockets, no JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/http_server.h"

namespace weir::rest {

// One request on its way through a handler. The handler answers by `responder`, now or later.
struct RestCall {
  HttpRequest request;
  std::map<std::string, std::string> parameters;  // what stands in the path for ":name"
  HttpResponder responder;
};

using RouteHandler = std::function<void(RestCall)>;

enum class RouteBody {
  kNone,    // a body is taken (small) and ignored
  kJson,    // into memory
  kUpload,  // multipart/form-data, files to disk
};

struct Route {
  std::string method;   // GET POST PATCH DELETE
  std::string pattern;  // "/jobs/:jobid/vertices/:vertexid"; without "/v1"
  RouteBody body = RouteBody::kNone;
  RouteHandler handler;
};

struct RouteMatch {
  const Route* route = nullptr;
  std::map<std::string, std::string> parameters;
  // Without a route: the methods that the path does take. Empty: no such path (404); else 405.
  std::vector<std::string> allowed_methods;
};

// Filled once, then only read (from any thread).
class Router {
 public:
  void Add(Route route);

  // `path` is decoded, with or without the prefix "/v1", with or without a slash at its end. Where
  // several patterns match, the one with literal text earlier wins: "/jobs/overview" before
  // "/jobs/:jobid".
  RouteMatch Find(std::string_view method, std::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> segments_;  // of each route's pattern
};

}  // namespace weir::rest
