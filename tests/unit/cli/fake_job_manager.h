// An HTTP server that answers with what a test has written down, and a context that runs commands
// against it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "common/http_server.h"
#include "common/mutex.h"
#include "common/temporary_directory.h"

namespace weir::cli {

// Answers "GET /v1/jobs/…" with the next of the answers for it; the last one stays.
class FakeJobManager final : private HttpHandler {
 public:
  FakeJobManager();
  ~FakeJobManager() override { server_.Stop(); }

  // Any thread. `status` other than 200 makes it an error.
  void On(const std::string& method_and_path, std::vector<std::string> bodies, int status = 200);
  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  void Stop() { server_.Stop(); }
  // All requests so far, "POST /v1/jars/a/run {…}"; of uploads the content of the file.
  std::vector<std::string> requests() const;

 private:
  struct Script {
    std::vector<std::string> bodies;
    std::size_t next = 0;
    int status = 200;
  };

  HttpBodyPolicy BodyPolicy(const HttpRequest& head) override;
  void Handle(HttpRequest request, HttpResponder responder) override;
  HttpResponse ErrorResponse(int status, const std::string& message) override;

  Result<TemporaryDirectory> spool_ = TemporaryDirectory::Create();
  mutable Mutex mutex_;
  std::map<std::string, Script> scripts_ WEIR_GUARDED_BY(mutex_);
  std::vector<std::string> requests_ WEIR_GUARDED_BY(mutex_);
  HttpServer server_;
};

// Counts waits instead of waiting; interrupts the wait number `interrupt_at`.
class CountingWaiter final : public Waiter {
 public:
  void HoldInterrupts() override {}
  bool Wait(std::int64_t) override {
    ++waits;
    if (on_wait) on_wait(waits);
    return waits != interrupt_at;
  }

  int waits = 0;
  int interrupt_at = -1;
  std::function<void(int)> on_wait;
};

// Runs commands and keeps what they print.
class CliRunner {
 public:
  CliRunner();

  // Puts "-m address" behind the first word, if there is an address.
  ExitCode Run(std::vector<std::string> arguments, const std::string& address = "");

  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }
  const std::string& folder() const { return folder_->path(); }

  CliEnvironment environment;
  CountingWaiter waiter;

 private:
  Result<TemporaryDirectory> folder_ = TemporaryDirectory::Create();
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace weir::cli
