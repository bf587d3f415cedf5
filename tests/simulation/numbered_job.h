// The job that is simulated, as a plugin would have compiled it:
//
//   source: the numbers of some splits, which an enumerator hands out one at a time
//     -- by key --> count: how often each number came, in a table of keyed state; passes it on
//     -- by key --> sink: writes transactions into the OutsideWorld, in two phases
//
// or, in several failover regions, source --> count --> sink by forward edges, where nothing is
// counted. The chains are small, the states real: a heap table, operator state, committables; so is
// the source's coordinator.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weir/internal/compiled_job.h>

#include "tests/simulation/outside_world.h"
#include "tests/simulation/simulated_time.h"

namespace weir::simulation {

inline constexpr std::uint32_t kSource = 0;
inline constexpr std::uint32_t kCount = 1;
inline constexpr std::uint32_t kSink = 2;
inline constexpr std::uint32_t kMaxParallelism = 128;
inline constexpr const char* kSplitsState = "splits";
inline constexpr const char* kCommittablesState = "committables";

struct JobShape {
  std::uint32_t parallelism[3] = {1, 1, 1};
  std::uint32_t splits = 1;
  Number numbers_per_split = 1;
  std::int64_t pause_ms = 10;  // of a reader between two blocks
  bool forward = false;        // edges; the parallelisms are equal then
  bool impatient = false;      // readers ask again while they wait for a split

  Number total() const { return static_cast<Number>(splits) * numbers_per_split; }
};

// A reader's place in a split: the numbers from `next` to `end` are to come.
struct SplitProgress {
  std::uint32_t split = 0;
  Number next = 0;
  Number end = 0;
};
SplitProgress WholeSplit(const JobShape& shape, std::uint32_t split);

// A transaction that waits for its checkpoint.
struct Committable {
  std::uint64_t transaction = 0;
  std::uint64_t checkpoint_id = 0;  // 0: prepared behind the last one
};

using StateItem = std::vector<std::byte>;
StateItem EncodeItem(const SplitProgress& progress);
StateItem EncodeItem(const Committable& committable);
SplitProgress DecodeSplit(const StateItem& item);
Committable DecodeCommittable(const StateItem& item);
// Splits that the enumerator has not handed out, from the state of the source's coordinator.
Result<std::vector<std::uint32_t>> DecodeUnassigned(std::string_view state);

// What chains need of the simulation. Outlives the job.
struct JobSurroundings {
  SimulatedTime& time;
  OutsideWorld& outside;
  // Whether a snapshot fails in user code; asked for each.
  std::function<bool()> snapshot_fails;
  // Nanoseconds until the outside has flushed or committed.
  std::function<std::int64_t()> outside_latency;
};

std::shared_ptr<const internal::CompiledJob> MakeNumberedJob(const JobShape& shape,
                                                             JobSurroundings& surroundings);

}  // namespace weir::simulation
