// Loading a configuration: `config.yaml`, then the environment, then the command line; the later
// one wins.
//
//   file         nested YAML maps and flat dotted keys, mixed at will, as in Flink 2; lists as YAML
//   or `a;b` environment  WEIR_PROPERTIES: one `key: value` a line; blank lines and lines that
//   begin with # do not count arguments    -Dkey=value
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

#include "common/configuration.h"
#include "common/file_system.h"

namespace weir {

struct ConfigurationSources {
  // Empty: no file. A named file must exist.
  std::string file;
  // The value of WEIR_PROPERTIES; empty: none.
  std::string environment;
  // What followed each -D: "key=value".
  std::vector<std::string> definitions;
};

// The environment variable's name and its value in this process (empty if unset).
inline constexpr const char* kPropertiesVariable = "WEIR_PROPERTIES";
std::string PropertiesFromEnvironment();

// Reads all sources. An unknown key, a wrong type, or a key given twice in the file or in the
// environment is an error (of two equal -D the later wins, so that a script can append its own).
// All errors of all sources are reported together in one INVALID_ARGUMENT, a line each:
//   conf/config.yaml:7: unknown key 'taskmanager.numberOfTaskSlot'; did you mean
//   'taskmanager.numberOfTaskSlots'? WEIR_PROPERTIES line 2: 'rest.port' is 'eighty'; expected an
//   integer from 0 to 65535 -Dheartbeat.interval: 'heartbeat.interval' is 'soon'; expected a
//   duration of at least 1 ms, such as '10 s'
// A missing or unreadable file is the file system's error, reported alone.
Result<Configuration> LoadConfiguration(
    const ConfigurationSources& sources, FileSystem& files = LocalFileSystem(),
    std::span<const SettingDescription* const> registry = ListSettings());

}  // namespace weir
