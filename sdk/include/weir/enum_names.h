// WEIR_ENUM_NAMES(Type, kA, kB, …): names the values of an enum, for formats that show names.
//
// Put it behind the enum, in its namespace:
//   enum class Side { kBuy, kSell };
//   WEIR_ENUM_NAMES(Side, kBuy, kSell)
// JSON and CSV then write "kBuy" and read nothing else; without it they write the number.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <type_traits>

#include <weir/fields.h>

namespace weir {

template <class E>
struct NamedEnumerator {
  E value;
  std::string_view name;
};

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires { WeirEnumNamesOf(E()); };

// Empty for a value without a name.
template <NamedEnum E>
constexpr std::string_view EnumName(E value) {
  for (const NamedEnumerator<E>& named : WeirEnumNamesOf(E())) {
    if (named.value == value) return named.name;
  }
  return {};
}
template <NamedEnum E>
constexpr std::optional<E> EnumOf(std::string_view name) {
  for (const NamedEnumerator<E>& named : WeirEnumNamesOf(E())) {
    if (named.name == name) return named.value;
  }
  return std::nullopt;
}

}  // namespace weir

#define WEIR_EACH_ENUMERATOR_(Type, value) \
  ::weir::NamedEnumerator<Type> {          \
    Type::value, #value                    \
  }
#define WEIR_EACH_ENUMERATOR_LIST_(Type, value, ...) \
  WEIR_EACH_ENUMERATOR_(Type, value)                 \
  __VA_OPT__(, WEIR_EACH_ENUMERATOR_AGAIN_ WEIR_PARENTHESES_(Type, __VA_ARGS__))
#define WEIR_EACH_ENUMERATOR_AGAIN_() WEIR_EACH_ENUMERATOR_LIST_

#define WEIR_ENUM_NAMES(Type, ...)                                      \
  [[maybe_unused]] constexpr auto WeirEnumNamesOf(Type) {               \
    return std::to_array<::weir::NamedEnumerator<Type>>(                \
        {WEIR_EXPAND_(WEIR_EACH_ENUMERATOR_LIST_(Type, __VA_ARGS__))}); \
  }
