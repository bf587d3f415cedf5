// What is known at compile time of a type's serialized form: whether its memory is its encoding,
// and how many bytes it takes at least.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/fields.h>
#include <weir/internal/aggregate_fields.h>

namespace weir {
template <class T>
struct Serializer;
}

namespace weir::internal {

// Types that look into memory of somebody else.
template <class T>
inline constexpr bool kIsView = false;
template <class C, class R>
inline constexpr bool kIsView<std::basic_string_view<C, R>> = true;
template <class T, std::size_t N>
inline constexpr bool kIsView<std::span<T, N>> = true;
template <class T>
inline constexpr bool kIsView<std::reference_wrapper<T>> = true;
template <class T>
inline constexpr bool kIsView<std::initializer_list<T>> = true;

// References to the fields of a struct, named ones first choice.
template <class T>
constexpr auto FieldReferences(T& value) {
  if constexpr (HasNamedFields<std::remove_const_t<T>>) {
    return NamedFieldReferences(value);
  } else if constexpr (HasCountableFields<std::remove_const_t<T>>()) {
    return AggregateFields(value);
  } else {
    return std::tuple<>();  // Serializer<T> has refused the type
  }
}

template <class List, class Function>
constexpr bool ForEachElement(List& list, Function&& function) {
  if constexpr (
      requires { std::tuple_size<std::remove_const_t<List>>::value; } &&
      !requires { list.begin(); }) {
    return std::apply([&](auto&... element) { return (function(element) && ...); }, list);
  } else {
    for (auto& element : list) {
      if (!function(element)) return false;
    }
    return true;
  }
}

// A user's own Serializer<T> decides by itself.
template <class T>
struct LayoutOf;

template <class Tuple>
struct FieldTypes;
template <class... Field>
struct FieldTypes<std::tuple<Field...>> {
  static constexpr bool kAllWholeCopy = (LayoutOf<std::remove_cvref_t<Field>>::kWholeCopy && ...);
  static constexpr std::size_t kMinimumSize =
      (std::size_t{0} + ... + LayoutOf<std::remove_cvref_t<Field>>::kMinimumSize);
};

// Whether the primary Serializer handles T as a struct (a full specialization by the user has no
// way to say so, hence the look at its members).
template <class T>
inline constexpr bool kIsPlainStruct =
    std::is_class_v<T> && !HasNamedFields<T> && HasCountableFields<T>();

// kWholeCopy: every leaf is arithmetic or enum (not bool: a byte 2 is no bool), nothing is padding,
// so that memory and encoding are the same bytes.
template <class T>
struct LayoutOf {
  static constexpr bool kScalar =
      (std::is_arithmetic_v<T> || std::is_enum_v<T>) && !std::is_same_v<T, long double>;
  static constexpr bool WholeCopy() {
    if constexpr (kScalar) {
      return !std::is_same_v<T, bool>;
    } else if constexpr (kIsPlainStruct<T> && std::is_trivially_copyable_v<T>) {
      using Fields = FieldTypes<decltype(AggregateFields(std::declval<T&>()))>;
      if constexpr (!Fields::kAllWholeCopy) {
        return false;
      } else {
        return Fields::kMinimumSize == sizeof(T) && UsesPrimarySerializer();
      }
    } else {
      return false;
    }
  }
  static constexpr std::size_t MinimumSize() {
    if constexpr (std::is_same_v<T, bool>) {
      return 1;
    } else if constexpr (kScalar) {
      return sizeof(T);
    } else if constexpr (!UsesPrimarySerializer()) {
      return 1;  // a type of its own serializer: it writes something
    } else if constexpr (HasNamedFields<T>) {
      return FieldTypes<decltype(NamedFieldReferences(std::declval<T&>()))>::kMinimumSize;
    } else if constexpr (kIsPlainStruct<T>) {
      return FieldTypes<decltype(AggregateFields(std::declval<T&>()))>::kMinimumSize;
    } else {
      return 1;
    }
  }
  static constexpr bool UsesPrimarySerializer() {
    return requires { typename Serializer<T>::PrimarySerializer; };
  }
  static constexpr bool kWholeCopy = WholeCopy();
  static constexpr std::size_t kMinimumSize = MinimumSize();
};

template <>
struct LayoutOf<std::string> {
  static constexpr bool kWholeCopy = false;
  static constexpr std::size_t kMinimumSize = 4;
};
template <class T>
struct LayoutOf<std::vector<T>> : LayoutOf<std::string> {};
template <class T>
struct LayoutOf<std::optional<T>> {
  static constexpr bool kWholeCopy = false;
  static constexpr std::size_t kMinimumSize = 1;
};
// The memory order of a tuple is the library's business, and a pair is not trivially copyable.
template <class... T>
struct LayoutOf<std::tuple<T...>> {
  static constexpr bool kWholeCopy = false;
  static constexpr std::size_t kMinimumSize = (std::size_t{0} + ... + LayoutOf<T>::kMinimumSize);
};
template <class A, class B>
struct LayoutOf<std::pair<A, B>> : LayoutOf<std::tuple<A, B>> {};
template <class T, std::size_t N>
struct LayoutOf<std::array<T, N>> {
  static constexpr bool kWholeCopy = LayoutOf<T>::kWholeCopy;
  static constexpr std::size_t kMinimumSize = N * LayoutOf<T>::kMinimumSize;
};
template <class T, std::size_t N>
struct LayoutOf<T[N]> : LayoutOf<std::array<T, N>> {};

template <class T>
inline constexpr bool kWholeCopy = LayoutOf<T>::kWholeCopy;
template <class T>
inline constexpr std::size_t kMinimumSerializedSize = LayoutOf<T>::kMinimumSize;

}  // namespace weir::internal
