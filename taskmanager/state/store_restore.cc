#include "taskmanager/state/store_restore.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/file_system.h"
#include "common/logging.h"
#include "common/mutex.h"

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

// The files of all parts. Each is fetched by one thread: the one that restores, or those that help.
class Fetch {
 public:
  struct File {
    const SharedFile* from;
    std::string to;
    std::string state;  // for errors
  };

  Fetch(const SharedFiles& shared, std::vector<File> files)
      : shared_(shared), files_(std::move(files)) {}

  // Until all have begun. A thread that comes when they have, however late, touches nothing else.
  void Help() WEIR_EXCLUDES(mutex_) {
    for (;;) {
      std::size_t next = 0;
      {
        MutexLock lock(mutex_);
        if (next_ == files_.size() || !failure_.ok()) return;
        next = next_++;
        ++fetching_;
      }
      const File& file = files_[next];
      const Status fetched = shared_.Download(*file.from, file.to)
                                 .WithContext("restoring keyed state '" + file.state + "'");
      MutexLock lock(mutex_);
      if (failure_.ok()) failure_ = fetched;
      --fetching_;
      changed_.SignalAll();
    }
  }
  // When Help() has returned: those that others have begun are there. The first failure.
  Status Wait() WEIR_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (fetching_ > 0) changed_.Wait(mutex_);
    return failure_;
  }

 private:
  const SharedFiles& shared_;
  const std::vector<File> files_;
  Mutex mutex_;
  CondVar changed_;
  std::size_t next_ WEIR_GUARDED_BY(mutex_) = 0;
  std::size_t fetching_ WEIR_GUARDED_BY(mutex_) = 0;
  Status failure_ WEIR_GUARDED_BY(mutex_);
};

Status FetchAll(const SharedFiles& shared, std::vector<Fetch::File> files, const RunBeside& run) {
  const std::size_t helpers =
      run && files.size() > 1 ? std::min(kFetchers, files.size() - 1) : std::size_t{0};
  const auto fetch = std::make_shared<Fetch>(shared, std::move(files));
  for (std::size_t i = 0; i < helpers; ++i) {
    const Status started = run([fetch] { fetch->Help(); });
    if (started.ok()) continue;
    ComponentLogger("state").Warning("restoring without help: " + started.ToString());
    break;
  }
  fetch->Help();
  return fetch->Wait();
}

Status RestoreParts(RocksDbStore& store, const SharedFiles& shared, const std::vector<Part>& parts,
                    const std::string& scratch, const RunBeside& run) {
  std::vector<std::vector<std::string>> paths(parts.size());
  std::vector<Fetch::File> files;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string directory = scratch + "/" + std::to_string(i);
    WEIR_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(directory));
    for (const StoredFile& file : parts[i].shard->files) {
      paths[i].push_back(directory + "/" + std::to_string(paths[i].size()) + ".sst");
      files.push_back({&file.shared, paths[i].back(), parts[i].table->state});
    }
  }
  WEIR_RETURN_IF_ERROR(FetchAll(shared, std::move(files), run));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    WEIR_RETURN_IF_ERROR(store.Import(*parts[i].table, *parts[i].shard, paths[i]));
  }
  return Status::Ok();
}

}  // namespace

Result<StoreUploads::FilesByNumber> RestoreStore(RocksDbStore& store, const SharedFiles& shared,
                                                 std::span<const StoreSnapshot> snapshots,
                                                 const std::string& scratch, const RunBeside& run) {
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
  const Status restored = RestoreParts(store, shared, parts, scratch, run);
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
