// ReceiveCredits: the credits of all incoming channels of a worker and the pool they share. Pure.
//
// Bound on memory: exclusive buffers × channels + pool, each kBufferSize.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <weir/status.h>

#include "taskmanager/network/credit_receiver.h"
#include "taskmanager/network/floating_pool.h"

namespace weir::network {

class ReceiveCredits {
 public:
  using Key = std::uint32_t;  // the channel's number
  struct Grant {
    Key channel = 0;
    std::uint32_t credit = 0;
    bool operator==(const Grant&) const = default;
  };

  ReceiveCredits(const CreditReceiver::Options& options, std::uint32_t pool_size)
      : options_(options), pool_(pool_size) {}

  // A channel starts: its exclusive buffers (at least 1) are to be granted. It must not be there.
  void Add(Key channel, std::uint32_t exclusive);
  void Add(Key channel) { Add(channel, options_.exclusive); }
  // It ends: what it had of the pool goes back. Nothing if it is not there.
  void Remove(Key channel);
  bool Has(Key channel) const { return channels_.contains(channel); }

  // Events of a channel that is there; see CreditReceiver. More than queued cannot be popped: the
  // rest of `count` is ignored.
  Status OnBuffer(Key channel);
  void OnBacklog(Key channel, std::uint32_t backlog);
  void OnPopped(Key channel, std::uint32_t count);
  void OnEnd(Key channel);

  // Channels of which some hold floating buffers while others wait for one. Those that the pool
  // could be served from, had their tasks' pops been reported.
  const std::unordered_set<Key>& holders() const { return holders_; }
  bool short_of_floating() const { return pool_.waiting() > 0 && pool_.available() == 0; }

  // The next grant to send; nothing when all are sent. After every event, or after several.
  std::optional<Grant> NextGrant();

  const CreditReceiver* Find(Key channel) const;
  const FloatingPool& pool() const { return pool_; }

 private:
  struct Channel {
    CreditReceiver credits;
    bool dirty = false;  // stands in dirty_
  };
  void ServePool();
  void NoteFloating(Key channel, const CreditReceiver& credits);
  void MarkDirty(Key channel, Channel& entry);

  const CreditReceiver::Options options_;
  FloatingPool pool_;
  std::unordered_map<Key, Channel> channels_;
  std::unordered_set<Key> holders_;  // channels with floating buffers
  std::vector<Key> dirty_;           // channels that may have something to grant
  std::size_t next_dirty_ = 0;
};

}  // namespace weir::network
