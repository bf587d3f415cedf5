#include "common/state_backend_settings.h"

#include <algorithm>

#include "common/configuration.h"
#include "common/settings.h"
#include "common/text.h"

namespace weir {
namespace {

Status Refuse(const SettingDescription& setting, std::string_view why) {
  return Status(StatusCode::kInvalidArgument, Concat("'", setting.key, "' ", why),
                ErrorDomain::kUser, RetryHint::kNoRetry);
}

}  // namespace

Status CheckStateBackendSettings(const Configuration& configuration) {
  using namespace settings;  // NOLINT: every line below reads one
  const double managed = configuration.Get(kManagedMemoryFraction);
  if (!(managed > 0 && managed < 1)) {
    return Refuse(kManagedMemoryFraction, "is not between 0 and 1");
  }
  const double write_buffers = configuration.Get(kRocksDbWriteBufferRatio);
  const double high_priority = configuration.Get(kRocksDbHighPriorityPoolRatio);
  if (!(write_buffers > 0 && write_buffers < 1)) {
    return Refuse(kRocksDbWriteBufferRatio, "is not between 0 and 1");
  }
  if (!(high_priority >= 0 && write_buffers + high_priority < 1)) {
    return Refuse(kRocksDbHighPriorityPoolRatio,
                  Concat("and '", kRocksDbWriteBufferRatio.key, "' together are not below 1"));
  }
  if (configuration.Get(kRocksDbWriteBuffersToMerge) >=
      configuration.Get(kRocksDbWriteBufferCount)) {
    return Refuse(kRocksDbWriteBuffersToMerge,
                  Concat("is not below '", kRocksDbWriteBufferCount.key, "'"));
  }
  const double bits = configuration.Get(kRocksDbBloomFilterBits);
  if (!(bits >= 1 && bits <= 64)) return Refuse(kRocksDbBloomFilterBits, "is not from 1 to 64");
  if (configuration.Get(kRocksDbMaxLevelSize).bytes <
      configuration.Get(kRocksDbTargetFileSize).bytes) {
    return Refuse(kRocksDbMaxLevelSize, Concat("is below '", kRocksDbTargetFileSize.key, "'"));
  }
  if (configuration.Get(kRocksDbOpenFiles) == 0) {
    return Refuse(kRocksDbOpenFiles, "is neither -1 nor positive");
  }
  for (const std::string& name : configuration.Get(kRocksDbCompression)) {
    if (std::ranges::find(kRocksDbCompressionNames, name) != kRocksDbCompressionNames.end()) {
      continue;
    }
    return Refuse(kRocksDbCompression, Concat("has '", name, "'; expected one of ",
                                              Join(kRocksDbCompressionNames, ", ")));
  }
  if (const auto directory = configuration.Find(kRocksDbLocalDirectory);
      directory && !directory->starts_with('/')) {
    return Refuse(kRocksDbLocalDirectory,
                  Concat("is '", *directory, "'; expected an absolute path"));
  }
  return Status::Ok();
}

}  // namespace weir
