// What a run produced, in a form that does not depend on the order of records: so that the results
// of two programs can be compared before their times are.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace benchmarks {

// The finalizer of MurmurHash3: also what Weir hashes integer keys with.
inline std::uint64_t Mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 33)) * 0xFF51AFD7ED558CCD;
  bits = (bits ^ (bits >> 33)) * 0xC4CEB9FE1A85EC53;
  return bits ^ (bits >> 33);
}

// Length and both ends of a string: looks at each string without costing more than the query.
inline std::uint64_t Edges(std::string_view text) {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (text.size() >= 8) {
    std::memcpy(&first, text.data(), 8);
    std::memcpy(&last, text.data() + text.size() - 8, 8);
  }
  return first ^ std::rotl(last, 17) ^ text.size();
}

struct Digest {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;  // of the hashes of all records

  void Add(std::uint64_t hash) {
    ++count;
    sum += hash;
  }
  void Add(const Digest& other) {
    count += other.count;
    sum += other.sum;
  }
};

// Keeps the compiler from leaving out fields that nobody reads: a source does not know what its
// query needs.
template <class T>
inline void MakeComplete(T& record) {
  asm volatile("" : "+m"(record));
}

}  // namespace benchmarks
