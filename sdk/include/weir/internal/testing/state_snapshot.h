// What a checkpoint of operators holds, as a value in memory: for tests of what they keep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/internal/job_graph.h>
#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/runtime_context.h>
#include <weir/stable_hash.h>
#include <weir/status.h>

namespace weir::testing {

// The subtask that gets the records of a key.
template <class K>
std::uint32_t SubtaskOfKey(const K& key, std::uint32_t parallelism,
                           std::uint32_t max_parallelism = 128) {
  return SubtaskOf(KeyGroupOf(StableHasher<K>::Hash(key), max_parallelism), parallelism,
                   max_parallelism);
}

// Of one subtask of each operator. Nothing in it refers to where it was taken.
class StateSnapshot {
 public:
  bool empty() const { return keyed_.empty() && operators_.empty(); }
  // Of all keyed state.
  std::uint64_t bytes() const;

  // Takes the state of a chain's operators along. The chain is prepared (internal/chain.h).
  Status Save(internal::Chain& chain, const internal::JobVertex& vertex,
              std::uint64_t checkpoint_id, std::int64_t now_ms);

  // Before Chain::Open(): gives the chain its part of what all subtasks had, in their order. Fails
  // with FailedPrecondition where the program has another state than the snapshots.
  static Status Restore(const std::vector<StateSnapshot>& subtasks,
                        const internal::JobVertex& vertex, const TaskInformation& task,
                        internal::Chain& chain);

  // The ids of operators that have state in it.
  std::vector<std::string> operator_ids() const;

 private:
  struct Piece {
    std::uint32_t key_group = 0;
    std::uint32_t entries = 0;
    std::vector<std::byte> bytes;
  };
  struct KeyedState {
    std::string operator_id;
    std::string name;
    std::string schema;
    std::vector<Piece> pieces;
  };
  class PieceWriter;

  Status RestoreKeyed(const internal::JobVertex& vertex, const TaskInformation& task,
                      const std::vector<internal::ChainedKeyedTable>& tables) const;

  std::vector<KeyedState> keyed_;
  std::map<std::string, internal::OperatorStateSnapshot> operators_;  // by id
};

}  // namespace weir::testing
