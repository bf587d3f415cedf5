// What the processes of a cluster do alike when they start and end: settings, logging, a folder to
// work in, addresses to bind to, and the signals that end them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <weir/status.h>

#include "common/configuration.h"
#include "common/configuration_loader.h"
#include "common/temporary_directory.h"

namespace weir {

// LoadConfiguration with two conveniences: a folder as `file` means its config.yaml, and the
// environment is WEIR_PROPERTIES of this process.
Result<Configuration> LoadServerConfiguration(ConfigurationSources sources);

// Log lines go to <env.log.dir>/<server_name>.log, or to standard error.
Status ConfigureServerLogging(const Configuration& configuration, const std::string& server_name);

// InvalidArgument, naming the setting, when `host` can be reached from other machines and
// security.allow-unauthenticated-remote is not set: whoever reaches a server can run code. Logs a
// warning when it is.
Status CheckBindHost(const Configuration& configuration, const SettingDescription& setting,
                     const std::string& host);

// Flushes logs and streams and ends the process without static destructors: gRPC 1.51 frees a
// completion queue twice when its threads still handle the end of a stream meanwhile.
[[noreturn]] void EndServerProcess(int exit_code);

// process.working-dir, or a fresh temporary folder that is removed with this object.
class WorkingDirectory {
 public:
  static Result<WorkingDirectory> Open(const Configuration& configuration,
                                       const std::string& server_name);
  const std::string& path() const { return path_; }

 private:
  WorkingDirectory(std::string path, std::optional<TemporaryDirectory> temporary)
      : path_(std::move(path)), temporary_(std::move(temporary)) {}
  std::string path_;
  std::optional<TemporaryDirectory> temporary_;
};

// SIGTERM and SIGINT as something to wait for. Construct it first thing in main, before any thread
// is started: threads inherit the mask that keeps the signals for Wait(). SIGPIPE is ignored from
// then on.
class TerminationSignals {
 public:
  TerminationSignals();
  // Blocks until a signal comes or Request() was called. Returns the signal, 0 after Request(). One
  // thread.
  int Wait();
  // Ends Wait(). Any thread.
  void Request();
};

}  // namespace weir
