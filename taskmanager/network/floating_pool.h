// FloatingPool: buffers that belong to no channel and help out where a backlog is. Pure.
//
// Channels that want one wait in a queue and are served one buffer at a time; who still wants after
// that waits at the end again. So a channel with a long backlog cannot take more than its turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_set>

namespace weir::network {

class FloatingPool {
 public:
  // Names a channel; the pool does not care how.
  using Key = std::uint32_t;

  explicit FloatingPool(std::uint32_t size) : available_(size) {}

  // The channel waits for one buffer; nothing if it waits already.
  void Want(Key channel);
  // The channel does not wait any more (it is gone, or its backlog is).
  void Forget(Key channel);
  // `count` buffers come back.
  void Return(std::uint32_t count) { available_ += count; }

  // The channel that has waited longest and gets one buffer now; nothing if nobody waits or nothing
  // is there. Call until it gives nothing.
  std::optional<Key> GiveOne();

  std::uint32_t available() const { return available_; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  std::uint32_t available_;
  std::deque<Key> queue_;  // the same channels, longest wait first
  std::unordered_set<Key> waiting_;
};

}  // namespace weir::network
