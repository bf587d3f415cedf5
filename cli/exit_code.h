// Exit codes of `weir`; docs/cli.md tells users the same.
#pragma once

#include <weir/status.h>

namespace weir::cli {

enum class ExitCode : int {
  kSuccess = 0,       // done; an attached job FINISHED
  kError = 1,         // refused by the server, or something local went wrong
  kUsage = 2,         // wrong arguments
  kUnreachable = 3,   // no JobManager at the address, or the connection broke
  kJobFailed = 4,     // an attached job FAILED
  kJobCanceled = 5,   // an attached job was CANCELED
  kInterrupted = 130  // Ctrl-C while attached
};

// kUnavailable and kTimedOut come from the connection alone: what the server answers has other
// codes.
inline ExitCode ExitCodeOf(const Status& status) {
  if (status.ok()) return ExitCode::kSuccess;
  bool unreachable =
      status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kTimedOut;
  return unreachable ? ExitCode::kUnreachable : ExitCode::kError;
}

}  // namespace weir::cli
