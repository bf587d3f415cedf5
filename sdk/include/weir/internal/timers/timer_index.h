// Which timer is next: the time index of a table of timers, in memory only. It is rebuilt from the
// table after a restore.
//
// A heap with four children to a node (LaMarca and Ladner, "The Influence of Caches on the
// Performance of Heaps", 1996): half as many cache lines on the way down as with two. Timers that
// are registered in the order of their times, or for one time, take and cost one step.
//
// A deleted timer's node stays until its time comes or Sweep() meets it: finding it would need the
// position of every node in the table, written whenever nodes change places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::internal {

// The task's thread.
class TimerIndex {
 public:
  struct Node {
    std::int64_t time_ms;
    std::uint64_t tag;     // of the timer's entry in the table
    std::uint32_t number;  // of the entry, so that one registered again is another one
  };

  bool empty() const { return nodes_.empty(); }
  std::size_t size() const { return nodes_.size(); }
  // Not empty.
  const Node& first() const { return nodes_.front(); }

  void Add(const Node& node);
  // Not empty.
  Node TakeFirst();
  void Clear() { nodes_.clear(); }

  // Looks at the next `count` nodes, going round and round, and removes those for which
  // `is_stale(node)`.
  template <class IsStale>
  void Sweep(std::uint32_t count, IsStale&& is_stale) {
    for (; count > 0 && !nodes_.empty(); --count) {
      if (swept_ >= nodes_.size()) swept_ = 0;
      if (is_stale(nodes_[swept_])) {
        RemoveAt(swept_);
      } else {
        ++swept_;
      }
    }
  }

 private:
  void RemoveAt(std::size_t position);
  void Rise(std::size_t position, const Node& node);
  void Sink(std::size_t position, const Node& node);

  std::vector<Node> nodes_;
  std::size_t swept_ = 0;
};

}  // namespace weir::internal
