// What a TaskManager takes from where it runs when its settings do not say: the limits of its
// control group, and the address by which others reach it.
#pragma once

#include <string>

#include <weir/status.h>

#include "common/configuration.h"
#include "common/process_statistics.h"

namespace weir::supervisor {

// Sets taskmanager.numberOfTaskSlots to the whole cores and taskmanager.memory.process.size to the
// memory that control groups leave this process, each only where there is such a limit and the
// setting is not set: a machine without limits keeps the defaults.
Status ApplyContainerLimits(const MachineResources& machine, Configuration& configuration);

// taskmanager.host; else the address that taskmanager.bind-host names; else, when that is a
// wildcard, which nobody can dial, the first address of this host's name that is not loopback. An
// error says which setting to make.
Result<std::string> AdvertisedHost(const Configuration& configuration);

}  // namespace weir::supervisor
