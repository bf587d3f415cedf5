#include "tests/cluster/checkpoint_variants.h"

#include <cstdlib>
#include <random>

namespace weir::cluster_test {

const std::vector<CheckpointVariant>& CheckpointVariants() {
  static const std::vector<CheckpointVariant> variants = {
      {"HeapAligned", {}},
      {"RocksDbAligned", {{"state.backend.type", "rocksdb"}}},
      {"HeapUnaligned", {{"execution.checkpointing.unaligned.enabled", "true"}}},
      {"RocksDbUnalignedLater",
       {{"state.backend.type", "rocksdb"},
        {"execution.checkpointing.unaligned.enabled", "true"},
        {"execution.checkpointing.aligned-checkpoint-timeout", "5 ms"}}},
  };
  return variants;
}

const CheckpointVariant& VariantOfRun(std::uint64_t seed, std::uint64_t run) {
  const auto& variants = CheckpointVariants();
  return variants[(seed + run) % variants.size()];
}

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint64_t SeedOfProcess() {
  static const std::uint64_t seed = FromEnvironment("WEIR_SEED", std::random_device()());
  return seed;
}

bool SoakAsked() {
  return std::getenv("WEIR_SOAK") != nullptr;
}

}  // namespace weir::cluster_test
