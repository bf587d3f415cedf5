// Configuration: the values of the settings in one process or for one job, and where each comes
// from.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

#include "common/setting.h"
#include "common/setting_registry.h"

namespace weir {

// A value type. Reading it from several threads is safe while nobody writes. Everything in it has
// been checked against the registry, so reading cannot fail.
class Configuration {
 public:
  struct Entry {
    std::string key;
    std::string text;    // as it was written
    std::string origin;  // "conf/config.yaml:7", "WEIR_PROPERTIES line 2", "-Drest.port", "set by
                         // the program"
  };

  // `registry` lives as long as the configuration and its copies.
  explicit Configuration(std::span<const SettingDescription* const> registry = ListSettings())
      : registry_(registry) {}

  // The value, or the default. A setting that is unset and has no default is a programmer error
  // (aborts): use Find.
  template <class T>
  T Get(const Setting<T>& setting) const;

  // The value, or the default, or nothing.
  template <class T>
  std::optional<T> Find(const Setting<T>& setting) const;

  // Whether a value was given (the default does not count), and where.
  bool IsSet(const SettingDescription& setting) const { return FindEntry(setting.key) != nullptr; }
  std::string OriginOf(const SettingDescription& setting) const;

  // Sets or replaces a value from text. An unknown key (with the nearest known one) or a wrong
  // value is INVALID_ARGUMENT that begins with `origin` and names the key.
  Status Set(std::string_view key, std::string_view text,
             std::string_view origin = "set by the program");
  // As above for a known setting.
  Status Set(const SettingDescription& setting, std::string_view text) {
    return Set(setting.key, text);
  }

  // Takes over every value of `other` (same registry), replacing ours: a job's configuration over
  // the cluster's.
  void MergeFrom(const Configuration& other);

  // All given values, sorted by key.
  std::vector<Entry> Entries() const;

  // All given values as the lines of WEIR_PROPERTIES, so that a child process can be handed this
  // configuration.
  std::string ToProperties() const;

 private:
  struct Value {
    std::string text;
    std::string origin;
  };

  const Value* FindEntry(std::string_view key) const;
  // The text to read a value from: given or default; none if neither.
  std::optional<std::string_view> FindText(const SettingDescription& setting) const;

  std::span<const SettingDescription* const> registry_;
  std::map<std::string, Value, std::less<>> values_;
};

namespace internal {

// Read a checked text; one that cannot be read aborts.
void ReadSettingValue(std::string_view text, const SettingDescription& setting, std::string& out);
void ReadSettingValue(std::string_view text, const SettingDescription& setting, bool& out);
void ReadSettingValue(std::string_view text, const SettingDescription& setting, std::int64_t& out);
void ReadSettingValue(std::string_view text, const SettingDescription& setting, double& out);
void ReadSettingValue(std::string_view text, const SettingDescription& setting,
                      std::chrono::milliseconds& out);
void ReadSettingValue(std::string_view text, const SettingDescription& setting, MemorySize& out);
void ReadSettingValue(std::string_view text, const SettingDescription& setting,
                      std::vector<std::string>& out);
// The position of the name in `setting.enum_names`.
std::size_t ReadSettingEnum(std::string_view text, const SettingDescription& setting);
[[noreturn]] void AbortWithoutValue(const SettingDescription& setting);

}  // namespace internal

template <class T>
std::optional<T> Configuration::Find(const Setting<T>& setting) const {
  const std::optional<std::string_view> text = FindText(setting);
  if (!text) return std::nullopt;
  if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(internal::ReadSettingEnum(*text, setting));
  } else {
    T value{};
    internal::ReadSettingValue(*text, setting, value);
    return value;
  }
}

template <class T>
T Configuration::Get(const Setting<T>& setting) const {
  std::optional<T> value = Find(setting);
  if (!value) internal::AbortWithoutValue(setting);
  return *std::move(value);
}

}  // namespace weir
