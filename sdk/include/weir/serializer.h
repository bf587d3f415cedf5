// Serializer<T>: how records, splits and state become bytes, chosen at compile time.
//
// Built in: arithmetic types, enums, std::string, std::optional, std::variant, std::pair,
// std::tuple, std::vector, std::array, std::map and std::set (unordered ones too), durations and
// times of std::chrono, generated protobuf messages, and structs of those: aggregates of up to 32
// fields by position, any type with WEIR_FIELDS (weir/fields.h) by its named fields. Little-endian,
// fixed width, lengths as u32 (docs/formats/records.md). For a type of your own specialize it:
//
//   template <> struct weir::Serializer<Money> {
//     static void Write(weir::ByteWriter& out, const Money& value) { out.WriteFixed(value.cents());
//     } static bool Read(weir::ByteReader& in, Money& value);   // false: these bytes are no Money
//     static std::string Schema() { return "money/1"; }         // optional
//   };
//
// Read assigns into `value`, which may hold an old record: memory is reused. Schema() names the
// encoding: state that was written under another name is refused; without it that is the type's. A
// type that cannot be serialized does not compile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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
#include <weir/internal/byte_reader.h>
#include <weir/internal/byte_writer.h>
#include <weir/internal/serialized_layout.h>
#include <weir/status.h>

namespace weir {

// Structs, and the place where a type that has no serializer is refused.
template <class T>
struct Serializer {
  using PrimarySerializer = void;
  static_assert(
      !std::is_pointer_v<T> && !std::is_member_pointer_v<T> && !std::is_null_pointer_v<T>,
      "Weir cannot serialize this type (see Serializer<T> above): it is a pointer, and what "
      "it points to belongs to one process. Put the value itself into the record.");
  static_assert(!std::is_reference_v<T>,
                "Weir cannot serialize this type (see Serializer<T> above): it is a reference. "
                "Put the value itself into the record.");
  static_assert(!internal::kIsView<T>,
                "Weir cannot serialize this type (see Serializer<T> above): it is a view of memory "
                "that the record does not own. Use std::string instead of std::string_view, and "
                "std::vector instead of std::span.");
  static_assert(!std::is_same_v<T, long double>,
                "Weir cannot serialize this type (see Serializer<T> above): long double differs "
                "between machines. Use double.");
  static_assert(
      internal::kIsView<T> || std::is_reference_v<T> || std::is_scalar_v<T> ||
          internal::HasNamedFields<T> || internal::HasCountableFields<T>(),
      "Weir cannot serialize this type (see Serializer<T> above). It must be an arithmetic "
      "type, enum, std::string, optional, pair, tuple, vector or array of such, or a plain "
      "struct of such with at most 32 fields, without base class, C array, reference or "
      "private field. Otherwise name its fields with WEIR_FIELDS(Type, field, ...), or "
      "specialize weir::Serializer<Type>.");

  static void Write(ByteWriter& out, const T& value) {
    if constexpr (internal::kWholeCopy<T>) {
      out.WriteBytes(&value, sizeof(T));
    } else {
      std::apply(
          [&out](const auto&... field) {
            (Serializer<std::remove_cvref_t<decltype(field)>>::Write(out, field), ...);
          },
          internal::FieldReferences(value));
    }
  }
  [[nodiscard]] static bool Read(ByteReader& in, T& value) {
    if constexpr (internal::kWholeCopy<T>) {
      return in.ReadBytes(&value, sizeof(T));
    } else {
      return std::apply(
          [&in](auto&... field) {
            return (Serializer<std::remove_cvref_t<decltype(field)>>::Read(in, field) && ...);
          },
          internal::FieldReferences(value));
    }
  }
};

template <class T>
  requires((std::is_arithmetic_v<T> || std::is_enum_v<T>) && !std::is_same_v<T, long double>)
struct Serializer<T> {
  static void Write(ByteWriter& out, T value) { out.WriteFixed(value); }
  [[nodiscard]] static bool Read(ByteReader& in, T& value) { return in.ReadFixed(value); }
};

template <>
struct Serializer<bool> {
  static void Write(ByteWriter& out, bool value) {
    out.WriteFixed(static_cast<std::uint8_t>(value ? 1 : 0));
  }
  [[nodiscard]] static bool Read(ByteReader& in, bool& value) {
    std::uint8_t byte = 0;
    if (!in.ReadFixed(byte) || byte > 1) return false;
    value = byte == 1;
    return true;
  }
};

template <>
struct Serializer<std::string> {
  static void Write(ByteWriter& out, const std::string& value) { out.WriteString(value); }
  [[nodiscard]] static bool Read(ByteReader& in, std::string& value) {
    std::uint32_t length = 0;
    std::string_view text;
    if (!in.ReadLength(length, 1) || !in.ReadView(text, length)) return false;
    value.assign(text);
    return true;
  }
};

template <class T>
struct Serializer<std::optional<T>> {
  static void Write(ByteWriter& out, const std::optional<T>& value) {
    Serializer<bool>::Write(out, value.has_value());
    if (value) Serializer<T>::Write(out, *value);
  }
  [[nodiscard]] static bool Read(ByteReader& in, std::optional<T>& value) {
    bool present = false;
    if (!Serializer<bool>::Read(in, present)) return false;
    if (!present) {
      value.reset();
      return true;
    }
    if (!value) value.emplace();
    return Serializer<T>::Read(in, *value);
  }
};

template <class T>
struct Serializer<std::vector<T>> {
  static_assert(internal::kMinimumSerializedSize<T> > 0,
                "Weir cannot serialize a vector of a type without fields: its length could not be "
                "checked against the bytes that are there. Keep the count instead.");

