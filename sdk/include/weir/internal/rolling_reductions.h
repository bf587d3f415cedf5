// Sum, Min, Max, MinBy and MaxBy as reduce functions. Field: a pointer to a member, or what gives
// a reference to the field of a record.
#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace weir::internal {

template <class Field, class T>
using FieldOf = std::remove_cvref_t<std::invoke_result_t<Field&, const T&>>;

// Whether the field can be compared.
template <class Field, class T>
concept OrderedField =
    std::invocable<Field&, const T&> && requires(const FieldOf<Field, T>& value) {
      { value < value } -> std::convertible_to<bool>;
    };
// Whether the field can be assigned to.
template <class Field, class T>
concept WritableField =
    std::invocable<Field&, T&> && std::is_lvalue_reference_v<std::invoke_result_t<Field&, T&>> &&
    !std::is_const_v<std::remove_reference_t<std::invoke_result_t<Field&, T&>>>;
template <class Field, class T>
concept SummableField = WritableField<Field, T> && requires(FieldOf<Field, T>& sum) { sum += sum; };

// Integers wrap around, as in Java.
template <class Field>
struct RollingSum {
  Field field;
  template <class T>
  void operator()(T& reduced, const T& record) {
    auto& sum = std::invoke(field, reduced);
    using Number = std::remove_reference_t<decltype(sum)>;
    if constexpr (std::is_integral_v<Number> && !std::is_same_v<Number, bool>) {
      // Promotion to int would make the sum of large 16-bit numbers signed again.
      using Unsigned = std::common_type_t<std::make_unsigned_t<Number>, unsigned>;
      sum = static_cast<Number>(static_cast<Unsigned>(sum) +
                                static_cast<Unsigned>(std::invoke(field, record)));
    } else {
      sum += std::invoke(field, record);
    }
  }
};
// kLess: the smallest, else the largest.
template <class Field, bool kLess>
struct RollingExtreme {
  Field field;
  template <class T>
  void operator()(T& reduced, const T& record) {
    auto& extreme = std::invoke(field, reduced);
    const auto& value = std::invoke(field, record);
    if (kLess ? value < extreme : extreme < value) extreme = value;
  }
};
template <class Field, bool kLess>
struct RollingExtremeBy {
  Field field;
  template <class T>
  void operator()(T& reduced, const T& record) {
    const auto& extreme = std::invoke(field, std::as_const(reduced));
    const auto& value = std::invoke(field, record);
    if (kLess ? value < extreme : extreme < value) reduced = record;
  }
};

}  // namespace weir::internal
