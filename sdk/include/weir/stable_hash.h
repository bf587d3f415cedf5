// StableHash(key): the 64-bit hash that decides which key group, and so which subtask, a key
// belongs to. Frozen for ever: it is part of checkpoints and savepoints. Rules and test vectors:
// docs/formats/stable-hash.md.
//
// Built in: integers, enums, bool, floating point, strings and bytes, and std::pair, std::tuple,
// std::array, std::vector, std::optional, std::variant, std::map, std::set of such, durations and
// times of std::chrono, and types with WEIR_FIELDS (weir/fields.h). For another key type say what
// its hash is, from the parts that make it equal:
//
//   template <> struct weir::StableHasher<Account> {
//     static std::uint64_t Hash(const Account& key) { return weir::StableHashOf(key.bank,
//     key.number); }
//   };
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/fields.h>
#include <weir/internal/murmur3.h>

namespace weir {

template <class T>
struct StableHasher {
  static_assert(internal::HasNamedFields<T>,
                "Weir has no stable hash for this key type (see StableHasher<T> above): key groups "
                "are part of checkpoints, so it must never change. Use an integer, enum, string, "
                "pair or tuple as the key, name the type's fields with WEIR_FIELDS(Type, ...), or "
                "specialize weir::StableHasher<Type>.");
  static std::uint64_t Hash(const T& key) {
    std::uint64_t h = 0;
    std::apply(
        [&h](const auto&... field) {
          ((h = internal::Fmix64(h * 31 +
                                 StableHasher<std::remove_cvref_t<decltype(field)>>::Hash(field))),
           ...);
        },
        internal::NamedFieldReferences(key));
    return h;
  }
};

// The hash of one key.
template <class T>
std::uint64_t StableHash(const T& key) {
  return StableHasher<T>::Hash(key);
}

// The hash of a composite: h = 0, then h = fmix64(h * 31 + hash of the part) for each part in
// order.
template <class... Part>
std::uint64_t StableHashOf(const Part&... part) {
  std::uint64_t h = 0;
  ((h = internal::Fmix64(h * 31 + StableHash(part))), ...);
  return h;
}

// Value-extended to 64 bits (signed ones with their sign), so that the width of a field can change.
// A plain char counts as unsigned on every machine.
template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>)
struct StableHasher<T> {
  static constexpr std::uint64_t Hash(T key) {
    if constexpr (std::is_enum_v<T>) {
      return StableHasher<std::underlying_type_t<T>>::Hash(
          static_cast<std::underlying_type_t<T>>(key));
    } else if constexpr (std::is_same_v<T, char>) {
      return internal::Fmix64(static_cast<unsigned char>(key));
    } else if constexpr (std::is_signed_v<T>) {
      return internal::Fmix64(static_cast<std::uint64_t>(static_cast<std::int64_t>(key)));
    } else {
      return internal::Fmix64(static_cast<std::uint64_t>(key));
    }
  }
};

// As double; -0 counts as +0 and every NaN as the same.
template <class T>
  requires(std::is_same_v<T, float> || std::is_same_v<T, double>)
struct StableHasher<T> {
  static std::uint64_t Hash(T key) {
    double value = static_cast<double>(key);
    if (value == 0) value = 0;
    if (std::isnan(value)) return internal::Fmix64(0x7ff8000000000000ULL);
    return internal::Fmix64(std::bit_cast<std::uint64_t>(value));
  }
};

template <>
struct StableHasher<std::string_view> {
  static std::uint64_t Hash(std::string_view key) { return internal::Murmur3(key).low; }
};
template <>
struct StableHasher<std::string> : StableHasher<std::string_view> {};

template <class A, class B>
struct StableHasher<std::pair<A, B>> {
  static std::uint64_t Hash(const std::pair<A, B>& key) {
    return StableHashOf(key.first, key.second);
  }
};
template <class... T>
struct StableHasher<std::tuple<T...>> {
  static std::uint64_t Hash(const std::tuple<T...>& key) {
    return std::apply([](const T&... part) { return StableHashOf(part...); }, key);
  }
};
template <class T, std::size_t N>
struct StableHasher<std::array<T, N>> {
  static std::uint64_t Hash(const std::array<T, N>& key) {
    std::uint64_t h = 0;
    for (const T& part : key) h = internal::Fmix64(h * 31 + StableHash(part));
    return h;
  }
};
// The length is the first part: lists of zeros of different lengths must differ.
template <class T>
struct StableHasher<std::vector<T>> {
  static std::uint64_t Hash(const std::vector<T>& key) {
    std::uint64_t h = StableHashOf(key.size());
    for (const auto& part : key) {
      h = internal::Fmix64(h * 31 + StableHash(static_cast<const T&>(part)));
    }
    return h;
  }
};
// Absent: the composite of false. Present: the composite of true and the value.
template <class T>
struct StableHasher<std::optional<T>> {
  static std::uint64_t Hash(const std::optional<T>& key) {
    return key ? StableHashOf(true, *key) : StableHashOf(false);
  }
};

inline constexpr std::uint32_t kMaximumMaxParallelism = 32768;

// The high bits of the hash choose the key group. max_parallelism: 1 to 32768.
constexpr std::uint32_t KeyGroupOf(std::uint64_t hash, std::uint32_t max_parallelism) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint32_t>((static_cast<Wide>(hash) * max_parallelism) >> 64);
}

// The subtask that owns a key group, as in Flink: each owns a contiguous range.
constexpr std::uint32_t SubtaskOf(std::uint32_t key_group, std::uint32_t parallelism,
                                  std::uint32_t max_parallelism) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(key_group) * parallelism /
                                    max_parallelism);
}

}  // namespace weir

#include <weir/internal/standard_hashes.h>  // IWYU pragma: export
