// One simulation, from its seed to its verdict.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::simulation {

struct Verdict {
  std::vector<std::string> violations;  // none: it passed
  std::string history;                  // of a detailed run
  std::uint64_t fingerprint = 0;        // equal runs have equal ones
  int acts = 0;                         // of the fault plan
  int completed = 0;                    // checkpoints
  std::int64_t simulated_ms = 0;
};

// A job on a cluster: some time without faults, some with, then without until it has finished.
Verdict Simulate(std::uint64_t seed, bool detailed);

}  // namespace weir::simulation
