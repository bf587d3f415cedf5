#include "taskmanager/state/store_restore.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/file_system.h"

namespace weir::state {
namespace {

struct Part {
  const StoredTable* table;
  const StoredShard* shard;
  std::uint32_t wanted_groups;  // that the store has too
};

std::uint32_t WantedGroups(const internal::KeyGroupRange& range, const StoredShard& shard) {
  const std::uint32_t first = std::max(range.first, shard.first_key_group);
  const std::uint32_t end =
      std::min(range.first + range.count, shard.first_key_group + shard.key_group_count);
  return first < end ? end - first : 0;
}

// Every key group of the range is in exactly one part of each table.
Status CheckCoverage(const internal::KeyGroupRange& range, std::span<const StoreSnapshot> snapshots,
                     const std::vector<Part>& parts) {
  std::map<std::string_view, std::vector<std::uint32_t>>
      found;  // by state: how often each is there
  for (const StoreSnapshot& snapshot : snapshots) {
    for (const StoredTable& table : snapshot.tables) found[table.state].resize(range.count);
  }
  for (const Part& part : parts) {
    std::vector<std::uint32_t>& groups = found[part.table->state];
    for (std::uint32_t i = 0; i < part.shard->key_group_count; ++i) {
      const std::uint32_t group = part.shard->first_key_group + i;
      if (range.Contains(group)) ++groups[group - range.first];
    }
  }
  for (const auto& [state, groups] : found) {
    for (std::uint32_t i = 0; i < range.count; ++i) {
      if (groups[i] == 1) continue;
      return Status::Corruption("key group " + std::to_string(range.first + i) +
                                " of keyed state '" + std::string(state) +
                                (groups[i] == 0 ? "' is in no part of the checkpoint"
                                                : "' is in two parts of the checkpoint"));
    }
  }
  return Status::Ok();
}

Status FetchAndImport(RocksDbStore& store, const SharedFiles& shared, const Part& part,
                      const std::string& scratch) {
  WEIR_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(scratch));
  std::vector<std::string> paths;
  for (const StoredFile& file : part.shard->files) {
    std::string path = scratch + "/" + std::to_string(paths.size()) + ".sst";
    WEIR_RETURN_IF_ERROR(shared.Download(file.shared, path)
                             .WithContext("restoring keyed state '" + part.table->state + "'"));
    paths.push_back(std::move(path));
  }
  return store.Import(*part.table, *part.shard, paths);
}

Status RestoreParts(RocksDbStore& store, const SharedFiles& shared, const std::vector<Part>& parts,
                    const std::string& scratch) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string directory = scratch + "/" + std::to_string(i);
    WEIR_RETURN_IF_ERROR(FetchAndImport(store, shared, parts[i], directory));
  }
  return Status::Ok();
}

}  // namespace

Result<StoreUploads::FilesByNumber> RestoreStore(RocksDbStore& store, const SharedFiles& shared,
                                                 std::span<const StoreSnapshot> snapshots,
                                                 const std::string& scratch) {
  std::vector<Part> parts;
  std::unordered_map<std::string_view, const SharedFile*> shared_files;  // by unique id
  for (const StoreSnapshot& snapshot : snapshots) {
    for (const StoredTable& table : snapshot.tables) {
      WEIR_RETURN_IF_ERROR(store.AddRestored(table));
      for (const StoredShard& shard : table.shards) {
        const std::uint32_t wanted = WantedGroups(store.range(), shard);
        if (wanted == 0) continue;
        parts.push_back({&table, &shard, wanted});
        for (const StoredFile& file : shard.files) {
          shared_files[file.table_file.unique_id] = &file.shared;
        }
      }
    }
  }
  WEIR_RETURN_IF_ERROR(CheckCoverage(store.range(), snapshots, parts));
  // What comes first of a shard is taken over, the rest is copied.
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.wanted_groups > b.wanted_groups; });
  const Status restored = RestoreParts(store, shared, parts, scratch);
  const Status removed = LocalFileSystem().RemoveRecursively(scratch);
  WEIR_RETURN_IF_ERROR(restored);
  WEIR_RETURN_IF_ERROR(removed);
  StoreUploads::FilesByNumber files;
  for (const auto& [id, number] : store.imported_files()) {
    if (const auto found = shared_files.find(id); found != shared_files.end()) {
      files.emplace(number, *found->second);
    }
  }
  return files;
}

}  // namespace weir::state
