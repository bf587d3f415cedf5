// The commits of one subtask of a two-phase sink, without its types: prepared output, decisions on
// checkpoints, the thread that commits, and what of it is in a snapshot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/internal/sinks/commit_calls.h>
#include <weir/internal/sinks/committable_log.h>
#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/status.h>
#include <weir/two_phase_sink.h>

namespace weir::internal {

class CommitThread;

// One item of a sink's operator state (docs/formats/operator-state.md).
struct SinkStateItem {
  std::uint32_t subtask = 0;
  std::uint64_t checkpoint_id = 0;
  std::uint32_t highest_parallelism = 0;
  std::vector<std::byte> bytes;
};

// What a restored snapshot holds of a sink.
struct RestoredSinkState {
  bool restored = false;
  std::uint64_t checkpoint_id = 0;
  std::uint32_t highest_parallelism = 1;
  std::vector<SinkStateItem> committables;
  std::vector<SinkStateItem> writer_states;
};

inline constexpr std::string_view kSinkStateName = "weir.sink";
inline constexpr std::string_view kCommittablesStateName = "weir.committables";
inline constexpr std::string_view kWriterStateName = "weir.writer";

// Null: nothing is restored. Corruption where an item is not of the format.
Result<RestoredSinkState> ReadSinkState(const OperatorStateSnapshot* snapshot);
// The three states; names that would have no items are left out, but for that of the sink itself.
void WriteSinkState(const RestoredSinkState& state, std::uint32_t subtask,
                    OperatorStateSnapshot& out);

// The task's thread.
class TwoPhaseCommit {
 public:
  TwoPhaseCommit(std::string sink, const CommitOptions& options, std::uint32_t subtask);
  ~TwoPhaseCommit();  // stops the thread

  // First of all. Starts the thread, which begins with what is `restored`: this subtask's own.
  void Start(std::vector<LoggedCommittable> restored, std::unique_ptr<CommitCalls> calls,
             std::shared_ptr<Availability> availability);
  // Forgets what has been committed since. Returns up to which checkpoint that is everything; 0:
  // nothing new. An error is that of the committer. Cheap where nothing has happened.
  Result<std::uint64_t> Poll();
  // AbortUnheld() has returned.
  bool recovered() const;
  // Whether the writer may prepare one more checkpoint now. An error: it never may.
  Result<bool> HasRoom() const;
  void Add(std::uint64_t checkpoint_id, std::vector<std::vector<std::byte>> committables) {
    log_.Add(checkpoint_id, subtask_, std::move(committables));
  }
  void Complete(std::uint64_t checkpoint_id);
  void Abort(std::uint64_t checkpoint_id) { log_.Abort(checkpoint_id); }
  // Whether all that was added is committed, also as far as Poll() has not been asked.
  bool all_committed() const;
  // Of a snapshot: everything that is not known to be committed.
  std::vector<SinkStateItem> committables() const;

 private:
  const std::string sink_;
  const CommitOptions options_;
  const std::uint32_t subtask_;
  CommittableLog log_;
  std::uint64_t forgotten_ = 0;  // of the thread's committed()
  std::unique_ptr<CommitThread> thread_;
};

}  // namespace weir::internal
