#include "jobmanager/job/job_checkpoint_store.h"

#include <utility>
#include <vector>

#include "common/logging.h"
#include "common/text.h"
#include "jobmanager/checkpoint/checkpoint_metadata.h"
#include "jobmanager/checkpoint/state_assignment.h"

namespace weir::jobmanager {
namespace {

const ComponentLogger& Log() {
  static const ComponentLogger log("job-checkpoints");
  return log;
}

void LogFailures(const std::string& job_id, const std::vector<Status>& failures) {
  for (const Status& failure : failures) {
    Log().Warning("job ", job_id, ": ", failure.message());
  }
}

// A job that is new must not take up by accident what another one with its id left. Job epochs
// above the first are those of JobMasters that take a job over.
Status RefuseForeignCheckpoints(CheckpointFolder& folder, const CheckpointOwner& owner) {
  if (owner.job_epoch > 1) return Status::Ok();
  WEIR_ASSIGN_OR_RETURN(const CheckpointFolder::Numbers numbers, folder.ListCheckpoints());
  if (numbers.completed.empty()) return Status::Ok();
  return Status(StatusCode::kFailedPrecondition,
                Concat(folder.PathOf(numbers.completed.back()),
                       " is a checkpoint of an earlier job with this id; give the new job another "
                       "id and, to go on from there, that path"),
                ErrorDomain::kUser, RetryHint::kNoRetry);
}

// Starting such a job afresh would do everything again that it has done.
Status LostStorage(const CheckpointFolder& folder) {
  return Status(StatusCode::kUnavailable,
                Concat("the job has taken checkpoints, but '", folder.directory(),
                       "' has none of them: is the storage mounted?"),
                ErrorDomain::kExternal, RetryHint::kRetry);
}

// The folder of a job that is taken over was made when the job was submitted.
Status RefuseMissingFolder(FileSystem& files, const CheckpointFolder& folder,
                           const CheckpointOwner& owner) {
  if (owner.job_epoch <= 1) return Status::Ok();
  WEIR_ASSIGN_OR_RETURN(const bool exists, files.Exists(folder.directory()));
  return exists ? Status::Ok() : LostStorage(folder);
}

}  // namespace

struct JobCheckpointStore::State {
  State(CheckpointServices of, CheckpointStart from, CheckpointOwner of_job)
      : services(std::move(of)),
        start(std::move(from)),
        owner(std::move(of_job)),
        // Without a folder of its own the job only reads its initial checkpoint.
        folder(services.files, start.configuration ? start.configuration->directory : "", owner) {
    Forget();
  }

  // May be called again after an error.
  Status Open();
  Status Recover();
  void Forget() { store.emplace(folder, start.configuration ? start.configuration->retained : 1); }
  Result<Completed> Complete(proto::CheckpointMetadata metadata);

