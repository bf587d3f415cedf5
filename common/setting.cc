#include "common/setting.h"

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "common/configuration.h"
#include "common/text.h"

namespace weir {

namespace {

std::optional<std::size_t> FindEnumName(const SettingDescription& setting, std::string_view text) {
  const std::string name = ToLower(text);
  for (std::size_t i = 0; i < setting.enum_names.size(); ++i) {
    if (ToLower(setting.enum_names[i]) == name) return i;
  }
  return std::nullopt;
}

std::optional<bool> FindBool(std::string_view text) {
  const std::string name = ToLower(text);
  if (name == "true") return true;
  if (name == "false") return false;
  return std::nullopt;
}

// Whether the text is of the type and, where the type has bounds, within them.
bool IsValid(const SettingDescription& setting, std::string_view text) {
  const auto within = [&](const Result<std::int64_t>& number) {
    return number.ok() && *number >= setting.minimum && *number <= setting.maximum;
  };
  switch (setting.type) {
    case SettingType::kString:
    case SettingType::kList:
      return true;
    case SettingType::kBool:
      return FindBool(text).has_value();
    case SettingType::kInteger:
      return within(ParseInt64(text));
    case SettingType::kDouble:
      return ParseDouble(text).ok();
    case SettingType::kDuration: {
      const Result<std::chrono::milliseconds> duration = ParseDuration(text);
      return duration.ok() && within(std::int64_t{duration->count()});
    }
    case SettingType::kMemorySize: {
      const Result<MemorySize> size = ParseMemorySize(text);
      return size.ok() && within(size->bytes);
    }
    case SettingType::kEnum:
      return FindEnumName(setting, text).has_value();
  }
  return false;
}

// " of at least …", " from … to …" or nothing; `format` writes a bound.
template <class Format>
std::string Bounds(const SettingDescription& setting, Format format) {
  const bool above = setting.minimum != INT64_MIN && setting.minimum != 0;
  if (setting.maximum != INT64_MAX) {
    return Concat(" from ", format(setting.minimum), " to ", format(setting.maximum));
  }
  return above ? Concat(" of at least ", format(setting.minimum)) : std::string();
}

std::string FormatMillis(std::int64_t millis) {
  return FormatDuration(std::chrono::milliseconds(millis));
}
std::string FormatBytes(std::int64_t bytes) {
  return MemorySize{bytes}.ToString();
}

[[noreturn]] void AbortUnchecked(std::string_view text, const SettingDescription& setting) {
  std::fprintf(stderr, "setting %s was read from unchecked text '%s'\n",
               std::string(setting.key).c_str(), std::string(text).c_str());
  std::abort();
}

}  // namespace

std::string_view ToString(SettingType type) {
  switch (type) {
    case SettingType::kString:
      return "text";
    case SettingType::kBool:
      return "true or false";
    case SettingType::kInteger:
      return "integer";
    case SettingType::kDouble:
      return "number";
    case SettingType::kDuration:
      return "duration";
    case SettingType::kMemorySize:
      return "memory size";
    case SettingType::kList:
      return "list";
    case SettingType::kEnum:
      return "choice";
  }
  return "unknown";
}

std::string_view ToString(SettingStability stability) {
  switch (stability) {
    case SettingStability::kStable:
      return "stable";
    case SettingStability::kEvolving:
      return "evolving";
    case SettingStability::kExperimental:
      return "experimental";
  }
  return "unknown";
}

std::string ExpectedValue(const SettingDescription& setting) {
  switch (setting.type) {
    case SettingType::kString:
      return "text on one line";
    case SettingType::kBool:
      return "true or false";
    case SettingType::kInteger:
      // Zero is worth saying here: nobody expects a negative duration, but a negative number is
      // one.
      if (setting.minimum == 0 && setting.maximum == INT64_MAX) return "an integer of at least 0";
      return "an integer" + Bounds(setting, [](std::int64_t bound) { return Concat(bound); });
    case SettingType::kDouble:
      return "a number";
    case SettingType::kDuration:
      return Concat("a duration", Bounds(setting, FormatMillis), ", such as '10 s'");
    case SettingType::kMemorySize:
      return Concat("a memory size", Bounds(setting, FormatBytes), ", such as '64 mb'");
    case SettingType::kList:
      return "a list such as 'a;b'";
    case SettingType::kEnum:
      return Concat("one of ", Join(setting.enum_names, ", "));
  }
  return "a value";
}

Status CheckSettingText(const SettingDescription& setting, std::string_view text) {
  constexpr std::string_view kNotOnOneLine("\n\r\0", 3);
  if (text.find_first_of(kNotOnOneLine) != std::string_view::npos) {
    return Status::InvalidArgument(
        Concat("'", setting.key, "' is more than one line; expected ", ExpectedValue(setting)));
  }
  if (IsValid(setting, text)) return Status();
  return Status::InvalidArgument(
      Concat("'", setting.key, "' is '", text, "'; expected ", ExpectedValue(setting)));
}

namespace internal {

void ReadSettingValue(std::string_view text, const SettingDescription&, std::string& out) {
  out = text;
}

void ReadSettingValue(std::string_view text, const SettingDescription& setting, bool& out) {
  const std::optional<bool> value = FindBool(text);
  if (!value) AbortUnchecked(text, setting);
  out = *value;
}

void ReadSettingValue(std::string_view text, const SettingDescription& setting, std::int64_t& out) {
  const Result<std::int64_t> value = ParseInt64(text);
  if (!value.ok()) AbortUnchecked(text, setting);
  out = *value;
}

void ReadSettingValue(std::string_view text, const SettingDescription& setting, double& out) {
  const Result<double> value = ParseDouble(text);
  if (!value.ok()) AbortUnchecked(text, setting);
  out = *value;
}

void ReadSettingValue(std::string_view text, const SettingDescription& setting,
                      std::chrono::milliseconds& out) {
  const Result<std::chrono::milliseconds> value = ParseDuration(text);
  if (!value.ok()) AbortUnchecked(text, setting);
  out = *value;
}

void ReadSettingValue(std::string_view text, const SettingDescription& setting, MemorySize& out) {
  const Result<MemorySize> value = ParseMemorySize(text);
  if (!value.ok()) AbortUnchecked(text, setting);
  out = *value;
}

void ReadSettingValue(std::string_view text, const SettingDescription&,
                      std::vector<std::string>& out) {
  out.clear();
  if (Trim(text).empty()) return;
  for (const std::string_view item : Split(text, ';')) out.emplace_back(Trim(item));
}

std::size_t ReadSettingEnum(std::string_view text, const SettingDescription& setting) {
  const std::optional<std::size_t> index = FindEnumName(setting, text);
  if (!index) AbortUnchecked(text, setting);
  return *index;
}

void AbortWithoutValue(const SettingDescription& setting) {
  std::fprintf(stderr, "setting %s has neither a value nor a default\n",
               std::string(setting.key).c_str());
  std::abort();
}

}  // namespace internal

}  // namespace weir
