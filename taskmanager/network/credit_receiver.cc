#include "taskmanager/network/credit_receiver.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir::network {

Status CreditReceiver::OnBuffer() {
  if (granted_ == 0) {
    return Status::Corruption("a buffer came without a credit for it");
  }
  --granted_;
  ++queued_;
  return Status();
}

std::uint32_t CreditReceiver::OnPopped(std::uint32_t count) {
  assert(count <= queued_);
  queued_ -= count;
  const std::uint32_t to_pool = std::min(count, floating_);
  floating_ -= to_pool;
  returned_ += count - to_pool;
  return to_pool;
}

void CreditReceiver::OnFloating() {
  ++floating_;
  ++returned_;
}

std::uint32_t CreditReceiver::OnEnd() {
  ended_ = true;
  const std::uint32_t to_pool = std::min(floating_, granted_ + returned_);
  floating_ -= to_pool;
  returned_ += granted_ - to_pool;
  granted_ = 0;
  return to_pool;
}

std::uint32_t CreditReceiver::TakeGrant() {
  if (ended_) return 0;
  granted_ += returned_;
  return std::exchange(returned_, 0);
}

}  // namespace weir::network
