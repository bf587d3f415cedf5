// Stable hashes of ordered containers, std::variant and times. Part of weir/stable_hash.h; rules
// and test vectors: docs/formats/stable-hash.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <variant>

#include <weir/internal/murmur3.h>
#include <weir/stable_hash.h>

namespace weir {

// As its count: times of different units are different keys.
template <class R, class P>
struct StableHasher<std::chrono::duration<R, P>> {
  static std::uint64_t Hash(const std::chrono::duration<R, P>& key) {
    return StableHash(key.count());
  }
};
template <class C, class D>
struct StableHasher<std::chrono::time_point<C, D>> {
  static std::uint64_t Hash(const std::chrono::time_point<C, D>& key) {
    return StableHash(key.time_since_epoch());
  }
};
// The composite of the alternative's number and value; a std::monostate counts as false.
template <>
struct StableHasher<std::monostate> {
  static std::uint64_t Hash(std::monostate) { return StableHash(false); }
};
template <class... T>
struct StableHasher<std::variant<T...>> {
  static std::uint64_t Hash(const std::variant<T...>& key) {
    return std::visit(
        [&key](const auto& value) {
          return StableHashOf(static_cast<std::uint64_t>(key.index()), value);
        },
        key);
  }
};
// As the vector of its elements; of a map, of its pairs.
template <class... P>
struct StableHasher<std::set<P...>> {
  static std::uint64_t Hash(const std::set<P...>& key) {
    std::uint64_t h = StableHashOf(key.size());
    for (const auto& part : key) h = internal::Fmix64(h * 31 + StableHash(part));
    return h;
  }
};
template <class... P>
struct StableHasher<std::map<P...>> {
  static std::uint64_t Hash(const std::map<P...>& key) {
    std::uint64_t h = StableHashOf(key.size());
    for (const auto& [name, value] : key) {
      h = internal::Fmix64(h * 31 + StableHashOf(name, value));
    }
    return h;
  }
};

}  // namespace weir
