// NetworkMailbox: how task threads tell the network's thread which channels have news.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/mutex.h"
#include "taskmanager/network/reactor.h"

namespace weir::network {

class OutputChannel;
class InputChannel;

// Any thread. A channel stands in it once at most (the channels see to that), and the network's
// thread is woken once for all that comes until it looks.
class NetworkMailbox {
 public:
  using Outputs = std::vector<std::shared_ptr<OutputChannel>>;
  using Inputs = std::vector<std::shared_ptr<InputChannel>>;

  // `on_mail` runs on the reactor's thread.
  NetworkMailbox(std::shared_ptr<Reactor> reactor, std::function<void()> on_mail)
      : reactor_(std::move(reactor)), on_mail_(std::move(on_mail)) {}

  void Push(std::shared_ptr<OutputChannel> output);
  void Push(std::shared_ptr<InputChannel> input);

  // Swaps what is there with the vectors, which must be empty and give their memory.
  void Take(Outputs& outputs, Inputs& inputs);

  // What comes from now on is dropped, and what is there too: channels hold on to their mailbox.
  void Close();

 private:
  void Wake();

  // Shared: channels' handles may outlive the data plane, whose end stops the reactor.
  const std::shared_ptr<Reactor> reactor_;
  const std::function<void()> on_mail_;
  Mutex mutex_;
  Outputs outputs_ WEIR_GUARDED_BY(mutex_);
  Inputs inputs_ WEIR_GUARDED_BY(mutex_);
  bool woken_ WEIR_GUARDED_BY(mutex_) = false;
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
};

}  // namespace weir::network
