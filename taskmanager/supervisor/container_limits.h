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
// setting is not set: a machine without limits keeps the defaults. InvalidArgument when the setting
// is more memory than the limit: workers would die of it long before their budget is used.
Status ApplyContainerLimits(const MachineResources& machine, Configuration& configuration);

// What was found out about the machine. Where it could not be, a warning says what could not be
// read and what follows; then it counts as one core and no known memory.
MachineResources ResourcesOrWarning(Result<MachineResources> machine);

// taskmanager.host; else the address that taskmanager.bind-host names; else, when that is a
// wildcard, which nobody can dial, the first address of this host's name that is not loopback. An
// error says which setting to make.
Result<std::string> AdvertisedHost(const Configuration& configuration);

}  // namespace weir::supervisor
