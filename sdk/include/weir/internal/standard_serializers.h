// Serializers of the standard containers with keys, of std::variant, times, and of protobuf
// messages. Part of weir/serializer.h; docs/formats/records.md says what the bytes are.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>

#include <weir/internal/byte_reader.h>
#include <weir/internal/byte_writer.h>
#include <weir/internal/serialized_layout.h>
#include <weir/serializer.h>

namespace weir {

namespace internal {

// A count, then the entries in the container's order. A key that comes twice is no value of ours.
template <class Map>
struct MapSerializer {
  using Key = typename Map::key_type;
  using Value = typename Map::mapped_type;

  static void Write(ByteWriter& out, const Map& values) {
    out.WriteLength(values.size());
    for (const auto& [key, value] : values) {
      Serializer<Key>::Write(out, key);
      Serializer<Value>::Write(out, value);
    }
  }
  [[nodiscard]] static bool Read(ByteReader& in, Map& values) {
    static_assert(
        kMinimumSerializedSize<Key> > 0,
        "Weir cannot serialize a map whose keys have no fields: it has one entry at most. "
        "Use std::optional.");
    std::uint32_t length = 0;
    values.clear();
    if (!in.ReadLength(length, kMinimumSerializedSize<Key> + kMinimumSerializedSize<Value>) ||
        !in.EnterContainer()) {
      return false;
    }
    for (std::uint32_t i = 0; i < length; ++i) {
      Key key{};
      if (!Serializer<Key>::Read(in, key)) return false;
      const auto entry = values.try_emplace(values.end(), std::move(key));
      if (values.size() != i + 1 || !Serializer<Value>::Read(in, entry->second)) return false;
    }
    in.LeaveContainer();
    return true;
  }
};

template <class Set>
struct SetSerializer {
  using Key = typename Set::key_type;

  static void Write(ByteWriter& out, const Set& values) {
    out.WriteLength(values.size());
    for (const Key& key : values) Serializer<Key>::Write(out, key);
  }
  [[nodiscard]] static bool Read(ByteReader& in, Set& values) {
    static_assert(kMinimumSerializedSize<Key> > 0,
                  "Weir cannot serialize a set of a type without fields: it has one element at "
                  "most. Use bool.");
    std::uint32_t length = 0;
    values.clear();
    if (!in.ReadLength(length, kMinimumSerializedSize<Key>) || !in.EnterContainer()) return false;
    for (std::uint32_t i = 0; i < length; ++i) {
      Key key{};
      if (!Serializer<Key>::Read(in, key)) return false;
      values.emplace_hint(values.end(), std::move(key));
      if (values.size() != i + 1) return false;
    }
    in.LeaveContainer();
    return true;
  }
};

// What a generated protobuf message offers; the SDK knows no more of it.
template <class M>
concept ProtobufMessage =
    std::is_class_v<M> && requires(const M& message, M& out, void* room, const void* bytes) {
      { message.ByteSizeLong() } -> std::convertible_to<std::size_t>;
      { message.SerializeToArray(room, int{}) } -> std::same_as<bool>;
      { out.ParseFromArray(bytes, int{}) } -> std::same_as<bool>;
      { message.IsInitialized() } -> std::same_as<bool>;
    };

// The layout of what contains itself must not be asked for its elements' layout.
template <class... P>
struct LayoutOf<std::map<P...>> : LayoutOf<std::string> {};
template <class... P>
struct LayoutOf<std::unordered_map<P...>> : LayoutOf<std::string> {};
template <class... P>
struct LayoutOf<std::set<P...>> : LayoutOf<std::string> {};
template <class... P>
struct LayoutOf<std::unordered_set<P...>> : LayoutOf<std::string> {};
template <class R, class P>
struct LayoutOf<std::chrono::duration<R, P>> {
  static constexpr bool kWholeCopy =
      LayoutOf<R>::kWholeCopy && sizeof(std::chrono::duration<R, P>) == sizeof(R);
  static constexpr std::size_t kMinimumSize = LayoutOf<R>::kMinimumSize;
};
template <class C, class D>
struct LayoutOf<std::chrono::time_point<C, D>> : LayoutOf<D> {};

}  // namespace internal

// Those with hash tables are written in the order of this process's table: equal ones may have
// different bytes.
template <class... P>
struct Serializer<std::map<P...>> : internal::MapSerializer<std::map<P...>> {};
template <class... P>
struct Serializer<std::unordered_map<P...>> : internal::MapSerializer<std::unordered_map<P...>> {};
template <class... P>
struct Serializer<std::set<P...>> : internal::SetSerializer<std::set<P...>> {};
template <class... P>
struct Serializer<std::unordered_set<P...>> : internal::SetSerializer<std::unordered_set<P...>> {};

// The number of the alternative, then its value. One without a value cannot be written: it throws
// std::bad_variant_access.
template <class... T>
struct Serializer<std::variant<T...>> {
  static_assert(sizeof...(T) <= 255,
                "Weir serializes variants of at most 255 alternatives: their number is a byte.");
  using Variant = std::variant<T...>;

