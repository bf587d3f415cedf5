#include "common/random.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <sys/random.h>

#include "common/hex.h"

namespace weir {

namespace {

class KernelRandom final : public Random {
 public:
  std::uint64_t NextUint64() override {
    std::uint64_t number = 0;
    // Requests of up to 256 bytes are served whole; only before the kernel's pool is ready can a
    // signal interrupt.
    while (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
      if (errno == EINTR) continue;
      // Without randomness ids would repeat: nothing sensible can go on.
      std::perror("getrandom");
      std::abort();
    }
    return number;
  }
};

}  // namespace

Random& SystemRandom() {
  static Random& random = *new KernelRandom();
  return random;
}

std::uint64_t SeededRandom::NextUint64() {
  MutexLock lock(mutex_);
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

std::uint64_t RandomBelow(Random& random, std::uint64_t bound) {
  // Numbers at the top that would make the first remainders likelier are drawn again: 2^64 mod
  // bound of them.
  const std::uint64_t unfair = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t number = random.NextUint64();
    if (number >= unfair) return number % bound;
  }
}

std::string RandomHexId(Random& random, std::size_t bytes) {
  std::string raw;
  raw.reserve(bytes + 8);
  while (raw.size() < bytes) {
    const std::uint64_t number = random.NextUint64();
    for (int shift = 0; shift < 64; shift += 8) raw.push_back(static_cast<char>(number >> shift));
  }
  raw.resize(bytes);
  return ToHex(raw);
}

}  // namespace weir
