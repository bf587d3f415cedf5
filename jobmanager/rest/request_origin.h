// Keeps web pages from using somebody's browser to reach the REST API: uploading a plugin is
// running code.
#pragma once

#include <weir/status.h>

#include "common/http_message.h"

namespace weir::rest {

// An error (403) for
//   * a request other than GET that a browser sends for a page from elsewhere (its Origin is not
//   its Host): such
//     "simple" POSTs need no permission of ours;
//   * on a server bound to loopback, a Host that is not this machine: a name that was made to
//   resolve to 127.0.0.1
//     (DNS rebinding) would have equal Origin and Host.
// Programs send no Origin and are not affected.
Status CheckRequestOrigin(const HttpRequest& request, bool bound_to_loopback);

}  // namespace weir::rest
