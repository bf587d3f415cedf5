#include "common/configuration.h"

#include "common/edit_distance.h"
#include "common/text.h"

namespace weir {

namespace {

Status UnknownKey(std::string_view key, std::span<const SettingDescription* const> registry) {
  std::vector<std::string_view> keys;
  for (const SettingDescription* setting : registry) keys.push_back(setting->key);
  const std::string_view nearest = NearestWord(key, keys);
  const std::string hint =
      nearest.empty() ? std::string() : Concat("; did you mean '", nearest, "'?");
  return Status::InvalidArgument(Concat("unknown key '", key, "'", hint));
}

}  // namespace

std::string Configuration::OriginOf(const SettingDescription& setting) const {
  const Value* value = FindEntry(setting.key);
  return value != nullptr ? value->origin : "default";
}

Status Configuration::Set(std::string_view key, std::string_view text, std::string_view origin) {
  const SettingDescription* setting = FindSetting(registry_, key);
  const Status checked =
      setting == nullptr ? UnknownKey(key, registry_) : CheckSettingText(*setting, text);
  if (!checked.ok()) return checked.WithContext(origin);
  values_.insert_or_assign(std::string(key), Value{std::string(text), std::string(origin)});
  return Status();
}

void Configuration::MergeFrom(const Configuration& other) {
  for (const auto& [key, value] : other.values_) values_.insert_or_assign(key, value);
}

std::vector<Configuration::Entry> Configuration::Entries() const {
  std::vector<Entry> entries;
  for (const auto& [key, value] : values_) entries.push_back({key, value.text, value.origin});
  return entries;
}

std::string Configuration::ToProperties() const {
  std::string lines;
  for (const auto& [key, value] : values_) {
    // Quotes keep what reading would take off: blanks at the ends, and other quotes.
    const std::string& text = value.text;
    const bool quote =
        Trim(text) != text || text.empty() || text.starts_with('"') || text.starts_with('\'');
    lines += Concat(key, ": ", quote ? "\"" : "", text, quote ? "\"" : "", "\n");
  }
  return lines;
}

const Configuration::Value* Configuration::FindEntry(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

std::optional<std::string_view> Configuration::FindText(const SettingDescription& setting) const {
  if (const Value* value = FindEntry(setting.key)) return value->text;
  if (setting.has_default == SettingDefault::kNone) return std::nullopt;
  return setting.default_text;
}

}  // namespace weir
