// The ways to take checkpoints in which every job that is disturbed must come to the same: which
// state backend, aligned or not. A new one is an entry of the list and nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace weir::cluster_test {

struct CheckpointVariant {
  std::string name;  // letters and digits: part of a test's name
  std::map<std::string, std::string> configuration;

  // For GoogleTest.
  friend void PrintTo(const CheckpointVariant& variant, std::ostream* out) { *out << variant.name; }
};

// All that there are.
const std::vector<CheckpointVariant>& CheckpointVariants();

// Runs that are to be short take one variant each, another one for each `run` and each seed; all of
// them are run where WEIR_SOAK is set (SoakAsked()).
const CheckpointVariant& VariantOfRun(std::uint64_t seed, std::uint64_t run);

// A number in the environment.
std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise);
// WEIR_SEED, or another one in each process: the same for all tests of a process.
std::uint64_t SeedOfProcess();
bool SoakAsked();

}  // namespace weir::cluster_test
