// NetworkMailbox: how task threads tell the network which channels have news.
#pragma once

#include <memory>
#include <vector>

#include "common/mutex.h"
#include "taskmanager/network/reactor.h"

namespace weir::network {

class OutputChannel;
class InputChannel;

// Any thread, holding no lock. A channel stands in it once at most (the channels see to that). The
// mail is taken within a turn (network_turn.h), which may be had by the thread that pushes: its
// push then writes to sockets.
class NetworkMailbox {
 public:
  using Outputs = std::vector<std::shared_ptr<OutputChannel>>;
  using Inputs = std::vector<std::shared_ptr<InputChannel>>;

  // Signals the reactor, whose `on_mail` calls Take().
  explicit NetworkMailbox(std::shared_ptr<Reactor> reactor) : reactor_(std::move(reactor)) {}

  void Push(std::shared_ptr<OutputChannel> output);
  void Push(std::shared_ptr<InputChannel> input);

  // Swaps what is there with the vectors, which must be empty and give their memory.
  void Take(Outputs& outputs, Inputs& inputs);

  // What comes from now on is dropped, and what is there too: channels hold on to their mailbox.
  void Close();

 private:
  // Shared: channels' handles may outlive the data plane, whose end stops the reactor.
  const std::shared_ptr<Reactor> reactor_;
  Mutex mutex_;
  Outputs outputs_ WEIR_GUARDED_BY(mutex_);
  Inputs inputs_ WEIR_GUARDED_BY(mutex_);
  bool woken_ WEIR_GUARDED_BY(mutex_) = false;
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
};

}  // namespace weir::network