  const CheckpointServices services;
  const CheckpointStart start;
  const CheckpointOwner owner;
  CheckpointFolder folder;
  std::optional<CompletedCheckpointStore> store;
  Status opened =
      Status(StatusCode::kFailedPrecondition, "the job's checkpoint folder is not open");
};

Status JobCheckpointStore::State::Open() {
  if (opened.ok()) return opened;
  Forget();
  if (start.configuration) WEIR_RETURN_IF_ERROR(Recover());
  if (!start.initial_path.empty() && store->checkpoints().empty()) {
    WEIR_RETURN_IF_ERROR(store->AddInitial(start.initial_path).status());
  }
  return Status::Ok();
}

Status JobCheckpointStore::State::Recover() {
  WEIR_RETURN_IF_ERROR(RefuseMissingFolder(services.files, folder, owner));
  WEIR_RETURN_IF_ERROR(folder.Claim());
  WEIR_RETURN_IF_ERROR(RefuseForeignCheckpoints(folder, owner));
  WEIR_ASSIGN_OR_RETURN(const std::vector<Status> problems, store->Recover(start.known));
  LogFailures(owner.job_id, problems);
  if (!start.known.empty() && store->checkpoints().empty()) return LostStorage(folder);
  // What a JobMaster before this one left half done.
  if (const auto removed = store->RemoveOrphans(); !removed.ok()) {
    LogFailures(owner.job_id, {removed.status()});
  }
  return Status::Ok();
}

Result<JobCheckpointStore::Completed> JobCheckpointStore::State::Complete(
    proto::CheckpointMetadata metadata) {
  const std::uint64_t id = metadata.checkpoint_id();
  WEIR_ASSIGN_OR_RETURN(CompletedCheckpointStore::Added added, store->Add(std::move(metadata)));
  LogFailures(owner.job_id, added.cleanup_failures);
  // The rename of `_metadata` has completed the checkpoint, so these pointers only help to notice
  // one that is missing.
  proto::CheckpointPointer pointer;
  pointer.set_checkpoint_id(id);
  pointer.set_path(added.checkpoint.path);
  if (const Status status = services.metadata.AddCompletedCheckpoint(owner.job_id, pointer);
      !status.ok()) {
    LogFailures(owner.job_id, {status});
  }
  for (const std::uint64_t old : added.subsumed) {
    if (const Status status = services.metadata.RemoveCompletedCheckpoint(owner.job_id, old);
        !status.ok()) {
      LogFailures(owner.job_id, {status});
    }
  }
  return Completed{.path = added.checkpoint.path, .subsumed = std::move(added.subsumed)};
}

JobCheckpointStore::JobCheckpointStore(EventLoop& loop, CheckpointServices services,
                                       CheckpointStart start, CheckpointOwner owner)
    : loop_(loop),
      blocking_(services.blocking),
      state_(std::make_shared<State>(std::move(services), std::move(start), std::move(owner))) {}

JobCheckpointStore::~JobCheckpointStore() = default;

// `work` runs on the blocking loop, what it returns on the event loop.
void JobCheckpointStore::Run(std::function<std::function<void()>(State&)> work) {
  blocking_.Post(
      [&loop = loop_, state = state_, alive = std::weak_ptr<bool>(alive_), work = std::move(work)] {
        std::function<void()> answer = work(*state);
        if (!answer || alive.expired()) return;
        loop.Post([alive, answer = std::move(answer)] {
          if (!alive.expired()) answer();
        });
      });
}

void JobCheckpointStore::Open(Callback<std::uint64_t> callback) {
  Run([callback = std::move(callback)](State& state) -> std::function<void()> {
    state.opened = state.Open();
    return [callback, status = state.opened, next = state.store->highest_checkpoint_id() + 1] {
      callback(status.ok() ? Result<std::uint64_t>(next) : Result<std::uint64_t>(status));
    };
  });
}

void JobCheckpointStore::PrepareFolder(std::uint64_t checkpoint_id, StatusCallback callback) {
  Run([checkpoint_id, callback = std::move(callback)](State& state) -> std::function<void()> {
    const Status status =
        state.opened.ok() ? state.folder.CreateCheckpoint(checkpoint_id) : state.opened;
    return [callback, status] { callback(status); };
  });
}

void JobCheckpointStore::Complete(proto::CheckpointMetadata metadata,
                                  Callback<Completed> callback) {
  Run([metadata = std::make_shared<proto::CheckpointMetadata>(std::move(metadata)),
       callback = std::move(callback)](State& state) -> std::function<void()> {
    Result<Completed> completed =
        state.opened.ok() ? state.Complete(std::move(*metadata)) : Result<Completed>(state.opened);
    return [callback, completed = std::move(completed)] { callback(completed); };
  });
}

void JobCheckpointStore::Discard(std::uint64_t checkpoint_id) {
  Run([checkpoint_id](State& state) -> std::function<void()> {
    if (state.opened.ok()) LogFailures(state.owner.job_id, state.store->Abort(checkpoint_id));
    return nullptr;
  });
}

void JobCheckpointStore::FindLatest(Callback<std::optional<CompletedCheckpoint>> callback) {
  using Latest = Result<std::optional<CompletedCheckpoint>>;
  Run([callback = std::move(callback)](State& state) -> std::function<void()> {
    Latest latest = state.opened.ok() ? state.store->LatestRestorable() : Latest(state.opened);
    return [callback, latest = std::move(latest)] { callback(latest); };
  });
}

void JobCheckpointStore::MarkUnrestorable(std::uint64_t checkpoint_id, const Status& problem) {
  Run([checkpoint_id, problem](State& state) -> std::function<void()> {
    state.store->MarkUnrestorable(checkpoint_id, problem);
    return nullptr;
  });
}

void JobCheckpointStore::End(JobEnd end, std::function<void()> callback) {
  Run([end, callback = std::move(callback)](State& state) -> std::function<void()> {
    if (state.opened.ok() && state.start.configuration) {
      LogFailures(state.owner.job_id,
                  state.store->EndJob(end, state.start.configuration->retention));
    }
    return callback;
  });
}

Status CheckCheckpointStart(FileSystem& files, const CheckpointStart& start,
                            const CheckpointOwner& owner, const proto::JobGraph& graph) {
  if (start.configuration) {
    CheckpointFolder folder(files, start.configuration->directory, owner);
    WEIR_RETURN_IF_ERROR(folder.Claim().WithContext("the job's checkpoint folder"));
    WEIR_RETURN_IF_ERROR(RefuseForeignCheckpoints(folder, owner));
  }
  if (start.initial_path.empty()) return Status::Ok();
  WEIR_ASSIGN_OR_RETURN(const CheckpointPath path,
                        ResolveCheckpointPath(files, start.initial_path));
  WEIR_ASSIGN_OR_RETURN(const proto::CheckpointMetadata metadata,
                        ReadCheckpointMetadata(files, path.metadata_file));
  WEIR_RETURN_IF_ERROR(CheckReferencedFiles(files, path.directory, metadata));
  return AssignState(metadata, path.directory, graph).status().WithContext(path.folder);
}

Status ClearCheckpoints(FileSystem& files, const std::string& cluster_id, const std::string& job_id,
                        const proto::CheckpointsToClear& to_clear) {
  CheckpointFolder folder(files, to_clear.directory(),
                          CheckpointOwner{.cluster_id = cluster_id,
                                          .job_id = job_id,
                                          .job_epoch = to_clear.job_epoch(),
                                          .leader_session = to_clear.leader_session()});
  WEIR_ASSIGN_OR_RETURN(const bool exists, files.Exists(folder.directory()));
  if (!exists) {
    const Status synced = files.SyncDirectory(to_clear.directory());
    return synced.code() == StatusCode::kNotFound ? Status::Ok() : synced;
  }
  // Its owner's file may be gone already.
  WEIR_RETURN_IF_ERROR(folder.Claim());
  CompletedCheckpointStore store(folder, 1);
  WEIR_RETURN_IF_ERROR(store.Recover().status());
  const std::vector<Status> failures =
      to_clear.keep_completed()
          ? store.EndJob(JobEnd::kCanceled, CheckpointRetention::kRetainOnCancellation)
          : store.EndJob(JobEnd::kFinished, CheckpointRetention::kNone);
  return failures.empty() ? Status::Ok() : failures.front();
}

}  // namespace weir::jobmanager
