// A chain of operators as one subtask runs it: built by the plugin, stepped by the engine.
//
// Thread rules: every method is called by the one thread that holds the slot's baton; no method is
// called again before the previous call returned. NotifyAvailable() and the metric objects are the
// only things other threads may touch. Errors: a method that returns Status fails the task with it;
// an exception thrown through it (by a user function) is caught by the engine at that boundary and
// becomes a Status of domain kUser that names current_operator().
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/internal/channel.h>
#include <weir/internal/control_element.h>
#include <weir/internal/state/keyed_table.h>
#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir::internal {

// For ChainContext::SetTimer().
inline constexpr std::int64_t kNoTimer = std::numeric_limits<std::int64_t>::max();

class KeyedStores;

// What a source chain's Poll() found.
enum class PollStatus : std::uint8_t {
  kProgress,    // emitted a block; there may be more at once
  kIdle,        // nothing now; the reader calls NotifyAvailable() when that changes
  kEndOfInput,  // nothing ever again
};

// Wakes the task from any thread: something that a chain waits for (a reader's records, a sink
// writer's room) may be there now. Cheap when the task is already awake; may be called after the
// task has ended.
class Availability {
 public:
  virtual ~Availability() = default;
  virtual void NotifyAvailable() = 0;
};

// Everything a chain gets from the engine. Lives longer than the chain.
class ChainContext {
 public:
  virtual ~ChainContext() = default;

  // Who this subtask is, its metrics, accumulators and logger.
  virtual RuntimeContext& runtime() = 0;

  // Outgoing edges of the vertex in the order of JobGraph::edges; channels of an edge in the order
  // of target subtasks (all of them, or those that internal/channel_layout.h names for a pointwise
  // edge).
  virtual std::uint32_t output_count() const = 0;
  virtual std::uint32_t channel_count(std::uint32_t output) const = 0;
  virtual OutputChannel& channel(std::uint32_t output, std::uint32_t channel) = 0;
  // Records a batch of this output may hold: ChannelType capacity reduced for a large fan-out.
  virtual std::uint32_t batch_capacity(std::uint32_t output) const = 0;

  // For readers and sink writers; outlives the chain.
  virtual std::shared_ptr<Availability> availability() = 0;

  // Parks the calling thread until `ready()` says true; the slot's other tasks go on meanwhile.
  // `ready` is called by the parked thread only, holding the slot's baton, after each
  // NotifyAvailable(). Returns false, at once, after a cancel: then drop what you hold and return.
  // For the rare case that a single user call overflows what may be pending; ordinary back pressure
  // is Drain() below.
  virtual bool ParkUntil(const std::function<bool()>& ready) = 0;

  // True after a cancel: emits drop.
  virtual bool canceled() const = 0;

  // Says which chained operator runs now (index into JobVertex::operators): written before user
  // code is entered, per block, never per record. Lands in the page shared with the supervisor, so
  // that a crash names its operator.
  virtual void EnterOperator(std::uint32_t operator_index) = 0;

  // What user code of this operator has thrown is about this record; meant for the task's failure
  // while that operator is the one that runs.
  virtual void NoteRecord(std::uint32_t /*operator_index*/, std::string /*description*/) {}

  // Sends bytes to this vertex's operator coordinator (split enumerator). Ordered, never blocks.
  virtual void SendToCoordinator(std::uint32_t operator_index, std::string payload) = 0;

  // Processing time, milliseconds since the epoch, read at most once per step.
  virtual std::int64_t processing_time_ms() const = 0;

  // Nanoseconds of the monotonic clock, less the time in which this task was held up: blocked or
  // parked by back pressure, or with something to do but not scheduled. As of the beginning of the
  // present turn, so it costs nothing to read.
  virtual std::int64_t unhindered_time_ns() const = 0;

  // From now on Chain::OnProcessingTime() is called, in a step of its own, when processing time
  // reaches `time_ms`: at the next step where that has passed, later for a task that is blocked.
  // Replaces the time that was set before; kNoTimer sets none.
  virtual void SetTimer(std::int64_t time_ms) = 0;

