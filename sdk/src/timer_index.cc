#include <algorithm>

#include <weir/internal/timers/timer_index.h>

namespace weir::internal {

namespace {

constexpr std::size_t kChildren = 4;

}  // namespace

void TimerIndex::Add(const Node& node) {
  nodes_.push_back(node);
  Rise(nodes_.size() - 1, node);
}

TimerIndex::Node TimerIndex::TakeFirst() {
  const Node first = nodes_.front();
  RemoveAt(0);
  return first;
}

// The last node takes the place.
void TimerIndex::RemoveAt(std::size_t position) {
  const Node last = nodes_.back();
  nodes_.pop_back();
  if (position == nodes_.size()) return;
  if (position > 0 && last.time_ms < nodes_[(position - 1) / kChildren].time_ms) {
    Rise(position, last);
  } else {
    Sink(position, last);
  }
}

void TimerIndex::Rise(std::size_t position, const Node& node) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / kChildren;
    if (nodes_[parent].time_ms <= node.time_ms) break;
    nodes_[position] = nodes_[parent];
    position = parent;
  }
  nodes_[position] = node;
}

void TimerIndex::Sink(std::size_t position, const Node& node) {
  for (;;) {
    const std::size_t first = position * kChildren + 1;
    if (first >= nodes_.size()) break;
    const std::size_t end = std::min(first + kChildren, nodes_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (nodes_[child].time_ms < nodes_[least].time_ms) least = child;
    }
    if (node.time_ms <= nodes_[least].time_ms) break;
    nodes_[position] = nodes_[least];
    position = least;
  }
  nodes_[position] = node;
}

}  // namespace weir::internal
