// Runs a JobManager as a process: ports, threads, files, signals.
#pragma once

#include <string>

#include <weir/status.h>

#include "common/configuration.h"
#include "common/server_process.h"

namespace weir::jobmanager {

struct RunnerOptions {
  Configuration configuration;
  // Gets {"rpc":"host:port","rest":"host:port"} when both ports are open; empty: none.
  std::string address_file;
  // Where lib/weir is looked for: the folder of the executable.
  std::string program_directory;
};

// Returns when a signal came and everything has ended, or with the error that kept it from
// starting, or after its end when a later leader has the metadata store.
Status RunJobManager(const RunnerOptions& options, TerminationSignals& signals);

}  // namespace weir::jobmanager