  // How often watermark generators are asked (`pipeline.auto-watermark-interval`); 0: never.
  virtual std::int64_t auto_watermark_interval_ms() const = 0;

  // Where an operator's keyed state lies when it is larger than memory; null: it lies in memory
  // (the heap backend). Asked once by each operator with keyed state, when the chain is made, which
  // opens its tables at once: what has to be restored into a store was restored before. The stores
  // outlive the chain. Tables for which a store is of no use (timers') lie in memory either way.
  // StoreError where there should be one and is not.
  virtual KeyedStores* keyed_stores(std::uint32_t /*operator_index*/) { return nullptr; }

  // Whether the job takes checkpoints. Where it does not, what waits for one (the commit of a
  // two-phase sink) happens at the end of the input.
  virtual bool checkpoints_enabled() const { return false; }
  // Whether the job starts from a checkpoint that has this task, also where it holds no state of
  // it: this subtask had finished.
  virtual bool starts_from_checkpoint() const { return false; }
};

// The operator state of one operator of a chain.
struct ChainedOperatorState {
  std::uint32_t operator_index = 0;
  OperatorStateSnapshot states;
  bool operator==(const ChainedOperatorState&) const = default;
};

// A table of keyed state of one operator of a chain. Lives as long as the chain.
struct ChainedKeyedTable {
  std::uint32_t operator_index = 0;
  std::string name;  // of the state; unique within the operator
  KeyedTable* table = nullptr;
  std::string schema = {};  // KeyedTable::schema(): a restore must find the same
  // Of ChainContext::keyed_stores(): its entries are no part of a state file
  // (KeyedTable::in_store).
  bool in_store = false;
};

// A checkpoint of a chain, all on the task's thread, between two steps in which Drain() said true
// and no timers were due:
//   1. PrepareCheckpoint() until it says true. From the first call on the chain takes no input, no
//      OnProcessingTime() and no FireTimers(), and Drain() passes nothing on: a sink that is
//      prepared gets no records. NotifyCheckpointAborted() ends this, too.
//   2. SnapshotOperatorState(), and of all keyed_tables() SetSnapshotTime(processing time) and
//      Freeze().
//   3. EmitBarrier(). After Finish() said true it does nothing: EndOfInput is in every channel.
// Then other threads save the frozen tables, and Thaw() follows on the task's thread. Later, once
// the coordinator has decided, NotifyCheckpointComplete() or NotifyCheckpointAborted().
//
// A table that is in_store saves into its store: when SaveNext() of all the operator's tables is
// through, the engine exports the store, and only then calls Thaw() of those. Until then nothing
// else is written into the store. AwaitsThaw() says when the task can go on no further.
//
// A restore: what is in stores; CreateChain(), which opens them; Restore() of the other
// keyed_tables(); RestoreOperatorState(), Open().
class Chain {
 public:
  virtual ~Chain() = default;

  // The tables of all operators, the head's first. All are there when the chain was made.
  virtual std::vector<ChainedKeyedTable> keyed_tables() { return {}; }

  // Everything that has to leave the process before a snapshot may be taken (a sink writer's
  // records) leaves. False: not yet, call again after NotifyAvailable(). Never waits.
  virtual Result<bool> PrepareCheckpoint(const Barrier& /*barrier*/) { return true; }
  // Ships what is partly filled, whatever the credit, and the barrier behind it into every channel.
  virtual void EmitBarrier(const Barrier& /*barrier*/) {}
  // After Finish() said true: an operator has output that only a completed checkpoint makes final
  // (a two-phase sink). The task takes one more checkpoint and ends when this is false, which a
  // NotifyCheckpointComplete() and, after that, NotifyAvailable() bring about.
  virtual bool AwaitsCheckpoint() const { return false; }

