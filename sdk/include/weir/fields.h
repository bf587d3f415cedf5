// WEIR_FIELDS(Type, a, b, …): names the fields of a record type.
//
// Put it behind the type, in the type's namespace:
//   struct Order { std::int64_t id = 0; std::string customer; double price = 0; };
//   WEIR_FIELDS(Order, id, customer, price)
// Named fields are written in the order of the macro. The names let state be migrated and shown as
// JSON; without the macro an aggregate is written by position. A type with named fields can be a
// key (weir/stable_hash.h).
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

namespace weir::internal {

template <class Owner, class Field>
struct NamedField {
  std::string_view name;
  Field Owner::* member;
};
template <class Owner, class Field>
constexpr NamedField<Owner, Field> MakeNamedField(std::string_view name, Field Owner::* member) {
  return {name, member};
}

// A type for which WEIR_FIELDS was used; found through the type's namespace.
template <class T>
concept HasNamedFields = requires(const T* type) { WeirFieldsOf(type); };

// std::tuple of NamedField, in order.
template <HasNamedFields T>
inline constexpr auto kNamedFields = WeirFieldsOf(static_cast<const T*>(nullptr));

// References to the named fields of `value`.
template <class T>
constexpr auto NamedFieldReferences(T& value) {
  return std::apply([&value](const auto&... field) { return std::tie(value.*field.member...); },
                    kNamedFields<std::remove_const_t<T>>);
}

}  // namespace weir::internal

// One pass over the arguments; the nested expansions allow 256 of them.
#define WEIR_PARENTHESES_ ()
#define WEIR_EXPAND_(...) WEIR_EXPAND3_(WEIR_EXPAND3_(WEIR_EXPAND3_(WEIR_EXPAND3_(__VA_ARGS__))))
#define WEIR_EXPAND3_(...) WEIR_EXPAND2_(WEIR_EXPAND2_(WEIR_EXPAND2_(WEIR_EXPAND2_(__VA_ARGS__))))
#define WEIR_EXPAND2_(...) WEIR_EXPAND1_(WEIR_EXPAND1_(WEIR_EXPAND1_(WEIR_EXPAND1_(__VA_ARGS__))))
#define WEIR_EXPAND1_(...) __VA_ARGS__
#define WEIR_EACH_FIELD_(Type, field, ...)                     \
  ::weir::internal::MakeNamedField<Type>(#field, &Type::field) \
      __VA_OPT__(, WEIR_EACH_FIELD_AGAIN_ WEIR_PARENTHESES_(Type, __VA_ARGS__))
#define WEIR_EACH_FIELD_AGAIN_() WEIR_EACH_FIELD_

#define WEIR_FIELDS(Type, ...)                                                 \
  [[maybe_unused]] constexpr auto WeirFieldsOf(const Type*) {                  \
    return std::make_tuple(WEIR_EXPAND_(WEIR_EACH_FIELD_(Type, __VA_ARGS__))); \
  }
