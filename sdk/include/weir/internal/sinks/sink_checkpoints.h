// What a sink operator does for checkpoints, by what its sink has: nothing but a flush, state of
// the writer, two phases.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <weir/internal/operator.h>
#include <weir/internal/sinks/two_phase_commit.h>
#include <weir/internal/sinks/typed_commit_calls.h>
#include <weir/serializer.h>
#include <weir/two_phase_sink.h>

namespace weir::internal {

template <class Sink>
concept TwoPhaseSink = requires { typename Sink::Committable; };
template <class Sink>
concept StatefulSink = requires { typename Sink::WriterState; };

template <class Sink>
struct WriterStateOf {
  using type = std::monostate;
};
template <StatefulSink Sink>
struct WriterStateOf<Sink> {
  using type = typename Sink::WriterState;
};
template <class Sink>
struct CommittableOf {
  using type = std::monostate;
};
template <TwoPhaseSink Sink>
struct CommittableOf<Sink> {
  using type = typename Sink::Committable;
};

// A plain sink has no state.
template <class Sink>
struct NoSinkCheckpoints {
  explicit NoSinkCheckpoints(const Sink& /*sink*/) {}
};

// Of one subtask; the task's thread. Life: Restore, BeforeOpen, Start, then the others, then Close.
template <class Sink, class Writer>
class SinkCheckpoints {
 public:
  using C = typename CommittableOf<Sink>::type;
  using S = typename WriterStateOf<Sink>::type;

  explicit SinkCheckpoints(const Sink& sink) : sink_(sink) {}

  Status Restore(const OperatorStateSnapshot* snapshot, const TaskInformation& task) {
    subtask_ = task.subtask_index;
    WEIR_ASSIGN_OR_RETURN(RestoredSinkState read, ReadSinkState(snapshot));
    held_.restored = read.restored;
    held_.checkpoint_id = read.checkpoint_id;
    held_.highest_parallelism = std::max(read.highest_parallelism, task.parallelism);
    held_.subtask_index = subtask_;
    held_.parallelism = task.parallelism;
    for (const SinkStateItem& item : read.committables) {
      WEIR_ASSIGN_OR_RETURN(C committable, Deserialize<C>(item.bytes));
      held_.committables.push_back({item.subtask, item.checkpoint_id, std::move(committable)});
    }
    for (const SinkStateItem& item : read.writer_states) {
      WEIR_ASSIGN_OR_RETURN(S state, Deserialize<S>(item.bytes));
      held_.writer_states.push_back({item.subtask, std::move(state)});
    }
    restored_committables_ = std::move(read.committables);
    return Status::Ok();
  }

  Status BeforeOpen(Writer& writer) {
    touched_ = held_.restored;
    if constexpr (requires { writer.Restore(held_); }) {
      if (held_.restored) WEIR_RETURN_IF_ERROR(writer.Restore(held_));
    }
    return Status::Ok();
  }
  // The committer's thread begins with what was restored.
  void Start(const OperatorContext& context) {
    if constexpr (TwoPhaseSink<Sink>) StartCommits(context);
    highest_parallelism_ = held_.highest_parallelism;
    held_ = {};
  }

  // In each step. Tells the writer what is committed.
  Status Poll(Writer& writer) {
    if constexpr (TwoPhaseSink<Sink>) {
      WEIR_ASSIGN_OR_RETURN(const std::uint64_t checkpoint_id, commit_->Poll());
      if constexpr (requires { writer.NotifyCommitted(checkpoint_id); }) {
        if (checkpoint_id != 0) writer.NotifyCommitted(checkpoint_id);
      }
      if constexpr (requires { writer.NotifyRecovered(); }) {
        if (!recovered_ && commit_->recovered()) {
          recovered_ = true;
          writer.NotifyRecovered();
        }
      }
    }
    return Status::Ok();
  }

  // The writer may have output.
  void OnRecords() { touched_ = true; }

