#include "jobmanager/rest/jar_json.h"

#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/text.h"
#include "jobmanager/rest/identifiers.h"
#include "jobmanager/rest/json_text.h"

namespace weir::rest {

namespace {

Status WrongType(std::string_view name, std::string_view expected) {
  return Status::InvalidArgument(Concat("'", name, "' must be ", expected));
}

Status ReadString(const std::string& name, const Json& value, std::string& target) {
  if (!value.is_string()) return WrongType(name, "a string");
  target = value.get<std::string>();
  return Status::Ok();
}

Status ReadArguments(const std::string& name, const Json& value, JarRunRequest& request) {
  if (!value.is_array()) return WrongType(name, "a list of strings");
  request.arguments.clear();
  for (const Json& argument : value) {
    if (!argument.is_string()) return WrongType(name, "a list of strings");
    request.arguments.push_back(argument.get<std::string>());
  }
  return Status::Ok();
}

Status SetParallelism(std::int64_t parallelism, JarRunRequest& request) {
  if (parallelism < 1 || parallelism > std::numeric_limits<int>::max()) {
    return WrongType("parallelism", "an integer of at least 1");
  }
  request.parallelism = static_cast<int>(parallelism);
  return Status::Ok();
}

Status ReadConfiguration(const std::string& name, const Json& value, JarRunRequest& request) {
  if (!value.is_object()) return WrongType(name, "an object");
  for (const auto& [key, setting] : value.items()) {
    if (setting.is_string()) {
      request.configuration[key] = setting.get<std::string>();
    } else if (setting.is_number() || setting.is_boolean()) {
      request.configuration[key] = JsonText(setting);
    } else {
      return WrongType(name + "." + key, "a string, a number, true or false");
    }
  }
  return Status::Ok();
}

Status ReadMember(const std::string& name, const Json& value, JarRunRequest& request) {
  if (value.is_null()) return Status::Ok();
  if (name == "entryClass") return ReadString(name, value, request.entry_class);
  if (name == "programArgsList") return ReadArguments(name, value, request);
  if (name == "jobId") return ReadString(name, value, request.job_id);
  if (name == "flinkConfiguration" || name == "configuration") {
    return ReadConfiguration(name, value, request);
  }
  if (name == "parallelism") {
    if (!value.is_number_integer()) return WrongType(name, "an integer of at least 1");
    return SetParallelism(value.get<std::int64_t>(), request);
  }
  if (name == "allowNonRestoredState" && value == Json(false)) return Status::Ok();
  if (name == "savepointPath") return ReadString(name, value, request.savepoint_path);
  // What Weir does: the checkpoint stays its owner's.
  const bool is_mode = name == "claimMode" || name == "restoreMode";
  if (is_mode && value == Json("NO_CLAIM")) return Status::Ok();
  if (name == "allowNonRestoredState" || is_mode) {
    return Status(StatusCode::kUnsupported, Concat("'", name, "' is not supported"),
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  return Status::InvalidArgument(
      Concat("unknown member '", name,
             "'; known are entryClass, programArgsList, parallelism, jobId, flinkConfiguration, "
             "savepointPath"));
}

Status ReadQuery(const std::map<std::string, std::string>& query, JarRunRequest& request) {
  for (const auto& [name, value] : query) {
    if (name == "entry-class") {
      request.entry_class = value;
    } else if (name == "programArg") {
      for (std::string_view argument : Split(value, ',')) request.arguments.emplace_back(argument);
    } else if (name == "jobid") {
      request.job_id = value;
    } else if (name == "savepointPath") {
      request.savepoint_path = value;
    } else if (name == "parallelism") {
      Result<std::int64_t> parallelism = ParseInt64(value);
      if (!parallelism.ok()) return parallelism.status().WithContext("parallelism");
      WEIR_RETURN_IF_ERROR(SetParallelism(*parallelism, request));
    } else {
      return Status::InvalidArgument(
          Concat("unknown parameter '", name,
                 "'; known are entry-class, programArg, parallelism, jobid, savepointPath"));
    }
  }
  return Status::Ok();
}

}  // namespace

std::string JarsJson(const std::vector<JarInfo>& jars, std::string_view address) {
  Json files = Json::array();
  for (const JarInfo& jar : jars) {
    Json entries = Json::array();
    for (const JarEntry& entry : jar.entries) {
      Json description = nullptr;
      if (!entry.description.empty()) description = entry.description;
      entries.push_back({{"name", entry.name}, {"description", std::move(description)}});
    }
    files.push_back({{"id", jar.id},
                     {"name", jar.name},
                     {"uploaded", jar.uploaded_ms},
                     {"entry", std::move(entries)}});
  }
  return JsonText({{"address", Concat("http://", address)}, {"files", std::move(files)}});
}

// Flink answers with the path on its disk, and clients take the part after the last slash as the
// id.
std::string JarUploadedJson(const JarInfo& jar) {
  return JsonText({{"filename", "/jars/" + jar.id}, {"status", "success"}});
}

std::string JobSubmittedJson(const std::string& job_id) {
  return JsonText({{"jobid", job_id}});
}

Result<JarRunRequest> ParseJarRunRequest(const std::string& jar_id, std::string_view body,
                                         const std::map<std::string, std::string>& query) {
  JarRunRequest request;
  request.jar_id = jar_id;
  WEIR_RETURN_IF_ERROR(ReadQuery(query, request));
  if (!Trim(body).empty()) {
    Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return Status::InvalidArgument("the body is not a JSON object");
    for (const auto& [name, value] : json.items()) {
      WEIR_RETURN_IF_ERROR(ReadMember(name, value, request));
    }
  }
  request.job_id = ToLower(request.job_id);
  if (!request.job_id.empty()) WEIR_RETURN_IF_ERROR(CheckHexId("jobId", request.job_id));
  return request;
}

}  // namespace weir::rest