  static void Write(ByteWriter& out, const std::vector<T>& values) {
    out.WriteLength(values.size());
    if constexpr (internal::kWholeCopy<T>) {
      out.WriteBytes(values.data(), values.size() * sizeof(T));
    } else {
      for (const auto& value : values) Serializer<T>::Write(out, value);
    }
  }
  [[nodiscard]] static bool Read(ByteReader& in, std::vector<T>& values) {
    std::uint32_t length = 0;
    if (!in.ReadLength(length, internal::kMinimumSerializedSize<T>)) return false;
    values.resize(length);
    if constexpr (internal::kWholeCopy<T>) {
      return in.ReadBytes(values.data(), length * sizeof(T));
    } else if constexpr (std::is_same_v<T, bool>) {
      for (std::size_t i = 0; i < length; ++i) {
        bool value = false;
        if (!Serializer<bool>::Read(in, value)) return false;
        values[i] = value;
      }
      return true;
    } else {
      if (!in.EnterContainer()) return false;
      for (T& value : values) {
        if (!Serializer<T>::Read(in, value)) return false;
      }
      in.LeaveContainer();
      return true;
    }
  }
};

namespace internal {

// Everything that is a fixed list of elements: all of them, one after the other.
template <class List>
struct ElementSerializer {
  static void Write(ByteWriter& out, const List& list) {
    if constexpr (kWholeCopy<List>) {
      out.WriteBytes(&list, sizeof(List));
    } else {
      ForEachElement(list, [&out](const auto& element) {
        Serializer<std::remove_cvref_t<decltype(element)>>::Write(out, element);
        return true;
      });
    }
  }
  [[nodiscard]] static bool Read(ByteReader& in, List& list) {
    if constexpr (kWholeCopy<List>) {
      return in.ReadBytes(&list, sizeof(List));
    } else {
      return ForEachElement(list, [&in](auto& element) {
        return Serializer<std::remove_cvref_t<decltype(element)>>::Read(in, element);
      });
    }
  }
};

}  // namespace internal

template <class... T>
struct Serializer<std::tuple<T...>> : internal::ElementSerializer<std::tuple<T...>> {};
template <class A, class B>
struct Serializer<std::pair<A, B>> : internal::ElementSerializer<std::pair<A, B>> {};
template <class T, std::size_t N>
struct Serializer<std::array<T, N>> : internal::ElementSerializer<std::array<T, N>> {};
// Only as a field of a type with WEIR_FIELDS.
template <class T, std::size_t N>
struct Serializer<T[N]> : internal::ElementSerializer<T[N]> {};

// Appends the bytes of one value.
template <class T>
void SerializeTo(const T& value, std::vector<std::byte>& out) {
  ByteWriter writer(out);
  Serializer<T>::Write(writer, value);
}

// One value from exactly these bytes, or Corruption.
template <class T>
[[nodiscard]] Result<T> Deserialize(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  T value{};
  if (!Serializer<T>::Read(reader, value)) {
    return Status::Corruption("a serialized value is cut off or malformed within its " +
                              std::to_string(bytes.size()) + " bytes");
  }
  if (!reader.empty()) {
    return Status::Corruption(std::to_string(reader.remaining()) +
                              " bytes follow a serialized value that should be the last");
  }
  return value;
}

}  // namespace weir

#include <weir/internal/standard_serializers.h>  // IWYU pragma: export
