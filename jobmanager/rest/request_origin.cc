#include "jobmanager/rest/request_origin.h"

#include <string>
#include <string_view>

#include "common/socket_address.h"
#include "common/text.h"

namespace weir::rest {

namespace {

// The host of "host", "host:port", "[::1]" and "[::1]:port".
std::string_view HostOf(std::string_view authority) {
  if (authority.starts_with('[')) {
    std::size_t bracket = authority.find(']');
    return authority.substr(1, bracket == std::string_view::npos ? bracket : bracket - 1);
  }
  return authority.substr(0, authority.rfind(':'));
}

std::string_view AuthorityOf(std::string_view origin) {
  std::size_t slashes = origin.find("://");
  return slashes == std::string_view::npos ? std::string_view() : origin.substr(slashes + 3);
}

}  // namespace

Status CheckRequestOrigin(const HttpRequest& request, bool bound_to_loopback) {
  std::string host = ToLower(request.Header("host"));
  if (bound_to_loopback && !host.empty() && !IsLoopbackHost(HostOf(host))) {
    return Status::InvalidArgument(
        Concat("this server answers to local names only, not to host '", host, "'"));
  }
  std::string origin = ToLower(request.Header("origin"));
  if (request.method == "GET" || origin.empty()) return Status::Ok();
  std::string_view authority = AuthorityOf(origin);
  if (authority.empty() || authority != host) {
    return Status::InvalidArgument(
        Concat("a page of '", origin, "' may not send requests to '", host, "'"));
  }
  return Status::Ok();
}

}  // namespace weir::rest
