#include "jobmanager/ha/open_metadata_store.h"

#include <utility>

#include <unistd.h>

#include <weir/version.h>

#include "common/settings.h"
#include "common/text.h"
#include "jobmanager/ha/file_metadata_store.h"

namespace weir::ha {
namespace {

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown host";
}

Result<std::string> DirectoryOf(const Configuration& configuration) {
  const std::string_view key = settings::kHighAvailabilityStorageDirectory.key;
  std::string directory =
      configuration.Find(settings::kHighAvailabilityStorageDirectory).value_or("");
  if (directory.empty()) {
    return Status::InvalidArgument(
        Concat("high-availability.type is file, so '", key, "' must name a folder"));
  }
  constexpr std::string_view kScheme = "file://";
  if (directory.starts_with(kScheme)) directory.erase(0, kScheme.size());
  if (!directory.starts_with('/')) {
    return Status::InvalidArgument(
        Concat(key, " is '", directory, "': give an absolute path or file:///path"));
  }
  const std::string cluster_id = configuration.Get(settings::kHighAvailabilityClusterId);
  if (cluster_id.empty() || cluster_id.starts_with('.') ||
      cluster_id.find('/') != std::string::npos) {
    return Status::InvalidArgument(Concat("high-availability.cluster-id is '", cluster_id,
                                          "': it names a folder of the metadata store and cannot "
                                          "be empty, begin with a dot or have a slash"));
  }
  return Concat(directory, "/", cluster_id);
}

}  // namespace

Result<std::unique_ptr<MetadataStore>> OpenMetadataStore(const Configuration& configuration,
                                                         FileSystem& files, Clock& clock) {
  if (configuration.Get(settings::kHighAvailability) == HighAvailabilityType::kNone) {
    return std::unique_ptr<MetadataStore>();
  }
  WEIR_ASSIGN_OR_RETURN(const std::string directory, DirectoryOf(configuration));
  proto::LeaderRecord leader;
  leader.set_host(HostName());
  leader.set_process_id(static_cast<std::int32_t>(::getpid()));
  leader.set_start_time_ms(clock.WallMillis());
  leader.set_software_version(WEIR_VERSION);
  leader.set_lease_ms(configuration.Get(settings::kJobManagerWorkerLeaseDuration).count());
  auto store =
      std::make_unique<FileMetadataStore>(files, directory, FileMetadataStore::kMostResults);
  WEIR_RETURN_IF_ERROR(store->Open(std::move(leader)));
  return std::unique_ptr<MetadataStore>(std::move(store));
}

}  // namespace weir::ha
