// Containers in JSON; json.h includes it.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <weir/enum_names.h>
#include <weir/formats/internal/json_mapping.h>
#include <weir/formats/internal/json_scalars.h>
#include <weir/formats/internal/json_writer.h>
#include <weir/record_text.h>

namespace weir::json::internal {

template <class Range>
bool WriteElements(const Range& range, std::string& out, JsonWriteFailure& failure) {
  using T = typename Range::value_type;
  std::size_t index = 0;
  out += '[';
  for (const auto& element : range) {
    if (index != 0) out += ',';
    if (!JsonMapping<T>::Write(element, out, failure)) return failure.Within(index);
    ++index;
  }
  out += ']';
  return true;
}

template <class T>
struct JsonMapping<std::vector<T>> {
  static bool Read(JsonReader& in, const JsonOptions& options, JsonValue& value,
                   std::vector<T>& out) {
    std::size_t count = 0;
    const bool read = in.ForEachElement(value, [&](JsonValue& element) {
      const std::size_t index = count++;
      if constexpr (std::is_same_v<T, bool>) {
        bool bit = false;
        if (!JsonMapping<bool>::Read(in, options, element, bit)) return in.Within(index);
        if (index == out.size()) out.emplace_back();
        out[index] = bit;
        return true;
      } else {
        if (index == out.size()) out.emplace_back();
        return JsonMapping<T>::Read(in, options, element, out[index]) || in.Within(index);
      }
    });
    if (read) out.resize(count);
    return read;
  }
  static bool Write(const std::vector<T>& value, std::string& out, JsonWriteFailure& failure) {
    return WriteElements(value, out, failure);
  }
};

template <class Set>
struct JsonSetMapping {
  static bool Read(JsonReader& in, const JsonOptions& options, JsonValue& value, Set& out) {
    out.clear();
    std::size_t index = 0;
    return in.ForEachElement(value, [&](JsonValue& element) {
      typename Set::key_type key{};
      if (!JsonMapping<typename Set::key_type>::Read(in, options, element, key)) {
        return in.Within(index);
      }
      out.insert(std::move(key));
      ++index;
      return true;
    });
  }
  static bool Write(const Set& value, std::string& out, JsonWriteFailure& failure) {
    return WriteElements(value, out, failure);
  }
};
template <class... P>
struct JsonMapping<std::set<P...>> : JsonSetMapping<std::set<P...>> {};
template <class... P>
struct JsonMapping<std::unordered_set<P...>> : JsonSetMapping<std::unordered_set<P...>> {};

// Names of an object's fields that stand for keys.
template <class K>
bool ParseKey(std::string_view text, K& key) {
  if constexpr (std::is_same_v<K, std::string>) {
    key.assign(text);
    return true;
  } else if constexpr (NamedEnum<K>) {
    const auto named = EnumOf<K>(text);
    if (named) key = *named;
    return named.has_value();
  } else if constexpr (std::is_enum_v<K>) {
    std::underlying_type_t<K> number{};
    const bool parsed = ParseNumber(text, number);
    key = static_cast<K>(number);
    return parsed;
  } else {
    static_assert(std::integral<K> && !std::is_same_v<K, bool>,
                  "JSON: keys of a map are strings, integers or enums");
    return ParseNumber(text, key);
  }
}
// Empty for a value of an enum that has no name.
template <class K>
std::string KeyText(const K& key) {
  if constexpr (std::is_same_v<K, std::string>) {
    return key;
  } else if constexpr (NamedEnum<K>) {
    return std::string(EnumName(key));
  } else {
    std::string text;
    if constexpr (std::is_enum_v<K>) {
      AppendNumber(static_cast<std::underlying_type_t<K>>(key), text);
    } else {
      AppendNumber(key, text);
    }
    return text;
  }
}

template <class Map>
struct JsonMapMapping {
  using Key = typename Map::key_type;
  using Value = typename Map::mapped_type;
  static bool Read(JsonReader& in, const JsonOptions& options, JsonValue& value, Map& out) {
    out.clear();
    return in.ForEachField(value, [&](std::string_view name, JsonValue& field) {
      Key key{};
      if (!ParseKey(name, key)) {
        in.Fail(field, "the name is no key of the map");
        return in.Within(name);
      }
      return JsonMapping<Value>::Read(in, options, field, out[std::move(key)]) || in.Within(name);
    });
  }
  static bool Write(const Map& value, std::string& out, JsonWriteFailure& failure) {
    bool first = true;
    out += '{';
    for (const auto& [key, mapped] : value) {
      if (!first) out += ',';
      first = false;
      const std::string name = KeyText(key);
      if constexpr (NamedEnum<Key>) {
        if (name.empty()) {
          failure.reason = "the enum has no name for a key";
          return false;
        }
      }
      if (!AppendString(name, out)) {
        failure.reason = "a key is not UTF-8";
        return false;
      }
      out += ':';
      if (!JsonMapping<Value>::Write(mapped, out, failure)) return failure.Within(name);
    }
    out += '}';
    return true;
  }
};
template <class... P>
struct JsonMapping<std::map<P...>> : JsonMapMapping<std::map<P...>> {};
template <class... P>
struct JsonMapping<std::unordered_map<P...>> : JsonMapMapping<std::unordered_map<P...>> {};

// A fixed list of elements: an array of just as many.
template <class List>
struct JsonListMapping {
  static constexpr std::size_t kCount = std::tuple_size_v<List>;
  template <std::size_t I>
  using Element = std::tuple_element_t<I, List>;

  static bool Read(JsonReader& in, const JsonOptions& options, JsonValue& value, List& out) {
    std::size_t count = 0;
    const bool read = in.ForEachElement(value, [&](JsonValue& element) {
      const std::size_t index = count++;
      if (index >= kCount) return in.Fail(element, CountText());
      return ReadAt(in, options, element, index, out, std::make_index_sequence<kCount>()) ||
             in.Within(index);
    });
    return read && (count == kCount || in.Fail(value, CountText()));
  }
  static bool Write(const List& value, std::string& out, JsonWriteFailure& failure) {
    out += '[';
    const bool written = WriteAll(value, out, failure, std::make_index_sequence<kCount>());
    out += ']';
    return written;
  }

 private:
  static std::string CountText() {
    return "expected an array of " + std::to_string(kCount) + " elements";
  }
  template <std::size_t... I>
  static bool ReadAt(JsonReader& in, const JsonOptions& options, JsonValue& value,
                     std::size_t index, List& out, std::index_sequence<I...>) {
    bool read = true;
    (void)((I == index &&
            ((read = JsonMapping<Element<I>>::Read(in, options, value, std::get<I>(out))), true)) ||
           ...);
    return read;
  }
  template <std::size_t... I>
  static bool WriteAll(const List& value, std::string& out, JsonWriteFailure& failure,
                       std::index_sequence<I...>) {
    return (
        ((I == 0 || (out += ',', true)) &&
         (JsonMapping<Element<I>>::Write(std::get<I>(value), out, failure) || failure.Within(I))) &&
        ...);
  }
};
template <class... T>
struct JsonMapping<std::tuple<T...>> : JsonListMapping<std::tuple<T...>> {};
template <class A, class B>
struct JsonMapping<std::pair<A, B>> : JsonListMapping<std::pair<A, B>> {};
template <class T, std::size_t N>
struct JsonMapping<std::array<T, N>> : JsonListMapping<std::array<T, N>> {};

}  // namespace weir::json::internal
