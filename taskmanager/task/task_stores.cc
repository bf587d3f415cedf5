#include "taskmanager/task/task_stores.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/store_cache_writer.h>

#include "common/file_system.h"
#include "common/logging.h"
#include "taskmanager/state/store_backend.h"
#include "taskmanager/state/store_restore.h"
#include "taskmanager/task/task_restore.h"

namespace weir::task {

using internal::ChainedKeyedTable;
using state::StoreSnapshot;
using state::StoreUploads;

namespace {

// Entries from a store into a table.
class TableFiller final : public internal::StateWriter {
 public:
  explicit TableFiller(internal::KeyedTable& table) : table_(table) {}
  Status Write(std::uint32_t, std::uint32_t entries, std::span<const std::byte> bytes) override {
    return table_.Restore(entries, bytes);
  }

 private:
  internal::KeyedTable& table_;
};

}  // namespace

struct TaskStores::OperatorStores {
  std::uint32_t operator_index = 0;
  std::unique_ptr<state::RocksDbStore> store;
  std::optional<StoreUploads> uploads;
  bool in_use = false;  // by the chain
};

TaskStores::Export::~Export() {
  if (directory.empty()) return;
  if (const Status removed = LocalFileSystem().RemoveRecursively(directory); !removed.ok()) {
    ComponentLogger("state").Warning(removed.ToString());
  }
}

TaskStores::TaskStores(const TaskResources& resources, const TaskAttempt& attempt)
    : resources_(resources),
      attempt_(attempt),
      shared_(resources.files, resources.options.checkpoint_directory,
              state::DownloadMode::kLinkWherePossible) {
  operators_.resize(vertex().operators.size());
}

TaskStores::~TaskStores() = default;

const internal::JobVertex& TaskStores::vertex() const {
  return resources_.job.graph().vertices[attempt_.vertex];
}

std::string TaskStores::Named(std::uint32_t operator_index) const {
  return "operator '" + vertex().operators[operator_index].name + "'";
}

Result<TaskStores::OperatorStores*> TaskStores::Open(std::uint32_t operator_index) {
  const internal::KeyGroupRange range =
      internal::KeyGroupRangeOf(attempt_.subtask, vertex().parallelism, vertex().max_parallelism);
  auto opened = std::make_unique<OperatorStores>();
  opened->operator_index = operator_index;
  WEIR_ASSIGN_OR_RETURN(opened->store, resources_.stores.OpenStore(range, vertex().parallelism));
  operators_[operator_index] = std::move(opened);
  return operators_[operator_index].get();
}

Status TaskStores::Restore(const TaskRestore& restore) {
  return RestoreAll(restore).WithContext("cannot start from checkpoint " +
                                         std::to_string(restore.checkpoint_id));
}

Status TaskStores::RestoreAll(const TaskRestore& restore) {
  for (const RestoreSource& source : restore.sources) {
    for (const OperatorStore& stored : source.stores) {
      const bool known = std::ranges::any_of(
          vertex().operators, [&](const auto& each) { return each.id == stored.operator_id; });
      if (!known)
        return StateMismatch("operator " + stored.operator_id + " has state, the program has not");
    }
  }
  for (std::uint32_t index = 0; index < operators_.size(); ++index) {
    WEIR_RETURN_IF_ERROR(RestoreOne(restore, index).WithContext(Named(index)));
  }
  return Status::Ok();
}

Status TaskStores::RestoreOne(const TaskRestore& restore, std::uint32_t operator_index) {
  std::vector<StoreSnapshot> snapshots;
  for (const RestoreSource& source : restore.sources) {
    for (const OperatorStore& stored : source.stores) {
      if (stored.operator_id != vertex().operators[operator_index].id) continue;
      WEIR_ASSIGN_OR_RETURN(StoreSnapshot snapshot, state::DecodeStoreSnapshot(stored.snapshot));
      snapshots.push_back(std::move(snapshot));
    }
  }
  if (snapshots.empty()) return Status::Ok();
  WEIR_ASSIGN_OR_RETURN(OperatorStores* const opened, Open(operator_index));
  const state::SharedFiles from(resources_.files, restore.directory,
                                state::DownloadMode::kLinkWherePossible);
  WEIR_ASSIGN_OR_RETURN(
      StoreUploads::FilesByNumber files,
      state::RestoreStore(
          *opened->store, from, snapshots, resources_.stores.NewPath("restore"),
          [this](std::function<void()> work) { return resources_.pool.Run(std::move(work)); }));
  // Files of another job's folder are read and never referred to: they are not this job's to keep.
  if (restore.directory != resources_.options.checkpoint_directory) files.clear();
  opened->uploads.emplace(shared_, std::move(files), resources_.options.uploads);
  return Status::Ok();
}

internal::KeyedStores* TaskStores::Get(std::uint32_t operator_index) {
  if (!resources_.options.keyed_state_in_stores) return nullptr;
  if (operators_[operator_index] == nullptr) {
    const Result<OperatorStores*> opened = Open(operator_index);
    if (!opened.ok()) {
      throw internal::StoreError(opened.status().WithContext(Named(operator_index)));
    }
    (*opened)->uploads.emplace(shared_, StoreUploads::FilesByNumber{}, resources_.options.uploads);
  }
  OperatorStores& stores = *operators_[operator_index];
  stores.in_use = true;
  return stores.store.get();
}

Status TaskStores::MoveIntoMemory(const std::vector<ChainedKeyedTable>& tables) {
  for (std::unique_ptr<OperatorStores>& each : operators_) {
    if (each == nullptr) continue;
    WEIR_RETURN_IF_ERROR(MoveOne(*each, tables).WithContext(Named(each->operator_index)));
    if (!each->in_use) each.reset();
  }
  return Status::Ok();
}

Status TaskStores::MoveOne(OperatorStores& from, const std::vector<ChainedKeyedTable>& tables) {
  for (const std::string& state : from.store->UnopenedTables()) {
    const std::string named = "state '" + state + "'";
    const auto table = std::ranges::find_if(tables, [&](const ChainedKeyedTable& each) {
      return each.operator_index == from.operator_index && each.name == state;
    });
    if (from.in_use || table == tables.end()) {
      return StateMismatch(named + " is in the checkpoint, the program has it not");
    }
    const auto opened = from.store->OpenTable(state, table->schema);
    WEIR_RETURN_IF_ERROR(opened.status().WithContext(named));
    TableFiller filler(*table->table);
    WEIR_RETURN_IF_ERROR(
        internal::ExportStore(**opened, from.store->range(), filler).WithContext(named));
  }
  return Status::Ok();
}

Result<std::vector<TaskStores::Export>> TaskStores::ExportAll() {
  std::vector<Export> exports;
  for (const std::unique_ptr<OperatorStores>& each : operators_) {
    if (each == nullptr) continue;
    Export& added = exports.emplace_back(each->operator_index, resources_.stores.NewPath("export"));
    Result<state::StoreExport> exported = each->store->Export(added.directory);
    if (!exported.ok()) return exported.status().WithContext(Named(each->operator_index));
    added.files = *std::move(exported);
    // All that the operator has lies in memory.
    if (added.files.tables.empty()) exports.pop_back();
  }
  return exports;
}

std::string TaskStores::UploadName(std::uint64_t checkpoint_id,
                                   std::uint32_t operator_index) const {
  // The number first: by it the JobManager finds what was written for a checkpoint that does not
  // hold (CheckpointFolder::DiscardUploads).
  return std::to_string(checkpoint_id) + "-" + vertex().operators[operator_index].id + "-" +
         std::to_string(attempt_.subtask) + "-" + std::to_string(attempt_.attempt) + "-" +
         resources_.options.worker_id;
}

Result<TaskStores::Uploaded> TaskStores::Upload(std::uint64_t checkpoint_id,
                                                const std::vector<Export>& exports,
                                                const std::function<Status()>& may_go_on) {
  WEIR_RETURN_IF_ERROR(TakeEnds());
  Uploaded result;
  for (const Export& each : exports) {
    Result<StoreUploads::Uploaded> uploaded = operators_[each.operator_index]->uploads->Upload(
        checkpoint_id, UploadName(checkpoint_id, each.operator_index), each.files, may_go_on);
    if (!uploaded.ok()) {
      const Status failure = uploaded.status().WithContext(Named(each.operator_index));
      const Status discarded = Discard(checkpoint_id);
      return discarded.ok() ? failure : failure.WithContext(discarded.message());
    }
    result.state_bytes += uploaded->snapshot.size_bytes();
    result.new_bytes += uploaded->new_bytes;
    result.stores.push_back({.operator_id = vertex().operators[each.operator_index].id,
                             .snapshot = state::EncodeStoreSnapshot(uploaded->snapshot)});
  }
  return result;
}

Status TaskStores::Discard(std::uint64_t checkpoint_id) {
  Status first;
  for (const std::unique_ptr<OperatorStores>& each : operators_) {
    if (each == nullptr) continue;
    const Status removed = each->uploads->CheckpointAborted(checkpoint_id);
    if (first.ok()) first = removed;
  }
  return first;
}

void TaskStores::AddMetrics(std::map<std::string, double>& gauges) const {
  for (const std::unique_ptr<OperatorStores>& each : operators_) {
    if (each == nullptr) continue;
    const std::string& name = vertex().operators[each->operator_index].name;
    for (const state::NativeMetric& metric : each->store->Metrics()) {
      const std::string of_state = metric.state.empty() ? "" : metric.state + ".";
      gauges[name + "." + of_state + "rocksdb." + metric.name] = metric.value;
    }
  }
}

void TaskStores::CheckpointEnded(std::uint64_t checkpoint_id, bool complete) {
  MutexLock lock(mutex_);
  ends_.emplace_back(checkpoint_id, complete);
}

// What was removed already, by the JobManager, costs nothing here.
Status TaskStores::TakeEnds() {
  std::vector<std::pair<std::uint64_t, bool>> ends;
  {
    MutexLock lock(mutex_);
    ends.swap(ends_);
  }
  for (const auto& [checkpoint_id, complete] : ends) {
    if (!complete) {
      WEIR_RETURN_IF_ERROR(Discard(checkpoint_id));
      continue;
    }
    for (const std::unique_ptr<OperatorStores>& each : operators_) {
      if (each != nullptr) each->uploads->CheckpointComplete(checkpoint_id);
    }
  }
  return Status::Ok();
}

}  // namespace weir::task
