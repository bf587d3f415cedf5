#include "tests/unit/cli/fake_job_manager.h"

#include <cstdlib>
#include <ctime>
#include <utility>

#include <gtest/gtest.h>

#include "common/file_system.h"

namespace weir::cli {

FakeJobManager::FakeJobManager() : server_({}, *this) {
  EXPECT_TRUE(server_.Start().ok());
}

void FakeJobManager::On(const std::string& method_and_path, std::vector<std::string> bodies,
                        int status) {
  MutexLock lock(mutex_);
  scripts_[method_and_path] = {.bodies = std::move(bodies), .next = 0, .status = status};
}

std::vector<std::string> FakeJobManager::requests() const {
  MutexLock lock(mutex_);
  return requests_;
}

HttpBodyPolicy FakeJobManager::BodyPolicy(const HttpRequest& head) {
  if (head.path != "/v1/jars/upload") return {};
  return {.kind = HttpBodyPolicy::Kind::kMultipart, .spool_directory = spool_->path()};
}

void FakeJobManager::Handle(HttpRequest request, HttpResponder responder) {
  MutexLock lock(mutex_);
  std::string key = request.method + " " + request.path;
  std::string line = request.body.empty() ? key : key + " " + request.body;
  for (const HttpUploadedFile& file : request.files) {
    Result<std::string> content = LocalFileSystem().ReadFile(file.file.path());
    line +=
        " " + file.field + "=" + file.file_name + ":" + (content.ok() ? *content : "unreadable");
  }
  requests_.push_back(line);
  auto found = scripts_.find(key);
  if (found == scripts_.end()) {
    return responder.Respond({.status = 404, .body = R"({"errors":["Not found: )" + key + "\"]}"});
  }
  Script& script = found->second;
  responder.Respond({.status = script.status, .body = script.bodies[script.next]});
  if (script.next + 1 < script.bodies.size()) ++script.next;
}

HttpResponse FakeJobManager::ErrorResponse(int status, const std::string& message) {
  return {.status = status, .body = message};
}

CliRunner::CliRunner() {
  environment.state_home = folder_->path();
  ::setenv("TZ", "UTC", 1);
  ::tzset();
}

ExitCode CliRunner::Run(std::vector<std::string> arguments, const std::string& address) {
  out_.str("");
  err_.str("");
  if (!address.empty()) arguments.insert(arguments.begin() + 1, {"-m", address});
  CommandContext context{.out = out_,
                         .err = err_,
                         .waiter = waiter,
                         .environment = environment,
                         .poll_interval_ms = 1,
                         .unreachable_limit = 5};
  return RunCli(arguments, context);
}

}  // namespace weir::cli
