#include "taskmanager/network/receive_credits.h"

#include <algorithm>

namespace weir::network {

void ReceiveCredits::Add(Key channel, std::uint32_t exclusive) {
  CreditReceiver::Options options = options_;
  options.exclusive = exclusive;
  const auto [entry, added] = channels_.try_emplace(channel, Channel{CreditReceiver(options)});
  if (added) MarkDirty(channel, entry->second);
}

void ReceiveCredits::Remove(Key channel) {
  const auto entry = channels_.find(channel);
  if (entry == channels_.end()) return;
  pool_.Forget(channel);
  pool_.Return(entry->second.credits.floating());
  holders_.erase(channel);
  channels_.erase(entry);
  ServePool();
}

Status ReceiveCredits::OnBuffer(Key channel) {
  const auto entry = channels_.find(channel);
  if (entry == channels_.end())
    return Status::Corruption("a buffer for a channel that is not open");
  return entry->second.credits.OnBuffer();
}

void ReceiveCredits::OnBacklog(Key channel, std::uint32_t backlog) {
  const auto entry = channels_.find(channel);
  if (entry == channels_.end()) return;
  entry->second.credits.OnBacklog(backlog);
  if (entry->second.credits.wants_floating()) {
    pool_.Want(channel);
    ServePool();
  } else {
    pool_.Forget(channel);
  }
}

void ReceiveCredits::OnPopped(Key channel, std::uint32_t count) {
  const auto entry = channels_.find(channel);
  if (entry == channels_.end()) return;
  CreditReceiver& credits = entry->second.credits;
  pool_.Return(credits.OnPopped(std::min(count, credits.queued())));
  NoteFloating(channel, credits);
  MarkDirty(channel, entry->second);
  if (credits.wants_floating()) pool_.Want(channel);
  ServePool();
}

void ReceiveCredits::OnEnd(Key channel) {
  const auto entry = channels_.find(channel);
  if (entry == channels_.end()) return;
  pool_.Forget(channel);
  pool_.Return(entry->second.credits.OnEnd());
  NoteFloating(channel, entry->second.credits);
  ServePool();
}

std::optional<ReceiveCredits::Grant> ReceiveCredits::NextGrant() {
  while (next_dirty_ < dirty_.size()) {
    const Key channel = dirty_[next_dirty_++];
    const auto entry = channels_.find(channel);
    if (entry == channels_.end()) continue;
    entry->second.dirty = false;
    if (!entry->second.credits.worth_granting()) continue;
    if (const std::uint32_t credit = entry->second.credits.TakeGrant(); credit > 0) {
      return Grant{channel, credit};
    }
  }
  dirty_.clear();
  next_dirty_ = 0;
  return std::nullopt;
}

const CreditReceiver* ReceiveCredits::Find(Key channel) const {
  const auto entry = channels_.find(channel);
  return entry == channels_.end() ? nullptr : &entry->second.credits;
}

// Hands out what the pool has, one buffer at a time, round and round among those who want.
void ReceiveCredits::ServePool() {
  while (const auto channel = pool_.GiveOne()) {
    Channel& entry = channels_.at(*channel);  // Remove() makes the pool forget
    if (!entry.credits.wants_floating()) {
      pool_.Return(1);
      continue;
    }
    entry.credits.OnFloating();
    holders_.insert(*channel);
    MarkDirty(*channel, entry);
    if (entry.credits.wants_floating()) pool_.Want(*channel);
  }
}

void ReceiveCredits::NoteFloating(Key channel, const CreditReceiver& credits) {
  if (credits.floating() == 0) holders_.erase(channel);
}

void ReceiveCredits::MarkDirty(Key channel, Channel& entry) {
  if (entry.dirty) return;
  entry.dirty = true;
  dirty_.push_back(channel);
}

}  // namespace weir::network
