// Random values for the fields of a record, the same for the same seed and index: so a record does
// not depend on the parallelism or on how often the job started again.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace weir::generator {

// Made for one record; cheap. The numbers are those of SplitMix64 (Steele, Lea, Flood: "Fast
// splittable pseudorandom number generators", 2014), started at a mix of seed and index.
class RandomFields {
 public:
  RandomFields(std::uint64_t seed, std::int64_t index)
      : state_(Mix(seed ^ Mix(static_cast<std::uint64_t>(index) + kIncrement))) {}

  std::uint64_t Bits() {
    state_ += kIncrement;
    return Mix(state_);
  }
  // From `lowest` to `highest`, both included; lowest <= highest. The bias is below 2^-64 times the
  // width of the range.
  std::int64_t Integer(std::int64_t lowest, std::int64_t highest) {
    assert(lowest <= highest);
    const std::uint64_t width =
        static_cast<std::uint64_t>(highest) - static_cast<std::uint64_t>(lowest) + 1;
    const std::uint64_t bits = Bits();
    const std::uint64_t offset =
        width == 0 ? bits : static_cast<std::uint64_t>((Wide{bits} * width) >> 64);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(lowest) + offset);
  }
  // In [0, 1).
  double Fraction() { return static_cast<double>(Bits() >> 11) * 0x1p-53; }
  bool Chance(double probability) { return Fraction() < probability; }
  // Lower-case letters; replaces what `text` holds and keeps its memory.
  void Letters(std::size_t shortest, std::size_t longest, std::string& text) {
    const auto length = static_cast<std::size_t>(
        Integer(static_cast<std::int64_t>(shortest), static_cast<std::int64_t>(longest)));
    text.resize(length);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < length; ++i) {
      if (i % 8 == 0) bits = Bits();
      text[i] = static_cast<char>('a' + (bits & 0xFF) * 26 / 256);
      bits >>= 8;
    }
  }
  // `choices` is not empty.
  template <class T>
  const T& OneOf(std::span<const T> choices) {
    assert(!choices.empty());
    return choices[static_cast<std::size_t>(
        Integer(0, static_cast<std::int64_t>(choices.size()) - 1))];
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr std::uint64_t kIncrement = 0x9E3779B97F4A7C15;

  static constexpr std::uint64_t Mix(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
    return bits ^ (bits >> 31);
  }

  std::uint64_t state_;
};

}  // namespace weir::generator
