#include "common/configuration_loader.h"

#include <cstdlib>
#include <map>

#include <yaml-cpp/yaml.h>

#include "common/text.h"

namespace weir {

namespace {

// A real configuration has some hundred lines.
constexpr std::int64_t kMostFileBytes = 4 << 20;

// Collects the values of one source and the errors of all.
class Collector {
 public:
  explicit Collector(Configuration& configuration) : configuration_(configuration) {}

  void Fail(std::string_view origin, std::string_view what) {
    errors_.push_back(Concat(origin, ": ", what));
  }

  void Set(std::string_view key, std::string_view text, const std::string& origin) {
    const Status set = configuration_.Set(key, text, origin);
    if (!set.ok()) errors_.push_back(set.message());
  }

  // As Set, for a source in which each key stands once; `origins` are those that stood there
  // before.
  void SetOnce(std::string_view key, std::string_view text, const std::string& origin,
               std::map<std::string, std::string, std::less<>>& origins) {
    const auto [earlier, is_first] = origins.emplace(key, origin);
    if (is_first) return Set(key, text, origin);
    Fail(origin, Concat("'", key, "' is given a second time (first: ", earlier->second, ")"));
  }

  Status status() const {
    return errors_.empty() ? Status() : Status::InvalidArgument(Join(errors_, "\n"));
  }

 private:
  Configuration& configuration_;
  std::vector<std::string> errors_;
};

class YamlReader {
 public:
  YamlReader(const std::string& file, std::span<const SettingDescription* const> registry,
             Collector& collector)
      : file_(file), registry_(registry), collector_(collector) {}

  void Read(const std::string& content) {
    try {
      const std::vector<YAML::Node> documents = YAML::LoadAll(content);
      if (documents.empty() || documents[0].IsNull()) return;
      if (documents.size() > 1) return Fail(documents[1], "a second YAML document");
      if (!documents[0].IsMap()) return Fail(documents[0], "expected a map of settings");
      ReadMap(documents[0], "");
    } catch (const YAML::Exception& error) {
      collector_.Fail(Origin(error.mark), Concat("not YAML: ", error.msg));
    }
  }

 private:
  std::string Origin(const YAML::Mark& mark) const {
    return mark.is_null() ? file_ : Concat(file_, ":", mark.line + 1);
  }
  void Fail(const YAML::Node& node, std::string_view what) {
    collector_.Fail(Origin(node.Mark()), what);
  }

  void ReadMap(const YAML::Node& map, const std::string& prefix) {
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) {
        Fail(entry.first, "a key must be text");
        continue;
      }
      ReadValue(prefix + entry.first.Scalar(), entry.first, entry.second);
    }
  }

  void ReadValue(const std::string& key, const YAML::Node& key_node, const YAML::Node& value) {
    const std::string origin = Origin(key_node.Mark());
    if (value.IsMap()) {
      if (FindSetting(registry_, key) != nullptr) {
        return collector_.Fail(origin, Concat("'", key, "' is a map; expected a value"));
      }
      return ReadMap(value, key + ".");
    }
    if (value.IsScalar()) return collector_.SetOnce(key, value.Scalar(), origin, origins_);
    if (value.IsSequence()) return ReadList(key, origin, value);
    // A section whose lines are all comments is an empty section, not a mistake.
    if (IsSection(key)) return;
    if (FindSetting(registry_, key) != nullptr) {
      return collector_.Fail(origin, Concat("'", key, "' has no value"));
    }
    collector_.SetOnce(key, "", origin, origins_);
  }

  void ReadList(const std::string& key, const std::string& origin, const YAML::Node& list) {
    const SettingDescription* setting = FindSetting(registry_, key);
    if (setting != nullptr && setting->type != SettingType::kList) {
      return collector_.Fail(origin,
                             Concat("'", key, "' is a list; expected ", ExpectedValue(*setting)));
    }
    std::vector<std::string> items;
    for (const YAML::Node& item : list) {
      if (!item.IsScalar()) return Fail(item, Concat("an item of '", key, "' is not a value"));
      if (item.Scalar().find(';') != std::string::npos) {
        return Fail(item, Concat("an item of '", key, "' holds a ';'"));
      }
      items.push_back(item.Scalar());
    }
    collector_.SetOnce(key, Join(items, ";"), origin, origins_);
  }

  bool IsSection(const std::string& key) const {
    const std::string prefix = key + ".";
    for (const SettingDescription* setting : registry_) {
      if (setting->key.starts_with(prefix)) return true;
    }
    return false;
  }

  const std::string& file_;
  const std::span<const SettingDescription* const> registry_;
  Collector& collector_;
  std::map<std::string, std::string, std::less<>> origins_;
};

std::string_view WithoutQuotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == text.back() &&
                      (text.front() == '"' || text.front() == '\'');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

void ReadProperties(std::string_view lines, Collector& collector) {
  std::map<std::string, std::string, std::less<>> origins;
  int number = 0;
  for (std::string_view line : Split(lines, '\n')) {
    ++number;
    line = Trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    const std::string origin = Concat(kPropertiesVariable, " line ", number);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      collector.Fail(origin, Concat("'", line, "' is not of the form 'key: value'"));
      continue;
    }
    collector.SetOnce(Trim(line.substr(0, colon)), WithoutQuotes(Trim(line.substr(colon + 1))),
                      origin, origins);
  }
}

void ReadDefinition(std::string_view definition, Collector& collector) {
  const std::size_t equals = definition.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return collector.Fail(Concat("-D", definition), "expected -Dkey=value");
  }
  const std::string_view key = definition.substr(0, equals);
  collector.Set(key, definition.substr(equals + 1), Concat("-D", key));
}

}  // namespace

std::string PropertiesFromEnvironment() {
  const char* value = std::getenv(kPropertiesVariable);
  return value != nullptr ? value : "";
}

Result<Configuration> LoadConfiguration(const ConfigurationSources& sources, FileSystem& files,
                                        std::span<const SettingDescription* const> registry) {
  Configuration configuration(registry);
  Collector collector(configuration);
  if (!sources.file.empty()) {
    WEIR_ASSIGN_OR_RETURN(const std::string content, files.ReadFile(sources.file, kMostFileBytes));
    YamlReader(sources.file, registry, collector).Read(content);
  }
  ReadProperties(sources.environment, collector);
  for (const std::string& definition : sources.definitions) ReadDefinition(definition, collector);
  WEIR_RETURN_IF_ERROR(collector.status());
  return configuration;
}

}  // namespace weir
