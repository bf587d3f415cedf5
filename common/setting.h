// Setting: the declaration of one configuration key. The list of them all is common/settings.h.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <weir/status.h>

#include "common/configuration_value.h"

namespace weir {

enum class SettingType { kString, kBool, kInteger, kDouble, kDuration, kMemorySize, kList, kEnum };
std::string_view ToString(SettingType type);

// What users may rely on.
enum class SettingStability {
  kStable,        // keeps key and meaning within a major version
  kEvolving,      // may change in a minor version, with a note
  kExperimental,  // may vanish
};
std::string_view ToString(SettingStability stability);

// An enum becomes usable in a setting by specializing this with `static constexpr
// std::array<std::string_view, N> names`: the names of its enumerators 0, 1, …, N-1 as the
// configuration writes them.
template <class Enum>
struct SettingEnum;

// Whether `default_text` is a value or there is none.
enum class SettingDefault { kValue, kNone };

// A setting without its C++ type: what the loader and the documentation need. Declared constexpr,
// never changed.
struct SettingDescription {
  std::string_view key;
  SettingType type = SettingType::kString;
  std::string_view default_text;  // as the configuration file would write it
  SettingDefault has_default = SettingDefault::kValue;
  SettingStability stability = SettingStability::kStable;
  std::string_view description;
  // Bounds (inclusive) of an integer, of a duration in milliseconds, of a size in bytes.
  std::int64_t minimum = 0;
  std::int64_t maximum = INT64_MAX;
  std::span<const std::string_view> enum_names = {};
};

// Ok if `text` is a value of the setting's type within its bounds; else INVALID_ARGUMENT "'key' is
// 'text'; expected …".
Status CheckSettingText(const SettingDescription& setting, std::string_view text);

// "an integer from 0 to 65535", "a duration such as '10 s'", "one of none, fixed-delay".
std::string ExpectedValue(const SettingDescription& setting);

namespace internal {

template <class T>
constexpr SettingType SettingTypeOf() {
  if constexpr (std::is_same_v<T, std::string>) return SettingType::kString;
  if constexpr (std::is_same_v<T, bool>) return SettingType::kBool;
  if constexpr (std::is_same_v<T, std::int64_t>) return SettingType::kInteger;
  if constexpr (std::is_same_v<T, double>) return SettingType::kDouble;
  if constexpr (std::is_same_v<T, std::chrono::milliseconds>) return SettingType::kDuration;
  if constexpr (std::is_same_v<T, MemorySize>) return SettingType::kMemorySize;
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return SettingType::kList;
  if constexpr (std::is_enum_v<T>) return SettingType::kEnum;
}

template <class T>
constexpr std::span<const std::string_view> SettingEnumNamesOf() {
  if constexpr (std::is_enum_v<T>) {
    return SettingEnum<T>::names;
  } else {
    return {};
  }
}

}  // namespace internal

// T is std::string, bool, std::int64_t, double, std::chrono::milliseconds, MemorySize,
// std::vector<std::string> or an enum with SettingEnum.
template <class T>
struct Setting : SettingDescription {
  struct Declaration {
    std::string_view key;
    std::string_view default_text = {};
    SettingDefault has_default = SettingDefault::kValue;
    SettingStability stability = SettingStability::kStable;
    std::int64_t minimum = 0;
    std::int64_t maximum = INT64_MAX;
    std::string_view description;
  };

  explicit constexpr Setting(const Declaration& declaration)
      : SettingDescription{.key = declaration.key,
                           .type = internal::SettingTypeOf<T>(),
                           .default_text = declaration.default_text,
                           .has_default = declaration.has_default,
                           .stability = declaration.stability,
                           .description = declaration.description,
                           .minimum = declaration.minimum,
                           .maximum = declaration.maximum,
                           .enum_names = internal::SettingEnumNamesOf<T>()} {}
};

}  // namespace weir
