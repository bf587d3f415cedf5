#include "common/server_process.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <pthread.h>
#include <unistd.h>

#include "common/file_system.h"
#include "common/logging.h"
#include "common/settings.h"
#include "common/socket_address.h"
#include "common/system_error.h"
#include "common/text.h"

namespace weir {
namespace {

// Request() is a signal too, one that nobody else sends.
const int kRequestSignal = SIGRTMIN;

sigset_t WaitedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, kRequestSignal);
  return signals;
}

}  // namespace

Result<Configuration> LoadServerConfiguration(ConfigurationSources sources) {
  std::error_code
      ignored;  // a path that is no folder is read as a file, which reports what is wrong with it
  if (!sources.file.empty() && std::filesystem::is_directory(sources.file, ignored)) {
    sources.file += "/config.yaml";
  }
  sources.environment = PropertiesFromEnvironment();
  return LoadConfiguration(sources);
}

Status ConfigureServerLogging(const Configuration& configuration, const std::string& server_name) {
  LoggingOptions options{.level = configuration.Get(settings::kLogLevel),
                         .file = "",
                         .format = configuration.Get(settings::kLogFormat)};
  if (const auto directory = configuration.Find(settings::kLogDirectory)) {
    options.file = Concat(*directory, "/", server_name, ".log");
  }
  return ConfigureLogging(options);
}

Status CheckBindHost(const Configuration& configuration, const SettingDescription& setting,
                     const std::string& host) {
  if (IsLoopbackHost(host)) return Status::Ok();
  const std::string reach =
      Concat(setting.key, " is '", host,
             "': whoever reaches that address can run code in this cluster without "
             "authentication");
  if (!configuration.Get(settings::kAllowUnauthenticatedRemote)) {
    return Status::InvalidArgument(Concat(reach, "; set ",
                                          settings::kAllowUnauthenticatedRemote.key,
                                          ": true where the network is trusted"));
  }
  ComponentLogger("security").Warning(reach);
  return Status::Ok();
}

void EndServerProcess(int exit_code) {
  FlushLogs();
  std::fflush(nullptr);
  ::_exit(exit_code);
}

Result<WorkingDirectory> WorkingDirectory::Open(const Configuration& configuration,
                                                const std::string& server_name) {
  if (const auto configured = configuration.Find(settings::kProcessWorkingDirectory)) {
    WEIR_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(*configured));
    // Better now than when the first job needs it.
    if (::access(configured->c_str(), W_OK | X_OK) != 0) {
      return SystemError(Concat(settings::kProcessWorkingDirectory.key, " '", *configured,
                                "' cannot be written by user ", ::geteuid()),
                         errno);
    }
    return WorkingDirectory(*configured, std::nullopt);
  }
  WEIR_ASSIGN_OR_RETURN(TemporaryDirectory temporary,
                        TemporaryDirectory::Create(server_name + "-"));
  std::string path = temporary.path();
  return WorkingDirectory(std::move(path), std::move(temporary));
}

TerminationSignals::TerminationSignals() {
  const sigset_t signals = WaitedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int TerminationSignals::Wait() {
  const sigset_t signals = WaitedSignals();
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
  return signal == kRequestSignal ? 0 : signal;
}

void TerminationSignals::Request() {
  ::kill(::getpid(), kRequestSignal);
}

}  // namespace weir
