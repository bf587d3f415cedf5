// What an unaligned checkpoint has of a subtask's incoming channels: the records that were on their
// way between the snapshots of both ends, as bytes; and the way back.
//
// Sections of a state file of their own (docs/formats/state-file.md), one for each edge that had
// any. Restored at another parallelism, records of a keyed edge go to whoever owns their key group
// now; those of an edge that deals records out go to any one subtask. Those of an edge that does
// neither (forward, broadcast, custom partitioning) cannot be given to another number of subtasks.
// (Flink aligns such edges whatever is set. Here a task that waits for barriers of some channels
// would hold others back whose senders, ahead with their own snapshots, the first ones wait for.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/internal/compiled_job.h>
#include <weir/internal/job_graph.h>
#include <weir/status.h>

#include "taskmanager/checkpoint/state_file_reader.h"
#include "taskmanager/checkpoint/state_file_writer.h"
#include "taskmanager/task/checkpoint_description.h"
#include "taskmanager/task/input_gate.h"

namespace weir::task {

// Whether records of such an edge may be given to another subtask than they were sent to.
bool MayMoveRecords(internal::Partitioning partitioning);

// Edges that lead to the vertex, in the order of JobGraph::edges: the edges of its tasks' gates.
std::vector<std::uint32_t> IncomingEdges(const internal::JobGraph& graph, std::uint32_t vertex);

// What an edge is called in state files: "<id of its source vertex>/<n>", the n-th edge between
// these two vertices.
std::string ChannelStateName(const internal::JobGraph& graph, std::uint32_t edge);

// Encoded records, in the order in which they came. One thread at a time.
class ChannelState {
 public:
  // Calls the record type's serializer, which is user code. `edge`: index into JobGraph::edges.
  void Add(const internal::ChannelType& type, std::uint32_t edge, const internal::AnyBatch& batch);

  bool empty() const { return pieces_.empty(); }
  std::uint64_t size_bytes() const { return size_bytes_; }
  // Into a file of kChannelStateFileVersion, as state of the vertex' head.
  Status Write(const internal::CompiledJob& job, checkpoint::StateFileWriter& writer) const;

 private:
  struct Piece {
    std::uint32_t edge = 0;
    std::uint32_t records = 0;
    std::vector<std::byte> bytes;
    std::size_t used = 0;
  };

  std::vector<Piece> pieces_;
  std::uint64_t size_bytes_ = 0;
};

// Collects a new subtask's share of the channel state of old ones. One thread at a time.
class ChannelStateRestore {
 public:
  // `job` lives longer.
  ChannelStateRestore(const internal::CompiledJob& job, std::uint32_t vertex, std::uint32_t subtask)
      : job_(job), vertex_(vertex), subtask_(subtask) {}

  // A channel section of an old subtask's file. FailedPrecondition where the program has no such
  // edge, or records of another type on it; else the reader's errors.
  Status Read(const RestoreSource& source, checkpoint::StateFileReader& reader,
              checkpoint::SectionId section);
  // What the task's gate begins with.
  std::vector<RestoredBatch> Take() { return std::move(restored_); }

 private:
  Status Decode(std::uint32_t gate_edge, std::span<const std::byte> bytes);

  const internal::CompiledJob& job_;
  const std::uint32_t vertex_;
  const std::uint32_t subtask_;
  std::vector<RestoredBatch> restored_;
};

}  // namespace weir::task
