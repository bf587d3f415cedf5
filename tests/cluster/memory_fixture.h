// MemoryTest: a cluster test that watches the resident sizes of workers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "common/process_statistics.h"
#include "tests/cluster/cluster_fixture.h"

namespace weir::cluster_test {

inline constexpr std::int64_t kMiB = 1 << 20;

// The bounded share of these tests runs always; WEIR_SOAK=1 in the environment, which the soak
// tests set, asks for the full figures.
inline bool Soak() {
  return std::getenv("WEIR_SOAK") != nullptr;
}

// What a process holds, against what it held before.
class MemoryTest : public ClusterTest {
 protected:
  std::set<pid_t> Workers(const std::string& job, const std::string& vertex) {
    std::set<pid_t> pids;
    for (const SubtaskView& subtask : Subtasks(job, vertex)) pids.insert(subtask.worker_pid);
    return pids;
  }
  // The largest growth over the baseline that any of the processes shows until `done`.
  std::int64_t WorstGrowth(const std::map<pid_t, std::int64_t>& baseline,
                           std::chrono::milliseconds limit, const std::function<bool()>& done) {
    std::int64_t worst = 0;
    WaitFor(limit, [&] {
      for (const auto& [pid, bytes] : baseline) {
        const auto now = ReadResidentBytes(pid);
        if (now.ok()) worst = std::max(worst, *now - bytes);
      }
      return done();
    });
    return worst;
  }
  static std::map<pid_t, std::int64_t> Baseline(const std::set<pid_t>& pids) {
    std::map<pid_t, std::int64_t> baseline;
    for (const pid_t pid : pids) {
      const auto bytes = ReadResidentBytes(pid);
      EXPECT_TRUE(bytes.ok()) << bytes.status().message();
      if (bytes.ok()) baseline[pid] = *bytes;
    }
    return baseline;
  }
};

}  // namespace weir::cluster_test
