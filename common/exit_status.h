// ExitStatus: how a process ended.
#pragma once

#include <string>
#include <string_view>

namespace weir {

struct ExitStatus {
  // Exactly one of the two tells: `signal` 0 means that the process ended itself with `exit_code`.
  int exit_code = 0;
  int signal = 0;
  bool core_dumped = false;

  bool success() const { return signal == 0 && exit_code == 0; }

  // "exited with code 3", "killed by signal 11 (SIGSEGV), core dumped".
  std::string ToString() const;
  bool operator==(const ExitStatus&) const = default;
};

// "SIGSEGV"; "signal 64" for one without a name.
std::string SignalName(int signal);

}  // namespace weir
