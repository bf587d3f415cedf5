// Under the name weir-jobmanager: writes its address file and counts who registers. Under the name
// weir-taskmanager: registers. Both run until SIGTERM. -Dfake.fail=<role> makes that role end at
// once, -Dfake.ignore-term=<role> makes it ignore SIGTERM; -Dfake.silent=jobmanager makes the
// JobManager never tell its address.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/http_client.h"
#include "common/http_server.h"
#include "common/text.h"

namespace {

using weir::Concat;

class CountingHandler final : public weir::HttpHandler {
 public:
  weir::HttpBodyPolicy BodyPolicy(const weir::HttpRequest&) override { return {}; }
  void Handle(weir::HttpRequest request, weir::HttpResponder responder) override {
    if (request.path == "/register") ++registered_;
    responder.Respond({.body = Concat(R"({"taskmanagers":)", registered_.load(),
                                      R"(,"slots-total":2,"slots-available":1,"jobs-running":0,)",
                                      R"("jobs-finished":0,"jobs-cancelled":0,"jobs-failed":0})")});
  }
  weir::HttpResponse ErrorResponse(int status, const std::string& message) override {
    return {.status = status, .body = message};
  }

 private:
  std::atomic<int> registered_{0};
};

std::string ValueOf(const std::vector<std::string>& arguments, const std::string& prefix) {
  for (const std::string& argument : arguments) {
    if (argument.starts_with(prefix)) return argument.substr(prefix.size());
  }
  return "";
}

void WaitForTermination(bool ignore) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  int signal = 0;
  do {
    sigwait(&signals, &signal);
  } while (ignore);
}

int RunJobManager(const std::vector<std::string>& arguments, bool ignore) {
  CountingHandler handler;
  weir::HttpServer server({}, handler);
  if (!server.Start().ok()) return 1;
  std::string address = Concat("127.0.0.1:", server.port());
  std::string file;
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] == "--address-file") file = arguments[i + 1];
  }
  std::string text = Concat(R"({"rpc":")", address, R"(","rest":")", address, R"("})");
  bool silent = !ValueOf(arguments, "-Dfake.silent=").empty();
  if (!silent && !weir::LocalFileSystem().WriteFileAtomically(file, text).ok()) return 1;
  WaitForTermination(ignore);
  return 0;
}

int RunTaskManager(const std::vector<std::string>& arguments, bool ignore) {
  weir::SocketAddress address;
  address.host = ValueOf(arguments, "-Djobmanager.rpc.address=");
  weir::Result<std::int64_t> port = weir::ParseInt64(ValueOf(arguments, "-Djobmanager.rpc.port="));
  if (!port.ok()) return 1;
  address.port = static_cast<std::uint16_t>(*port);
  if (!weir::HttpClient(address).Post("/register", "").ok()) return 1;
  WaitForTermination(ignore);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::string name = argv[0];
  std::string role = name.substr(name.rfind("weir-") + 5);
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (const std::string& argument : arguments) std::printf("argument %s\n", argument.c_str());
  std::fflush(stdout);
  if (ValueOf(arguments, "-Dfake.fail=") == role) {
    std::fprintf(stderr, "the %s fails as it was told\n", role.c_str());
    return 1;
  }
  bool ignore = ValueOf(arguments, "-Dfake.ignore-term=") == role;
  return role == "jobmanager" ? RunJobManager(arguments, ignore)
                              : RunTaskManager(arguments, ignore);
}
