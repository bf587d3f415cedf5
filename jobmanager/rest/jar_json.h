// JSON of plugins ("jars") and of what is asked of them; docs/rest-api.yaml describes each.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

#include "jobmanager/rest/cluster_view.h"

namespace weir::rest {

// `address` is where the client reached us: "host:port".
std::string JarsJson(const std::vector<JarInfo>& jars, std::string_view address);
std::string JarUploadedJson(const JarInfo& jar);
std::string JobSubmittedJson(const std::string& job_id);

// Reads the body of /jars/:jarid/run and /plan (empty: all defaults); `query` holds the same things
// under Flink's older names, which the body overrides. Unknown members and wrong types are
// kInvalidArgument; Flink's savepoint members are kUnsupported unless they ask for nothing.
Result<JarRunRequest> ParseJarRunRequest(const std::string& jar_id, std::string_view body,
                                         const std::map<std::string, std::string>& query);

}  // namespace weir::rest
