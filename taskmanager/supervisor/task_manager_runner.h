// The life of a weir-taskmanager process: settings in, everything wired up, until a signal or a
// fatal refusal.
#pragma once

#include "common/configuration_loader.h"

namespace weir::supervisor {

// Exit codes: 0 stopped by SIGTERM or SIGINT, 1 failed while running (refused by the JobManager,
// …), 2 wrong settings. Errors are printed to standard error.
int RunTaskManager(ConfigurationSources sources);

}  // namespace weir::supervisor
