// CreditReceiver: the receiving end of credit-based flow control for one channel. Pure.
//
// Every buffer of memory that belongs to the channel is in one of three places:
//
//   granted   the sender may use it (or has, and the buffer is under way)
//   queued    a buffer arrived in it and the task has not popped it
//   returned  popped, and not granted again yet (granted with the next TakeGrant())
//
//   granted + queued + returned = exclusive + floating        (always)
//
// `exclusive` buffers are the channel's for good. `floating` ones come one by one from the
// FloatingPool that all channels of a worker share, for as long as the sender has a backlog, and go
// back to it as buffers are popped. Source of the scheme: Flink, FLINK-7282.
#pragma once

#include <cstdint>

#include <weir/status.h>

namespace weir::network {

class CreditReceiver {
 public:
  struct Options {
    std::uint32_t exclusive = 2;         // at least 1
    std::uint32_t maximum_floating = 8;  // at once, so that a slow channel cannot hold the pool
  };
  explicit CreditReceiver(const Options& options)
      : options_(options), returned_(options.exclusive) {}

  // A buffer arrived. Corruption when the sender had no credit for it.
  Status OnBuffer();

  // The sender holds back `backlog` buffers now.
  void OnBacklog(std::uint32_t backlog) { backlog_ = backlog; }

  // The task popped `count` buffers, at most queued(). Returns how many floating buffers go back to
  // the pool with that: every popped buffer, as long as the channel has floating ones. (It may get
  // them again at once; passing through the pool gives others their turn.)
  std::uint32_t OnPopped(std::uint32_t count);

  // Whether one more floating buffer would be of use: the backlog is larger than what the sender
  // may send anyway, and the channel has not reached its share.
  bool wants_floating() const {
    return !ended_ && backlog_ > granted_ + returned_ && floating_ < options_.maximum_floating;
  }
  // The pool gave one buffer.
  void OnFloating();

  // The sender sends no more: what it was granted and did not use belongs to the channel again, and
  // nothing is granted any more. Returns how many floating buffers go back to the pool at once.
  std::uint32_t OnEnd();

  // Whether half of the channel's buffers came back: then the sender still has most of the other
  // half, and one frame (and one wake of the sender) stands for several credits.
  bool worth_granting() const { return returned_ > 0 && 2 * returned_ >= total(); }
  // What to grant to the sender now: everything returned. 0: no need for a frame.
  std::uint32_t TakeGrant();

  std::uint32_t granted() const { return granted_; }
  std::uint32_t queued() const { return queued_; }
  std::uint32_t floating() const { return floating_; }
  // All buffers of the channel.
  std::uint32_t total() const { return options_.exclusive + floating_; }
  std::uint32_t backlog() const { return backlog_; }

 private:
  Options options_;
  std::uint32_t granted_ = 0;
  std::uint32_t queued_ = 0;
  std::uint32_t returned_ = 0;
  std::uint32_t floating_ = 0;
  std::uint32_t backlog_ = 0;
  bool ended_ = false;
};

}  // namespace weir::network
