#include "common/setting_registry.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "common/settings.h"
#include "common/text.h"

namespace weir {

namespace settings {
namespace {

constexpr auto kUpToRocksDb = std::to_array<const SettingDescription*>({
    &kJobManagerRpcAddress,
    &kJobManagerRpcPort,
    &kJobManagerBindHost,
    &kJobManagerWorkerLeaseDuration,
    &kRestAddress,
    &kRestPort,
    &kRestBindAddress,
    &kTaskManagerHost,
    &kTaskManagerBindHost,
    &kTaskManagerDataPort,
    &kTaskManagerSlots,
    &kTaskManagerId,
    &kTaskManagerMemoryProcessSize,
    &kCreditsPerChannel,
    &kOverdraftBuffers,
    &kParallelism,
    &kMaxParallelism,
    &kOperatorChaining,
    &kMaximumBatchRecords,
    &kAutoWatermarkInterval,
    &kBufferTimeout,
    &kCheckpointingInterval,
    &kCheckpointingDirectory,
    &kCheckpointingMode,
    &kCheckpointingTimeout,
    &kCheckpointingMinPause,
    &kCheckpointingMaxConcurrent,
    &kCheckpointingTolerableFailures,
    &kCheckpointingNumberRetained,
    &kCheckpointingRetention,
    &kCheckpointingInlineThreshold,
    &kCheckpointingUnaligned,
    &kCheckpointingAlignedTimeout,
    &kCheckpointingMaximumChannelState,
    &kCheckpointingIncremental,
    &kStateBackend,
    &kRocksDbLocalDirectory,
    &kManagedMemoryFraction,
    &kRocksDbMemory,
    &kRocksDbWriteBufferRatio,
    &kRocksDbHighPriorityPoolRatio,
    &kRocksDbThreads,
    &kRocksDbCacheEntries,
    &kRocksDbCacheOverdraftEntries,
    &kRocksDbWriteBufferSize,
    &kRocksDbWriteBufferCount,
    &kRocksDbWriteBuffersToMerge,
    &kRocksDbBlockSize,
    &kRocksDbUseBloomFilter,
    &kRocksDbBloomFilterBits,
    &kRocksDbCompactionStyle,
    &kRocksDbTargetFileSize,
    &kRocksDbMaxLevelSize,
    &kRocksDbDynamicLevelSize,
    &kRocksDbCompression,
    &kRocksDbOpenFiles,
    &kRocksDbWriteBatchSize,
});

constexpr auto kFromFailoverOn = std::to_array<const SettingDescription*>({
    &kFailoverStrategy,
    &kRestartStrategy,
    &kFixedDelayAttempts,
    &kFixedDelay,
    &kFailureRateMaxFailures,
    &kFailureRateInterval,
    &kFailureRateDelay,
    &kExponentialDelayInitialBackoff,
    &kExponentialDelayMaxBackoff,
    &kExponentialDelayMultiplier,
    &kExponentialDelayResetThreshold,
    &kExponentialDelayJitter,
    &kExponentialDelayAttempts,
    &kHeartbeatInterval,
    &kHeartbeatTimeout,
    &kSlotRequestTimeout,
    &kTaskCancellationTimeout,
    &kTaskStuckThreshold,
    &kWebUploadDirectory,
    &kWebUploadMaxSize,
    &kWebExceptionHistorySize,
    &kProcessWorkingDirectory,
    &kLogDirectory,
    &kLogLevel,
    &kLogFormat,
    &kAllowUnauthenticatedRemote,
    &kHighAvailability,
    &kHighAvailabilityStorageDirectory,
    &kHighAvailabilityClusterId,
});

template <class... Lists>
consteval auto InOneList(const Lists&... lists) {
  std::array<const SettingDescription*, (std::tuple_size_v<Lists> + ...)> all{};
  auto next = all.begin();
  ((next = std::ranges::copy(lists, next).out), ...);
  return all;
}

constexpr auto kAllSettings = InOneList(kUpToRocksDb, kRocksDbMetrics, kFromFailoverOn);

}  // namespace
}  // namespace settings

std::span<const SettingDescription* const> ListSettings() {
  return settings::kAllSettings;
}

const SettingDescription* FindSetting(std::span<const SettingDescription* const> registry,
                                      std::string_view key) {
  for (const SettingDescription* setting : registry) {
    if (setting->key == key) return setting;
  }
  return nullptr;
}

std::string SettingsAsMarkdown(std::span<const SettingDescription* const> registry) {
  std::string table =
      "| Key | Default | Value | Stability | Description |\n"
      "| --- | --- | --- | --- | --- |\n";
  for (const SettingDescription* setting : registry) {
    const bool has_default = setting->has_default == SettingDefault::kValue;
    table += Concat("| `", setting->key, "` | ",
                    has_default ? Concat("`", setting->default_text, "`") : std::string("none"),
                    " | ", ExpectedValue(*setting), " | ", ToString(setting->stability), " | ",
                    setting->description, " |\n");
  }
  return table;
}

}  // namespace weir
