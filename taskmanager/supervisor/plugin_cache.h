// Plugins on this TaskManager's disk, by content hash.
#pragma once

#include <cstdint>
#include <string>

#include <weir/status.h>

#include "common/file_system.h"
#include "taskmanager/session/job_manager_client.h"

namespace weir::supervisor {

// Where the supervisor gets plugins from. One thread at a time.
class PluginSource {
 public:
  virtual ~PluginSource() = default;
  // The path of the plugin with this content. May block.
  virtual Result<std::string> Fetch(const std::string& content_hash, std::uint64_t size_bytes) = 0;
};

class PluginCache final : public PluginSource {
 public:
  // Keeps plugins as `directory`/<content hash>.so. The client outlives the cache.
  PluginCache(std::string directory, FileSystem& files, session::JobManagerClient& client);

  // The path of the plugin, fetched from the JobManager if it is not here yet. Blocks. What arrives
  // is written beside its place, checked against size and hash, and only then moved there:
  // Corruption when it is not what was named.
  Result<std::string> Fetch(const std::string& content_hash, std::uint64_t size_bytes) override;

 private:
  Status Download(const std::string& content_hash, std::uint64_t size_bytes,
                  const std::string& path);

  const std::string directory_;
  FileSystem& files_;
  session::JobManagerClient& client_;
};

}  // namespace weir::supervisor
