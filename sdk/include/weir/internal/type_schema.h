// The form of a type's bytes as a text: "string", "list<{id:i64,name:string}>". A checkpoint keeps
// it beside the bytes, so that a program with another type does not read them as its own.
//
// docs/formats/schema.md. Types that are written alike have the same text: a pair, a tuple and a
// struct without WEIR_FIELDS may all be "{i64,string}", an enum is the integer it is made of.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <weir/fields.h>
#include <weir/internal/aggregate_fields.h>
#include <weir/internal/type_name.h>
#include <weir/serializer.h>

namespace weir::internal {

// Above: the structs that T is within, the innermost first.
template <class T, class... Above>
void AppendSchema(std::string& out);

template <class T>
std::string SchemaOf() {
  std::string text;
  AppendSchema<T>(text);
  return text;
}

// "open", each type, separated by commas, "close".
template <class... Above>
struct SchemaList {
  template <class... T>
  static void Append(std::string& out, const char* open, const char* close) {
    out += open;
    [[maybe_unused]] const char* separator = "";
    ((out += std::exchange(separator, ","), AppendSchema<T, Above...>(out)), ...);
    out += close;
  }
};

// Types with a serializer that is not the primary one.
template <class T>
struct TypeSchema {
  template <class... Above>
  static void Append(std::string& out) {
    if constexpr (requires {
                    { Serializer<T>::Schema() } -> std::convertible_to<std::string>;
                  }) {
      out += Serializer<T>::Schema();
    } else if constexpr (ProtobufMessage<T> &&
                         requires(const T& message) { message.GetTypeName(); }) {
      out += "protobuf<" + std::string(T().GetTypeName()) + ">";
    } else {
      out += "'" + TypeName<T>() + "'";
    }
  }
};
template <>
struct TypeSchema<std::string> {
  template <class... Above>
  static void Append(std::string& out) {
    out += "string";
  }
};
template <class T>
struct TypeSchema<std::optional<T>> {
  template <class... Above>
  static void Append(std::string& out) {
    SchemaList<Above...>::template Append<T>(out, "optional<", ">");
  }
};
template <class T>
struct TypeSchema<std::vector<T>> {
  template <class... Above>
  static void Append(std::string& out) {
    SchemaList<Above...>::template Append<T>(out, "list<", ">");
  }
};
template <class... T>
struct TypeSchema<std::tuple<T...>> {
  template <class... Above>
  static void Append(std::string& out) {
    SchemaList<Above...>::template Append<T...>(out, "{", "}");
  }
};
template <class A, class B>
struct TypeSchema<std::pair<A, B>> : TypeSchema<std::tuple<A, B>> {};
template <class T, std::size_t N>
struct TypeSchema<std::array<T, N>> {
  template <class... Above>
  static void Append(std::string& out) {
    AppendSchema<T, Above...>(out);
    out += "[" + std::to_string(N) + "]";
  }
};
template <class T, std::size_t N>
struct TypeSchema<T[N]> : TypeSchema<std::array<T, N>> {};
template <class... T>
struct TypeSchema<std::variant<T...>> {
  template <class... Above>
  static void Append(std::string& out) {
    SchemaList<Above...>::template Append<T...>(out, "variant<", ">");
  }
};
template <class Map>
struct MapSchema {
  template <class... Above>
  static void Append(std::string& out) {
    using Key = typename Map::key_type;
    using Value = typename Map::mapped_type;
    SchemaList<Above...>::template Append<Key, Value>(out, "map<", ">");
  }
};
template <class... P>
struct TypeSchema<std::map<P...>> : MapSchema<std::map<P...>> {};
template <class... P>
struct TypeSchema<std::unordered_map<P...>> : MapSchema<std::unordered_map<P...>> {};
template <class Set>
struct SetSchema {
  template <class... Above>
  static void Append(std::string& out) {
    SchemaList<Above...>::template Append<typename Set::key_type>(out, "set<", ">");
  }
};
template <class... P>
struct TypeSchema<std::set<P...>> : SetSchema<std::set<P...>> {};
template <class... P>
struct TypeSchema<std::unordered_set<P...>> : SetSchema<std::unordered_set<P...>> {};
template <class R, class P>
struct TypeSchema<std::chrono::duration<R, P>> {
  template <class... Above>
  static void Append(std::string& out) {
    AppendSchema<R>(out);
    out += " of " + std::to_string(P::num) + "/" + std::to_string(P::den) + " s";
  }
};
template <class C, class D>
struct TypeSchema<std::chrono::time_point<C, D>> : TypeSchema<D> {};

template <class T>
void AppendScalarSchema(std::string& out) {
  if constexpr (std::is_enum_v<T>) {
    AppendScalarSchema<std::underlying_type_t<T>>(out);
  } else if constexpr (std::is_same_v<T, bool>) {
    out += "bool";
  } else {
    out += std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
    out += std::to_string(8 * sizeof(T));
  }
}

template <class T, class... Above>
void AppendStructSchema(std::string& out) {
  using Inside = SchemaList<T, Above...>;
  if constexpr (HasNamedFields<T>) {
    const char* separator = "";
    out += '{';
    std::apply(
        [&]<class... Field>(const NamedField<T, Field>&... field) {
          ((out += std::exchange(separator, ","), out += field.name, out += ':',
            AppendSchema<Field, T, Above...>(out)),
           ...);
        },
        kNamedFields<T>);
    out += '}';
  } else {
    [&]<class... Field>(std::type_identity<std::tuple<Field...>>) {
      Inside::template Append<std::remove_cvref_t<Field>...>(out, "{", "}");
    }(std::type_identity<decltype(AggregateFields(std::declval<T&>()))>());
  }
}

// How many structs up T is, the innermost one being 1.
template <class T, class... Above>
constexpr std::size_t LevelsUpTo() {
  std::size_t levels = 0;
  bool found = false;
  ((levels += found ? 0 : 1, found = found || std::is_same_v<T, Above>), ...);
  return levels;
}

template <class T, class... Above>
void AppendSchema(std::string& out) {
  if constexpr ((std::is_same_v<T, Above> || ...)) {
    out += "^" + std::to_string(LevelsUpTo<T, Above...>());
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    AppendScalarSchema<T>(out);
  } else if constexpr (requires { typename Serializer<T>::PrimarySerializer; }) {
    AppendStructSchema<T, Above...>(out);
  } else {
    TypeSchema<T>::template Append<Above...>(out);
  }
}

// Of the entries of a table of keyed state; kHas…: whether it has the part.
template <class K, bool kHasNamespace, class N, bool kHasMapKey, class M, class V>
std::string EntrySchema() {
  std::string text = "key=" + SchemaOf<K>();
  if constexpr (kHasNamespace) text += " namespace=" + SchemaOf<N>();
  if constexpr (kHasMapKey) text += " map-key=" + SchemaOf<M>();
  return text + " value=" + SchemaOf<V>();
}

}  // namespace weir::internal