  static void Write(ByteWriter& out, const Variant& value) {
    std::visit(
        [&](const auto& alternative) {
          out.WriteFixed(static_cast<std::uint8_t>(value.index()));
          Serializer<std::remove_cvref_t<decltype(alternative)>>::Write(out, alternative);
        },
        value);
  }
  [[nodiscard]] static bool Read(ByteReader& in, Variant& value) {
    std::uint8_t index = 0;
    return in.ReadFixed(index) && ReadAlternative<0>(in, index, value);
  }

 private:
  template <std::size_t kIndex>
  static bool ReadAlternative(ByteReader& in, std::size_t index, Variant& value) {
    if constexpr (kIndex == sizeof...(T)) {
      return false;
    } else {
      if (index != kIndex) return ReadAlternative<kIndex + 1>(in, index, value);
      if (value.index() != kIndex) value.template emplace<kIndex>();
      using Alternative = std::variant_alternative_t<kIndex, Variant>;
      return Serializer<Alternative>::Read(in, std::get<kIndex>(value));
    }
  }
};

// The count of the type's own unit.
template <class R, class P>
struct Serializer<std::chrono::duration<R, P>> {
  using Duration = std::chrono::duration<R, P>;
  static void Write(ByteWriter& out, const Duration& value) {
    Serializer<R>::Write(out, value.count());
  }
  [[nodiscard]] static bool Read(ByteReader& in, Duration& value) {
    R count{};
    if (!Serializer<R>::Read(in, count)) return false;
    value = Duration(count);
    return true;
  }
};

// The time since the clock's epoch.
template <class C, class D>
struct Serializer<std::chrono::time_point<C, D>> {
  static_assert(
      !std::is_same_v<C, std::chrono::steady_clock>,
      "Weir cannot serialize a time of std::chrono::steady_clock: it counts from a moment "
      "of this machine alone. Use std::chrono::system_clock.");
  using Time = std::chrono::time_point<C, D>;
  static void Write(ByteWriter& out, const Time& value) {
    Serializer<D>::Write(out, value.time_since_epoch());
  }
  [[nodiscard]] static bool Read(ByteReader& in, Time& value) {
    D since_epoch{};
    if (!Serializer<D>::Read(in, since_epoch)) return false;
    value = Time(since_epoch);
    return true;
  }
};

// Its length, then protobuf's own bytes.
template <internal::ProtobufMessage M>
struct Serializer<M> {
  static void Write(ByteWriter& out, const M& message) {
    const std::size_t size = message.ByteSizeLong();
    if (size > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
      throw std::length_error("a protobuf message above 2 GiB is not written");
    }
    if (!message.IsInitialized()) {
      throw std::invalid_argument("a protobuf message lacks a required field");
    }
    out.WriteLength(size);
    if (!message.SerializeToArray(out.Extend(size), static_cast<int>(size))) {
      throw std::runtime_error("protobuf did not write a message");
    }
  }
  [[nodiscard]] static bool Read(ByteReader& in, M& message) {
    std::uint32_t length = 0;
    std::string_view bytes;
    return in.ReadLength(length, 1) && in.ReadView(bytes, length) &&
           length <= static_cast<std::uint32_t>(std::numeric_limits<int>::max()) &&
           message.ParseFromArray(bytes.data(), static_cast<int>(length));
  }
};

}  // namespace weir