  // Before Open(): this subtask's part of what SnapshotOperatorState() gave, by operator (see
  // RedistributeOperatorState). An operator that is not named starts fresh. Each operator gets its
  // part in Open().
  virtual void RestoreOperatorState(std::vector<ChainedOperatorState> /*restored*/) {}
  // Between steps: calls the functions' SnapshotState() and copies the state of operators that have
  // any, the head first. Keyed state is frozen beside it (KeyedTable::Freeze).
  virtual Result<std::vector<ChainedOperatorState>> SnapshotOperatorState(
      std::uint64_t /*checkpoint_id*/) {
    return std::vector<ChainedOperatorState>();
  }
  // The checkpoint is complete, or given up. At most once for each; not for every one.
  virtual Status NotifyCheckpointComplete(std::uint64_t /*checkpoint_id*/) { return Status::Ok(); }
  virtual Status NotifyCheckpointAborted(std::uint64_t /*checkpoint_id*/) { return Status::Ok(); }

  // What has changed since the barrier fills the memory that keyed state in a store may have: no
  // OnBatch(), OnWatermark(), Poll(), OnProcessingTime(), FireTimers() or Finish() before the
  // tables were thawed. Only while they are frozen.
  virtual bool AwaitsThaw() const { return false; }

  // Opens the operators, last one first, so that each may emit into an open successor. May block (a
  // task is INITIALIZING meanwhile, on a thread that does not hold the baton).
  virtual Status Open() = 0;

  // Source chains only: emits at most one block.
  virtual Result<PollStatus> Poll() = 0;

  // Input chains only. `input` is the index of the incoming edge (JobGraph::edges with this target,
  // in order). The chain may move records out of the batch or change them; the engine clears and
  // recycles it afterwards.
  virtual Status OnBatch(std::uint32_t input, AnyBatch& batch) = 0;
  // The minimum over all channels of all incoming edges that share the operator's input number
  // (JobEdge::target_input), already merged by the engine. `input` is the index of any of those
  // edges.
  virtual Status OnWatermark(std::uint32_t input, Watermark watermark) = 0;
  virtual Status OnWatermarkStatus(std::uint32_t input, WatermarkStatus status) = 0;
  // All channels of this incoming edge have ended.
  virtual Status OnEndOfInput(std::uint32_t input) = 0;

  // Events of the operator's coordinator, in order.
  virtual Status OnCoordinatorEvent(std::uint32_t operator_index, std::string_view payload) = 0;

  // The time of ChainContext::SetTimer() has come; it is set no more. `now_ms`, processing time, is
  // before it where the wall clock was set back meanwhile.
  virtual Status OnProcessingTime(std::int64_t now_ms) = 0;

  // Tries to move what a sink writer did not take (bounded), then passes on what an operator at the
  // head had to wait for. True: nothing is pending, input may come. Called before each step; never
  // waits.
  virtual Result<bool> Drain() = 0;

  // The head has as many records under way as it may have: no input before this is false again,
  // which NotifyAvailable() or the timer brings about. Unlike with Drain(), what is behind has
  // room: timers go on. Asked after Drain().
  virtual bool HoldsInput() const { return false; }

  // Ships partly filled batches into channels that have credit. Called when the task is out of
  // input (not when it is blocked), and when the buffer timeout has passed.
  virtual void Flush() = 0;

  // After the last input ended: finishes the operators in order (flushes sink writers, emits what
  // is left, then EndOfInput into every channel). False: not yet, call again after
  // NotifyAvailable(), or, if that made timers_due(), after those. Never waits.
  virtual Result<bool> Finish() = 0;

  // Due timers that one call did not fire, as a burst of them must not hold up control elements.
  // While there are any, the chain takes no batch, no watermark, no Poll(), no OnProcessingTime()
  // and no Finish(): first FireTimers() is called, in steps of its own, each of which fires a
  // bounded number. Drain() comes first.
  virtual bool timers_due() const { return false; }
  virtual Status FireTimers() { return Status::Ok(); }

  // Closes the operators, first one first; called exactly once after Open() was called, whatever
  // came between. May block for a bounded time.
  virtual Status Close() = 0;
};

}  // namespace weir::internal