  // Operator::PrepareCheckpoint(), once no records wait; also the end of a job without checkpoints.
  Result<bool> Prepare(Writer& writer, std::uint64_t checkpoint_id, bool end_of_input)
    requires TwoPhaseSink<Sink>
  {
    if (prepared_ == checkpoint_id) return true;
    WEIR_RETURN_IF_ERROR(Poll(writer));
    WEIR_ASSIGN_OR_RETURN(const bool room, commit_->HasRoom());
    if (!room) return false;
    auto prepared = writer.PrepareCommit(checkpoint_id, end_of_input);
    if (!prepared.ok()) return prepared.status();
    if (!prepared->has_value()) return false;
    std::vector<std::vector<std::byte>> serialized;
    serialized.reserve((*prepared)->size());
    for (const C& committable : **prepared) SerializeTo(committable, serialized.emplace_back());
    commit_->Add(checkpoint_id, std::move(serialized));
    prepared_ = checkpoint_id;
    final_prepared_ = end_of_input;
    return true;
  }

  Status Snapshot(Writer& writer, std::uint64_t checkpoint_id, OperatorStateSnapshot& out) {
    RestoredSinkState state;
    state.checkpoint_id = checkpoint_id;
    state.highest_parallelism = highest_parallelism_;
    if constexpr (TwoPhaseSink<Sink>) {
      WEIR_RETURN_IF_ERROR(Poll(writer));
      state.committables = commit_->committables();
    }
    if constexpr (StatefulSink<Sink>) {
      WEIR_ASSIGN_OR_RETURN(const std::vector<S> states, writer.Snapshot(checkpoint_id));
      for (const S& each : states) {
        state.writer_states.push_back({subtask_, 0, 0, {}});
        SerializeTo(each, state.writer_states.back().bytes);
      }
    }
    WriteSinkState(state, subtask_, out);
    return Status::Ok();
  }

  void OnCheckpointEnd(std::uint64_t checkpoint_id, bool complete) {
    if constexpr (TwoPhaseSink<Sink>) {
      complete ? commit_->Complete(checkpoint_id) : commit_->Abort(checkpoint_id);
    }
  }

  // After the end of the input: whether there is output that is not committed, or left of failed
  // attempts and not aborted.
  bool AwaitsCommit() const {
    if constexpr (TwoPhaseSink<Sink>) {
      return (touched_ && !final_prepared_) || !commit_->all_committed() || !commit_->recovered();
    } else {
      return false;
    }
  }
  // The end of a job without checkpoints, until true.
  Result<bool> CommitAll(Writer& writer)
    requires TwoPhaseSink<Sink>
  {
    WEIR_ASSIGN_OR_RETURN(const bool prepared, Prepare(writer, kFinalCommit, true));
    if (!prepared) return false;
    commit_->Complete(kFinalCommit);
    WEIR_RETURN_IF_ERROR(Poll(writer));
    return commit_->all_committed() && commit_->recovered();
  }

  void Close() {
    if constexpr (TwoPhaseSink<Sink>) commit_.reset();
  }

 private:
  void StartCommits(const OperatorContext& context)
    requires TwoPhaseSink<Sink>
  {
    CommitOptions options;
    if constexpr (requires { sink_.commit_options(); }) options = sink_.commit_options();
    std::vector<LoggedCommittable> mine;
    for (SinkStateItem& item : restored_committables_) {
      if (!held_.IsMine(item.subtask)) continue;
      mine.push_back({item.subtask, item.checkpoint_id, true, std::move(item.bytes)});
    }
    restored_committables_.clear();
    commit_ = std::make_unique<TwoPhaseCommit>(sink_.name(), options, subtask_);
    auto calls = std::make_unique<TypedCommitCalls<C>>(sink_.CreateCommitter(), context,
                                                       RestoredCommittables<C>(held_));
    commit_->Start(std::move(mine), std::move(calls), context.chain->availability());
  }

  const Sink sink_;
  std::uint32_t subtask_ = 0;
  std::uint32_t highest_parallelism_ = 1;
  RestoredSink<C, S> held_;                           // until Start()
  std::vector<SinkStateItem> restored_committables_;  // until Start()
  std::unique_ptr<TwoPhaseCommit> commit_;            // of a two-phase sink
  std::uint64_t prepared_ = 0;                        // the last checkpoint
  bool touched_ = false;                              // the writer may have, or had, output
  bool recovered_ = false;                            // the writer was told
  bool final_prepared_ = false;                       // all of it is prepared
};

}  // namespace weir::internal
