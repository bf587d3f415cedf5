// JobCheckpointStore: the completed checkpoints of one job as its JobMaster sees them: every call
// returns at once, the disk is waited for on the blocking loop, and the answer comes on the event
// loop. Calls take effect in the order in which they were made.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <weir/status.h>

#include "common/event_loop.h"
#include "common/file_system.h"
#include "jobmanager/checkpoint/checkpoint_configuration.h"
#include "jobmanager/checkpoint/completed_checkpoint_store.h"
#include "jobmanager/ha/metadata_store.h"

namespace weir::jobmanager {

// What JobMasters share for their checkpoints. Outlives them; `blocking` is emptied before the rest
// goes.
struct CheckpointServices {
  EventLoop& blocking;
  FileSystem& files;
  ha::MetadataStore& metadata;  // on the blocking loop
  std::string cluster_id;
};

// Where a job with checkpoints, or one that starts from somebody's checkpoint, begins.
struct CheckpointStart {
  // None: the job takes no checkpoints itself.
  std::optional<CheckpointConfiguration> configuration;
  std::string initial_path;       // what the user wants it to start from; empty: nothing
  std::set<std::uint64_t> known;  // completed by earlier JobMasters of the job

  // Whether the job has to do with checkpoints at all.
  bool present() const { return configuration.has_value() || !initial_path.empty(); }
};

class JobCheckpointStore {
 public:
  // On the event loop; not after the store is gone.
  template <class T>
  using Callback = std::function<void(Result<T>)>;
  using StatusCallback = std::function<void(const Status&)>;

  JobCheckpointStore(EventLoop& loop, CheckpointServices services, CheckpointStart start,
                     CheckpointOwner owner);
  ~JobCheckpointStore();

  // First. Claims the folder, reads what is there; answers with the number of the next checkpoint.
  // When it fails, so does every later call until it is called again; once it has succeeded,
  // calling it changes nothing. UNAVAILABLE where a job that was taken over finds no folder, or
  // none of the checkpoints it is known to have.
  void Open(Callback<std::uint64_t> callback);

  void PrepareFolder(std::uint64_t checkpoint_id, StatusCallback callback);
  struct Completed {
    std::string path;
    std::vector<std::uint64_t> subsumed;  // removed
  };
  void Complete(proto::CheckpointMetadata metadata, Callback<Completed> callback);
  // Of a checkpoint that was given up.
  void Discard(std::uint64_t checkpoint_id);

  // What to restore; none: the job starts afresh. An error where there are checkpoints and none can
  // be restored.
  void FindLatest(Callback<std::optional<CompletedCheckpoint>> callback);
  // A worker could not read it, and says why.
  void MarkUnrestorable(std::uint64_t checkpoint_id, const Status& problem);

  // The job has ended and no process of it is left. Last; its effect does not need the store to
  // live.
  void End(JobEnd end, std::function<void()> callback);

 private:
  struct State;  // on the blocking loop, but for its construction
  void Run(std::function<std::function<void()>(State&)> work);

  EventLoop& loop_;
  EventLoop& blocking_;
  const std::shared_ptr<State> state_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Blocks. Before a job is accepted: whether its folder can be written and is nobody else's, and
// whether what it is to start from can be read and fits the graph.
Status CheckCheckpointStart(FileSystem& files, const CheckpointStart& start,
                            const CheckpointOwner& owner, const proto::JobGraph& graph);

// Blocks. Does what the end of a job's JobMaster was to do to its checkpoints. Once no process of
// the job is left; may be done again. After an error something is left.
Status ClearCheckpoints(FileSystem& files, const std::string& cluster_id, const std::string& job_id,
                        const proto::CheckpointsToClear& to_clear);

}  // namespace weir::jobmanager
