// The registry: all settings as one list, for loading, checking and documenting them.
//
// The declarations are in common/settings.h; most code includes only that and
// common/configuration.h.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/setting.h"

namespace weir {

// All settings, in the order of the documentation. They live until the process ends.
std::span<const SettingDescription* const> ListSettings();

// The setting with this key; null if there is none.
const SettingDescription* FindSetting(std::span<const SettingDescription* const> registry,
                                      std::string_view key);

// The settings as a Markdown table: the content of docs/configuration.md after its introduction.
std::string SettingsAsMarkdown(std::span<const SettingDescription* const> registry);

}  // namespace weir
