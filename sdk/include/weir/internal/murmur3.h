// The two pieces of Austin Appleby's MurmurHash3 (public domain) that Weir's stable hashes are made
// of. Part of persistent formats: the results must never change.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace weir::internal {

// The 64-bit finalizer: a bijection in which every input bit changes every output bit with
// probability one half.
constexpr std::uint64_t Fmix64(std::uint64_t h) {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ULL;
  h ^= h >> 33;
  return h;
}

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

inline constexpr std::uint64_t kMurmurC1 = 0x87c37b91114253d5ULL;
inline constexpr std::uint64_t kMurmurC2 = 0x4cf5ad432745937fULL;

constexpr std::uint64_t MurmurMixLow(std::uint64_t k) {
  return std::rotl(k * kMurmurC1, 31) * kMurmurC2;
}
constexpr std::uint64_t MurmurMixHigh(std::uint64_t k) {
  return std::rotl(k * kMurmurC2, 33) * kMurmurC1;
}

// MurmurHash3_x64_128 with seed 0.
inline Hash128 Murmur3(std::string_view bytes) {
  std::uint64_t h1 = 0;
  std::uint64_t h2 = 0;
  const char* data = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 16; left -= 16, data += 16) {
    std::uint64_t k[2];
    std::memcpy(k, data, 16);
    h1 = (std::rotl(h1 ^ MurmurMixLow(k[0]), 27) + h2) * 5 + 0x52dce729;
    h2 = (std::rotl(h2 ^ MurmurMixHigh(k[1]), 31) + h1) * 5 + 0x38495ab5;
  }
  if (left > 0) {
    std::uint64_t k[2] = {0, 0};
    std::memcpy(k, data, left);
    h2 ^= MurmurMixHigh(k[1]);
    h1 ^= MurmurMixLow(k[0]);
  }
  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = Fmix64(h1);
  h2 = Fmix64(h2);
  h1 += h2;
  h2 += h1;
  return {h1, h2};
}

}  // namespace weir::internal
