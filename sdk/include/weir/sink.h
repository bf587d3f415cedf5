// The sink seam: a writer per subtask takes records. What a checkpoint adds: a plain writer is
// flushed before the barrier passes (at least once); weir/two_phase_sink.h has exactly once, and
// writers with state.
//
// A sink is any copyable type with
//   using Record = …;
//   std::string name() const;                       "Kafka", shown in the plan
//   std::unique_ptr<Writer> CreateWriter() const;   Writer derives from weir::SinkWriter<Record>;
//   make it final: it is
//                                                   held by this type, and then no record costs a
//                                                   virtual call
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <weir/internal/chain.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir {

class SinkWriterContext {
 public:
  virtual ~SinkWriterContext() = default;
  virtual RuntimeContext& runtime() = 0;
  // Outlives the writer. NotifyAvailable() after kNotReady or an unfinished flush: "ask me again".
  virtual std::shared_ptr<internal::Availability> availability() = 0;
  // 32 hex digits, the same for all subtasks and attempts: with the job's id it tells this sink
  // from every other one. A uid keeps it from one version of the program to the next.
  virtual std::string_view operator_id() const = 0;
  // Whether the job takes checkpoints.
  virtual bool checkpoints_enabled() const { return false; }
  // Whether the job starts from a checkpoint. One that holds no state of this subtask was taken
  // after it had finished.
  virtual bool starts_from_checkpoint() const { return false; }
};

enum class WriteStatus : std::uint8_t {
  kAccepted,
  kNotReady,  // no room now; NotifyAvailable() is called when there is. The record stays with the
              // caller.
};

enum class FlushStatus : std::uint8_t { kDone, kPending };

// One per subtask. All calls come from the task's thread and must not block.
template <class T>
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;
  // The context outlives the writer. May block.
  virtual Status Open(SinkWriterContext& context) = 0;
  // Takes one record, or none. May move out of `record` only when it accepts it. Called through the
  // concrete writer's loop over a block: see SinkWriterOperator.
  virtual Result<WriteStatus> Write(T& record, std::int64_t timestamp_ms) = 0;
  // A writer may also have
  //   Result<std::uint32_t> WriteBlock(std::span<T> records,
  //                                    std::span<const std::int64_t> timestamps_ms)
  // which is called instead of Write() and takes records from the first one on; it returns how
  // many, and fewer than all mean kNotReady. So its loop is its own: what it counts may live in
  // registers.
  //
  // A writer may also have `Status EndBlock()`: called after the records of a block, so that what
  // it gathered from several records can leave at once.
  //
  // A writer with a thread may also have `Status Failure()`: the first error of the thread, whose
  // notification is then heard also while no records come. Asked in every step: cheap.

  // Makes everything accepted so far durable at its destination: before each checkpoint, and at the
  // end of the input. kPending: NotifyAvailable() follows; call again. Where the checkpoint is
  // given up meanwhile, records may come first: the next call is for those, too.
  virtual Result<FlushStatus> Flush(bool end_of_input) = 0;
  // Stops its threads. Bounded time.
  virtual void Close() {}
};

}  // namespace weir
