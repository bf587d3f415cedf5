// What a child process does about its own life, and what its parent may set from outside.
#pragma once

#include <sys/types.h>

#include <weir/status.h>

namespace weir {

// Has the kernel send this process SIGKILL when its parent ends. Called first thing in main:
// posix_spawn cannot set it. `expected_parent` is the parent's pid as the parent gave it (an
// argument): if our parent is another one by now, it ended before the call and nothing would ever
// be sent; then the error is UNAVAILABLE and the caller ends at once. The signal follows the thread
// that created us, so parents spawn with ProcessSpawner.
Status DieWithParent(pid_t expected_parent);

// Writes /proc/<pid>/oom_score_adj: -1000 (never killed) to 1000 (killed first). Lowering needs
// privilege.
Status SetOomScoreAdjustment(pid_t pid, int adjustment);

}  // namespace weir
