// What must hold in every simulation, whatever fails:
//
//  * in the state of every completed checkpoint each number has had its effect exactly once: those
//    that the sources have passed are counted once, each in one subtask, and are in transactions
//    that are committed or in the checkpoint, once; no others are;
//  * numbers of completed checkpoints grow;
//  * only what a completed checkpoint holds is committed;
//  * at most one attempt of a subtask runs, and a sink that prepares gets no records (the
//    OutsideWorld sees to both);
//  * at the end of the job each number is committed exactly once, and of its checkpoints no file is
//    left.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <weir/status.h>

#include "proto/checkpoint.pb.h"
#include "tests/simulation/history.h"
#include "tests/simulation/memory_files.h"
#include "tests/simulation/numbered_job.h"

namespace weir::simulation {

class Invariants {
 public:
  // Watches the disk for completed checkpoints of the job in `directory`.
  Invariants(MemoryFiles& disk, OutsideWorld& outside, History& history, const JobShape& shape,
             std::string directory);
  ~Invariants();

  // The job has FINISHED and nothing of it runs. Without `cleared` files may be left.
  void CheckEnd(bool cleared);

  int completed() const { return completed_; }
  // Empty: all holds.
  std::vector<std::string> violations() const;

 private:
  // What a checkpoint says.
  struct Content {
    std::set<Number> emitted;               // by the sources, before the barrier
    std::map<Number, std::int64_t> counts;  // of the keyed state
    std::set<std::uint64_t> transactions;   // committed or to be
    std::vector<bool> count_finished;       // by subtask: its state went with it
  };

  void OnRename(const std::string& path);
  Status CheckCheckpoint(const std::string& path);
  Status ReadVertex(const proto::VertexState& vertex, Content& content);
  Status ReadSubtask(const proto::VertexState& vertex, const proto::SubtaskState& subtask,
                     const proto::StateHandle& handle, Content& content);
  Status CheckCounts(const Content& content) const;
  Status CheckTransactions(const Content& content) const;

  MemoryFiles& disk_;
  OutsideWorld& outside_;
  History& history_;
  const JobShape shape_;
  const std::string directory_;
  std::uint64_t last_completed_ = 0;
  int completed_ = 0;
  std::set<std::uint64_t> permitted_;  // transactions that a completed checkpoint holds
  std::vector<std::string> violations_;
};

}  // namespace weir::simulation
