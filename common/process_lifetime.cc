#include "common/process_lifetime.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/system_error.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace weir {

Status DieWithParent(pid_t expected_parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    return SystemError("cannot ask for a signal when the parent ends", errno);
  }
  // Asked after the prctl: a parent that ends between the two is seen here, one that ends later
  // sends the signal.
  const pid_t parent = ::getppid();
  if (parent != expected_parent) {
    return Status(StatusCode::kUnavailable,
                  Concat("the parent process ", expected_parent, " has ended (the parent is ",
                         parent, " now)"),
                  ErrorDomain::kExternal, RetryHint::kNoRetry);
  }
  return Status();
}

Status SetOomScoreAdjustment(pid_t pid, int adjustment) {
  const std::string path = Concat("/proc/", pid, "/oom_score_adj");
  const std::string text = Concat(adjustment);
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid() ||
      ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return SystemError(Concat("cannot write ", text, " to ", path), errno);
  }
  return Status();
}

}  // namespace weir
