// What a worker leaves behind when user code crashes it.
#pragma once

namespace weir::worker {

// Has SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT mark the crashing thread's entry of the slot page
// before they end the process as they would have. Once, before user code is loaded.
void InstallCrashHandler();

}  // namespace weir::worker
