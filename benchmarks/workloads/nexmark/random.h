// The randomness of an event: a function of seed and event id alone, so that the same events come
// out whatever the number of splits and whoever makes them.
#pragma once

#include <cstdint>

namespace benchmarks::nexmark {

// The numbers of wyrand (Wang Yi, wyhash, public domain) at the positions that belong to an event:
// its state advances by a constant, so position n is reached by one multiplication.
class EventRandom {
 public:
  EventRandom(std::uint64_t seed, std::uint64_t event)
      : state_(seed + event * kDrawsPerEvent * kIncrement) {}

  // At most kDrawsPerEvent times.
  std::uint64_t Bits() {
    state_ += kIncrement;
    const Wide product = Wide{state_} * (state_ ^ 0xE7037ED1A0B428DB);
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr std::uint64_t kDrawsPerEvent = 8;
  static constexpr std::uint64_t kIncrement = 0xA0761D6478BD642F;
  std::uint64_t state_;
};

// From 0 to below - 1, of the upper or lower half of a draw. `below` is less than 2^32.
inline std::uint64_t UpperBelow(std::uint64_t bits, std::uint64_t below) {
  return ((bits >> 32) * below) >> 32;
}
inline std::uint64_t LowerBelow(std::uint64_t bits, std::uint64_t below) {
  return ((bits & 0xFFFFFFFF) * below) >> 32;
}

// Division by a number that is known when a run begins: by multiplication with its reciprocal,
// rounded up (Granlund, Montgomery: "Division by invariant integers using multiplication", 1994).
// Exact for dividends below 2^64 / divisor.
class ExactDivider {
 public:
  explicit ExactDivider(std::uint64_t divisor)
      : one_(divisor == 1), reciprocal_(one_ ? 0 : ~std::uint64_t{0} / divisor + 1) {}
  std::uint64_t Divide(std::uint64_t dividend) const {
    if (one_) return dividend;
    return static_cast<std::uint64_t>((Wide{dividend} * reciprocal_) >> 64);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  bool one_;
  std::uint64_t reciprocal_;
};

}  // namespace benchmarks::nexmark
