// What must hold in every simulation, whatever fails:
//
//  * in the state of every completed checkpoint each number has had its effect exactly once: those
//    that the sources have passed are counted once, each in one subtask, and are in transactions
//    that are committed or in the checkpoint, once; no others are;
//  * numbers of completed checkpoints grow;
//  * only what a completed checkpoint holds is committed;
//  * a checkpoint that tasks were told is complete, or a later one, survives a loss of power;
//  * at most one attempt of a subtask runs, none of a vertex that had finished in a completed
//    checkpoint, and a sink that prepares gets no records (the
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
#include "taskmanager/checkpoint/state_file_reader.h"
#include "tests/simulation/history.h"
#include "tests/simulation/memory_files.h"
#include "tests/simulation/numbered_job.h"

namespace weir::simulation {

class Invariants {
 public:
  // Watches the disk.
  Invariants(MemoryFiles& disk, OutsideWorld& outside, History& history);
  ~Invariants();

  // A job starts whose checkpoints are in `directory`. If there was one before it has ended, and
  // the new one starts from its newest checkpoint.
  void OnSubmit(const JobShape& shape, std::string directory);
  // The path of the newest checkpoint of the job; empty: there is none.
  std::string NewestCheckpoint();
  // The disk has lost power while the job had not ended.
  void CheckPowerLost();
  // Whether no file of the job's checkpoints is left.
  bool Cleared() const { return disk_.FilesBelow(directory_).empty(); }
  // The job has FINISHED, nothing of it runs and the JobManager had time to clear away.
  void CheckEnd();

  int completed() const { return completed_; }
  // Empty: all holds.
  std::vector<std::string> violations() const;

 private:
  // What a checkpoint says.
  struct Content {
    std::set<Number> emitted;               // by the sources, before the barrier
    std::map<Number, std::int64_t> counts;  // of the keyed state
    std::vector<Number> to_count;           // on their way in an unaligned checkpoint
    std::vector<Number> to_sink;
    std::set<std::uint64_t> transactions;  // committed or to be
    std::vector<bool> count_finished;      // by subtask: its state went with it
    std::set<std::uint32_t> finished;      // vertices
  };

  void OnRename(const std::string& path);
  Status CheckCheckpoint(std::uint64_t checkpoint_id);
  Result<Content> ReadContent(std::uint64_t checkpoint_id);
  std::uint64_t NewestOnDisk();
  Status ReadVertex(const proto::VertexState& vertex, Content& content);
  Status ReadSubtask(const proto::VertexState& vertex, const proto::SubtaskState& subtask,
                     const proto::StateHandle& handle, Content& content);
  static Status ReadChannels(checkpoint::StateFileReader& reader, checkpoint::SectionId id,
                             std::vector<Number>& numbers);
  Status CheckCounts(const Content& content) const;
  Status CheckTransactions(const Content& content) const;

  MemoryFiles& disk_;
  OutsideWorld& outside_;
  History& history_;
  JobShape shape_;
  std::string directory_;
  std::uint64_t initial_ = 0;  // the checkpoint that the job starts from
  std::set<Number> gone_;      // counted before that by subtasks that had finished
  std::uint64_t last_completed_ = 0;
  int completed_ = 0;
  // By completed checkpoint, the transactions that it holds.
  std::map<std::uint64_t, std::set<std::uint64_t>> permitted_;
  std::vector<std::string> violations_;
};

}  // namespace weir::simulation
