// Random: where the engine gets its random numbers from, so that a failing simulation can be
// replayed from its seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/mutex.h"

namespace weir {

class Random {
 public:
  virtual ~Random() = default;

  // All 64 bits are equally likely either way. Any thread.
  virtual std::uint64_t NextUint64() = 0;
};

// The kernel's generator (getrandom): unpredictable, so fit for ids that nobody may guess. Lives
// until the process ends.
Random& SystemRandom();

// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same numbers on every machine. Not
// for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t NextUint64() override;

 private:
  Mutex mutex_;
  std::uint64_t state_ WEIR_GUARDED_BY(mutex_);
};

// A number below `bound` (which is at least 1), each equally likely.
std::uint64_t RandomBelow(Random& random, std::uint64_t bound);

// 2 * `bytes` lower-case hex digits. 16 bytes make an id as Flink's job and leader session ids: 32
// digits.
std::string RandomHexId(Random& random, std::size_t bytes = 16);

}  // namespace weir
