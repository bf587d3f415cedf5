#include "common/exit_status.h"

#include <csignal>
#include <cstring>

#include "common/text.h"

namespace weir {

std::string SignalName(int signal) {
  // glibc 2.32: async-safe, no locale.
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? Concat("SIG", name) : Concat("signal ", signal);
}

std::string ExitStatus::ToString() const {
  if (signal == 0) return Concat("exited with code ", exit_code);
  return Concat("killed by signal ", signal, " (", SignalName(signal), ")",
                core_dumped ? ", core dumped" : "");
}

}  // namespace weir
