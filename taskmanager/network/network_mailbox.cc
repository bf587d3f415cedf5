#include "taskmanager/network/network_mailbox.h"

#include <cassert>
#include <utility>

namespace weir::network {

void NetworkMailbox::Push(std::shared_ptr<OutputChannel> output) {
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    outputs_.push_back(std::move(output));
    if (std::exchange(woken_, true)) return;
  }
  reactor_->Signal();
}

void NetworkMailbox::Push(std::shared_ptr<InputChannel> input) {
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    inputs_.push_back(std::move(input));
    if (std::exchange(woken_, true)) return;
  }
  reactor_->Signal();
}

void NetworkMailbox::Take(Outputs& outputs, Inputs& inputs) {
  assert(outputs.empty() && inputs.empty());
  MutexLock lock(mutex_);
  outputs_.swap(outputs);
  inputs_.swap(inputs);
  woken_ = false;
}

void NetworkMailbox::Close() {
  Outputs outputs;  // let go after the lock: a channel may be the mailbox's last owner
  Inputs inputs;
  MutexLock lock(mutex_);
  closed_ = true;
  outputs_.swap(outputs);
  inputs_.swap(inputs);
}

}  // namespace weir::network
