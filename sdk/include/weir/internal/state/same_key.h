// Equality as the stable hash sees it (weir/stable_hash.h): what is the same key has the same hash,
// and every NaN is the same key.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/fields.h>

namespace weir::internal {

template <class T>
bool SameKey(const T& a, const T& b);

template <class T>
inline constexpr bool kIsList = false;
template <class T, std::size_t N>
inline constexpr bool kIsList<std::array<T, N>> = true;
template <class T>
inline constexpr bool kIsList<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsTuple = false;
template <class... T>
inline constexpr bool kIsTuple<std::tuple<T...>> = true;
template <class A, class B>
inline constexpr bool kIsTuple<std::pair<A, B>> = true;

template <class Tuple>
bool SameParts(const Tuple& a, const Tuple& b) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return (SameKey<std::remove_cvref_t<std::tuple_element_t<I, Tuple>>>(std::get<I>(a),
                                                                         std::get<I>(b)) &&
            ...);
  }(std::make_index_sequence<std::tuple_size_v<Tuple>>());
}

template <class T>
bool SameKey(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a == b || (std::isnan(a) && std::isnan(b));
  } else if constexpr (HasNamedFields<T>) {
    return SameParts(NamedFieldReferences(a), NamedFieldReferences(b));
  } else if constexpr (kIsTuple<T>) {
    return SameParts(a, b);
  } else if constexpr (kIsOptional<T>) {
    return a.has_value() == b.has_value() && (!a || SameKey(*a, *b));
  } else if constexpr (kIsList<T>) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!SameKey<typename T::value_type>(a[i], b[i])) return false;
    }
    return true;
  } else {
    static_assert(std::equality_comparable<T>,
                  "a key type of your own needs operator== that agrees with its StableHasher");
    return a == b;
  }
}

}  // namespace weir::internal
