#include "jobmanager/job_configuration.h"

#include <algorithm>
#include <array>

#include "common/settings.h"
#include "common/text.h"

namespace weir::jobmanager {

bool IsJobSetting(std::string_view key) {
  constexpr std::array<std::string_view, 7> kPrefixes{
      "parallelism.",      "pipeline.", "execution.",          "state.",
      "restart-strategy.", "task.",     "taskmanager.network."};
  return key == settings::kSlotRequestTimeout.key ||
         std::ranges::any_of(kPrefixes, [&](auto prefix) { return key.starts_with(prefix); });
}

Status AddJobSettings(const std::map<std::string, std::string>& settings, std::string_view origin,
                      Configuration& configuration) {
  for (const auto& [key, text] : settings) {
    Configuration with_it = configuration;
    WEIR_RETURN_IF_ERROR(with_it.Set(key, text, origin));
    if (!IsJobSetting(key)) {
      return Status::InvalidArgument(Concat(origin, ": '", key,
                                            "' is a setting of the cluster and cannot be set for "
                                            "one job"));
    }
    configuration = std::move(with_it);
  }
  return Status::Ok();
}

std::map<std::string, std::string> JobSettingsOf(const Configuration& configuration) {
  std::map<std::string, std::string> settings;
  for (const Configuration::Entry& entry : configuration.Entries()) {
    if (IsJobSetting(entry.key)) settings[entry.key] = entry.text;
  }
  return settings;
}

JobTimings TimingsOf(JobTimings cluster, const Configuration& configuration) {
  if (configuration.IsSet(settings::kSlotRequestTimeout)) {
    cluster.slot_request_timeout_ms = configuration.Get(settings::kSlotRequestTimeout).count();
  }
  if (configuration.IsSet(settings::kTaskCancellationTimeout)) {
    cluster.cancellation_timeout_ms = configuration.Get(settings::kTaskCancellationTimeout).count();
  }
  return cluster;
}

}  // namespace weir::jobmanager
