// Which JobManager a command talks to.
#pragma once

#include <string>

#include <weir/status.h>

#include "common/socket_address.h"

namespace weir::cli {

// The variables that the CLI reads, as values, so that tests need not change the environment.
struct CliEnvironment {
  std::string home;                  // HOME
  std::string state_home;            // XDG_STATE_HOME
  std::string configuration_folder;  // WEIR_CONF_DIR: where config.yaml may be
  std::string properties;            // WEIR_PROPERTIES
  std::string program_folder;        // where the running `weir` is

  static CliEnvironment Read();

  // ${XDG_STATE_HOME:-$HOME/.local/state}/weir/cluster; kFailedPrecondition when neither is set.
  Result<std::string> StateFolder() const;
};

// The first of: `given` ("host:port"); the local cluster, if one is running; rest.address and
// rest.port of the configuration (WEIR_CONF_DIR/config.yaml, WEIR_PROPERTIES, defaults).
Result<SocketAddress> FindServer(const std::string& given, const CliEnvironment& environment);

}  // namespace weir::cli
