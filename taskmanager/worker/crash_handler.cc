#include "taskmanager/worker/crash_handler.h"

#include <csignal>

#include "taskmanager/task/slot_page.h"

namespace weir::worker {

namespace {

// Runs on the crashing thread; only async-signal-safe calls (signal-safety(7)). SA_RESETHAND has
// restored the default action: raising the signal again ends the process with it, and with a core
// file where the system makes one.
void OnCrash(int signal) {
  task::MarkCrashOfThisThread(signal);
  ::raise(signal);
}

}  // namespace

void InstallCrashHandler() {
  struct sigaction action = {};
  action.sa_handler = OnCrash;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    ::sigaction(signal, &action, nullptr);
}

}  // namespace weir::worker
