// What a two-phase sink has prepared and not yet committed: the state machine between barriers,
// decisions on checkpoints, and commits. Knows no types, threads or clocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <vector>

#include <weir/status.h>
#include <weir/two_phase_sink.h>

namespace weir::internal {

struct LoggedCommittable {
  std::uint32_t subtask = 0;  // that prepared it
  std::uint64_t checkpoint_id = 0;
  bool restored = false;
  std::vector<std::byte> bytes;
};

// The output of one checkpoint.
using CommittableBatch = std::vector<std::shared_ptr<const LoggedCommittable>>;

class CommittableLog {
 public:
  enum class Room : std::uint8_t {
    kRoom,
    kWait,  // a decision, or a commit that is under way, will make room
    kFull,  // nothing but a later checkpoint could
  };

  explicit CommittableLog(const CommitOptions& options) : options_(options) {}

  // Of a restored checkpoint, which holds: all may be committed at once, before others. By
  // checkpoint.
  std::vector<CommittableBatch> Restore(std::vector<LoggedCommittable> committables);
  // For a checkpoint with an id above all others'. A checkpoint may be added to several times.
  void Add(std::uint64_t checkpoint_id, std::uint32_t subtask,
           std::vector<std::vector<std::byte>> committables);
  // What may be committed now that was not before, by checkpoint.
  std::vector<CommittableBatch> Complete(std::uint64_t checkpoint_id);
  // It will not complete; an earlier one that is under way still may.
  void Abort(std::uint64_t checkpoint_id);
  // So many more, from the first one on, of what was given out are committed. Returns the latest
  // checkpoint of which nothing is left thereby; 0: none.
  std::uint64_t Committed(std::uint64_t count);

  Room room() const;
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  // In the order of commit.
  const std::deque<std::shared_ptr<const LoggedCommittable>>& entries() const { return entries_; }

 private:
  // Those behind what was given out, up to `end`.
  std::vector<CommittableBatch> GiveOut(std::size_t end);

  const CommitOptions options_;
  std::deque<std::shared_ptr<const LoggedCommittable>> entries_;
  std::size_t given_out_ = 0;        // entries before it may be committed
  std::set<std::uint64_t> aborted_;  // checkpoints above all completed ones
};

}  // namespace weir::internal
