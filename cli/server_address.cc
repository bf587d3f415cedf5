#include "cli/server_address.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "cli/local_cluster_state.h"
#include "common/configuration_loader.h"
#include "common/file_system.h"
#include "common/settings.h"

namespace weir::cli {

namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<SocketAddress> ConfiguredServer(const CliEnvironment& environment) {
  ConfigurationSources sources;
  sources.environment = environment.properties;
  if (!environment.configuration_folder.empty()) {
    sources.file = environment.configuration_folder + "/config.yaml";
  }
  WEIR_ASSIGN_OR_RETURN(Configuration configuration, LoadConfiguration(sources));
  SocketAddress server;
  server.host = configuration.Find(settings::kRestAddress)
                    .value_or(configuration.Get(settings::kJobManagerRpcAddress));
  server.port = static_cast<std::uint16_t>(configuration.Get(settings::kRestPort));
  if (server.port != 0) return server;
  return Status::InvalidArgument(
      "rest.port is 0 in the configuration; say where with -m host:port");
}

}  // namespace

CliEnvironment CliEnvironment::Read() {
  CliEnvironment environment;
  environment.home = Variable("HOME");
  environment.state_home = Variable("XDG_STATE_HOME");
  environment.configuration_folder = Variable("WEIR_CONF_DIR");
  environment.properties = PropertiesFromEnvironment();
  std::error_code error;
  environment.program_folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  return environment;
}

Result<std::string> CliEnvironment::StateFolder() const {
  if (!state_home.empty()) return state_home + "/weir/cluster";
  if (!home.empty()) return home + "/.local/state/weir/cluster";
  return Status(StatusCode::kFailedPrecondition, "neither XDG_STATE_HOME nor HOME is set");
}

Result<SocketAddress> FindServer(const std::string& given, const CliEnvironment& environment) {
  if (!given.empty()) return ParseSocketAddress(given);
  Result<std::string> folder = environment.StateFolder();
  if (folder.ok()) {
    Result<LocalClusterState> cluster = ReadLocalClusterState(*folder);
    if (!cluster.ok() && cluster.status().code() != StatusCode::kNotFound) return cluster.status();
    bool running = cluster.ok() && cluster->rest.port != 0 && !cluster->processes.empty() &&
                   IsRunning(cluster->processes.front().identity);
    if (running) return cluster->rest;
  }
  return ConfiguredServer(environment);
}

}  // namespace weir::cli
