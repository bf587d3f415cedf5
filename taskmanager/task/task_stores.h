// TaskStores: the stores below the keyed state of one subtask's operators, from their restore by
// way of checkpoints to their end.
//
// Where the job's keyed state lies in memory there are none but those that a checkpoint was made
// from: their entries are moved into the chain's tables, and they end.
//
// Made, restored and asked for tables by the thread that opens the chain; Export() to Discard() by
// the one thread that saves; CheckpointEnded() by any. Ends after the chain.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/internal/state/keyed_store.h>
#include <weir/status.h>

#include "common/mutex.h"
#include "taskmanager/state/rocksdb_store.h"
#include "taskmanager/state/shared_files.h"
#include "taskmanager/state/store_export.h"
#include "taskmanager/state/store_uploads.h"
#include "taskmanager/task/checkpoint_description.h"
#include "taskmanager/task/task_resources.h"

namespace weir::task {

class TaskStores {
 public:
  // `resources` lives longer.
  TaskStores(const TaskResources& resources, const TaskAttempt& attempt);
  ~TaskStores();

  // Before the chain is made: takes in what of the checkpoint lies in stores. Blocks. Errors name
  // the operator and, where there is one, the file. Codes as of RestoreChain().
  Status Restore(const TaskRestore& restore);
  // ChainContext::keyed_stores().
  internal::KeyedStores* Get(std::uint32_t operator_index);
  // When the chain is made: moves what it keeps in memory into its tables. FailedPrecondition where
  // there is state that the chain has not.
  Status MoveIntoMemory(const std::vector<internal::ChainedKeyedTable>& tables);

  struct Export;
  struct Uploaded {
    std::vector<OperatorStore> stores;
    std::uint64_t state_bytes = 0;
    std::uint64_t new_bytes = 0;
  };
  // When the tables were saved into the stores, and before anything else is written to them: links
  // their files.
  Result<std::vector<Export>> ExportAll();
  // `may_go_on` is asked now and then: an error ends it. After a failure nothing is left of it.
  Result<Uploaded> Upload(std::uint64_t checkpoint_id, const std::vector<Export>& exports,
                          const std::function<Status()>& may_go_on);
  // What was uploaded will not be acknowledged.
  Status Discard(std::uint64_t checkpoint_id);
  // RocksDB's metrics that the settings ask for, "<operator>.<state>.rocksdb.<metric>" or, what
  // there is once for an operator, "<operator>.rocksdb.<metric>". When all tables are open.
  void AddMetrics(std::map<std::string, double>& gauges) const;
  // Complete, or given up. Never waits.
  void CheckpointEnded(std::uint64_t checkpoint_id, bool complete);

 private:
  struct OperatorStores;

  Status RestoreAll(const TaskRestore& restore);
  Status RestoreOne(const TaskRestore& restore, std::uint32_t operator_index);
  Result<OperatorStores*> Open(std::uint32_t operator_index);
  Status MoveOne(OperatorStores& from, const std::vector<internal::ChainedKeyedTable>& tables);
  Status TakeEnds();
  std::string UploadName(std::uint64_t checkpoint_id, std::uint32_t operator_index) const;
  const internal::JobVertex& vertex() const;
  std::string Named(std::uint32_t operator_index) const;

  const TaskResources& resources_;
  const TaskAttempt attempt_;
  const state::SharedFiles shared_;
  std::vector<std::unique_ptr<OperatorStores>> operators_;  // by operator; null: none
  Mutex mutex_;
  std::vector<std::pair<std::uint64_t, bool>> ends_ WEIR_GUARDED_BY(mutex_);
};

// The hard links of one operator's store. Removed at its end.
struct TaskStores::Export {
  Export(std::uint32_t index, std::string path)
      : operator_index(index), directory(std::move(path)) {}
  Export(Export&& other) noexcept
      : operator_index(other.operator_index),
        directory(std::exchange(other.directory, {})),
        files(std::move(other.files)) {}
  Export& operator=(Export&&) = delete;
  ~Export();

  std::uint32_t operator_index;
  std::string directory;
  state::StoreExport files;
};

}  // namespace weir::task
