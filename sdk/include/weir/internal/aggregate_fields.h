// The fields of an aggregate without a macro: counted by trying how many initializers it takes,
// named by a structured binding.
//
// Limits: at most 32 fields, no base class, no C array of two or more elements, no bit-field, no
// reference. For those there is WEIR_FIELDS (weir/fields.h).
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::internal {

inline constexpr std::size_t kMaximumAggregateFields = 32;

// Converts to anything except Aggregate and its bases, so that it stands for exactly one field.
template <class Aggregate>
struct AnyField {
  template <class U>
    requires(!std::is_base_of_v<U, Aggregate>)
  operator U() const {
    __builtin_unreachable();  // only asked for in unevaluated contexts
  }
};

// Converts to proper bases of Aggregate only: the first initializer of T can be one exactly when T
// has a base class.
template <class Aggregate>
struct AnyBase {
  template <class U>
    requires(std::is_base_of_v<U, Aggregate> && !std::is_same_v<U, Aggregate>)
  operator U() const {
    __builtin_unreachable();
  }
};
template <class T>
concept HasBaseClass = requires { T{AnyBase<T>{}}; };

template <class T, std::size_t>
using AnyFieldAt = AnyField<T>;

template <class T, std::size_t... I>
constexpr bool TakesInitializers(std::index_sequence<I...>) {
  return requires { T{AnyFieldAt<T, I>{}...}; };
}

// The largest number of initializers that T takes, up to one more than the limit. 0 for an empty
// type and for one whose fields cannot be counted.
template <class T, std::size_t N = kMaximumAggregateFields + 1>
constexpr std::size_t CountInitializers() {
  if constexpr (N == 0) {
    return 0;
  } else if constexpr (TakesInitializers<T>(std::make_index_sequence<N>{})) {
    return N;
  } else {
    return CountInitializers<T, N - 1>();
  }
}

template <class T, std::size_t... Before>
constexpr bool TakesPairAfter(std::index_sequence<Before...>) {
  return requires { T{AnyFieldAt<T, Before>{}..., {AnyField<T>{}, AnyField<T>{}}}; };
}
template <class T, std::size_t... Before, std::size_t... After>
constexpr bool TakesPairBetween(std::index_sequence<Before...>, std::index_sequence<After...>) {
  return requires {
    T{AnyFieldAt<T, Before>{}..., {AnyField<T>{}, AnyField<T>{}}, AnyFieldAt<T, After>{}...};
  };
}

// An array of two or more elements swallows several initializers (brace elision): then braces at
// its place leave too few fields for the rest.
template <class T, std::size_t Count, std::size_t I = 0>
constexpr bool HasArrayField() {
  if constexpr (I == Count) {
    return false;
  } else if constexpr (TakesPairAfter<T>(std::make_index_sequence<I>{}) &&
                       !TakesPairBetween<T>(std::make_index_sequence<I>{},
                                            std::make_index_sequence<Count - I - 1>{})) {
    return true;
  } else {
    return HasArrayField<T, Count, I + 1>();
  }
}

template <class T>
inline constexpr std::size_t kAggregateFieldCount = CountInitializers<T>();

// Whether AggregateFields(T&) compiles.
template <class T>
constexpr bool HasCountableFields() {
  if constexpr (!std::is_aggregate_v<T> || std::is_array_v<T> || std::is_union_v<T>) {
    return false;
  } else if constexpr (HasBaseClass<T>) {
    return false;
  } else if constexpr (kAggregateFieldCount<T> == 0) {
    return std::is_empty_v<T>;
  } else if constexpr (kAggregateFieldCount<T> > kMaximumAggregateFields) {
    return false;
  } else {
    return !HasArrayField<T, kAggregateFieldCount<T>>();
  }
}

template <std::size_t N>
struct FieldTie;
template <>
struct FieldTie<0> {
  template <class T>
  static constexpr auto Of(T&) {
    return std::tuple<>();
  }
};
#define WEIR_FIELD_TIE_(N, ...)          \
  template <>                            \
  struct FieldTie<N> {                   \
    template <class T>                   \
    static constexpr auto Of(T& value) { \
      auto& [__VA_ARGS__] = value;       \
      return std::tie(__VA_ARGS__);      \
    }                                    \
  };
// clang-format off
WEIR_FIELD_TIE_(1, a)
WEIR_FIELD_TIE_(2, a, b)
WEIR_FIELD_TIE_(3, a, b, c)
WEIR_FIELD_TIE_(4, a, b, c, d)
WEIR_FIELD_TIE_(5, a, b, c, d, e)
WEIR_FIELD_TIE_(6, a, b, c, d, e, f)
WEIR_FIELD_TIE_(7, a, b, c, d, e, f, g)
WEIR_FIELD_TIE_(8, a, b, c, d, e, f, g, h)
WEIR_FIELD_TIE_(9, a, b, c, d, e, f, g, h, i)
WEIR_FIELD_TIE_(10, a, b, c, d, e, f, g, h, i, j)
WEIR_FIELD_TIE_(11, a, b, c, d, e, f, g, h, i, j, k)
WEIR_FIELD_TIE_(12, a, b, c, d, e, f, g, h, i, j, k, l)
WEIR_FIELD_TIE_(13, a, b, c, d, e, f, g, h, i, j, k, l, m)
WEIR_FIELD_TIE_(14, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
WEIR_FIELD_TIE_(15, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
WEIR_FIELD_TIE_(16, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
WEIR_FIELD_TIE_(17, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
WEIR_FIELD_TIE_(18, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)
WEIR_FIELD_TIE_(19, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s)
WEIR_FIELD_TIE_(20, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
WEIR_FIELD_TIE_(21, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u)
WEIR_FIELD_TIE_(22, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v)
WEIR_FIELD_TIE_(23, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w)
WEIR_FIELD_TIE_(24, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x)
WEIR_FIELD_TIE_(25, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y)
WEIR_FIELD_TIE_(26, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z)
WEIR_FIELD_TIE_(27, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A)
WEIR_FIELD_TIE_(28, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B)
WEIR_FIELD_TIE_(29, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C)
WEIR_FIELD_TIE_(30, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D)
WEIR_FIELD_TIE_(31, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E)
WEIR_FIELD_TIE_(32, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E, F)
// clang-format on
#undef WEIR_FIELD_TIE_

// References to the fields of `value`, in order of declaration.
template <class T>
constexpr auto AggregateFields(T& value) {
  return FieldTie<kAggregateFieldCount<std::remove_const_t<T>>>::Of(value);
}

}  // namespace weir::internal
