// One call of an asynchronous function, and the way of its result back to the task's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/status.h>

namespace weir::internal {

// What became of a call: results, or an error.
template <class U>
struct AsyncCompletion {
  std::uint32_t entry = 0;  // whose call it was
  std::uint64_t call = 0;   // which one; others of the entry count no more
  std::vector<U> results;
  Status error;
  AsyncCompletion* next = nullptr;  // in the mailbox
};

// Completions on their way. Any thread posts, the task's thread takes: a stack of which the taker
// claims all at once (Treiber, "Systems Programming: Coping with Parallelism", 1986), so there is
// no lock and nothing to be reused under a poster's hands.
template <class U>
class AsyncMailbox {
 public:
  using Completion = AsyncCompletion<U>;
  explicit AsyncMailbox(std::shared_ptr<Availability> availability)
      : availability_(std::move(availability)) {}
  AsyncMailbox(const AsyncMailbox&) = delete;
  AsyncMailbox& operator=(const AsyncMailbox&) = delete;
  ~AsyncMailbox() { Close(); }

  // Dropped once the mailbox is closed.
  void Post(std::unique_ptr<Completion> completion) {
    Completion* head = head_.load(std::memory_order_relaxed);
    do {
      if (head == &closed_) return;
      completion->next = head;
    } while (!head_.compare_exchange_weak(head, completion.get(), std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    static_cast<void>(completion.release());
    if (head == nullptr) availability_->NotifyAvailable();
  }

  // Task's thread. The first one posted first.
  std::vector<std::unique_ptr<Completion>> TakeAll() {
    if (head_.load(std::memory_order_relaxed) == nullptr) return {};
    return InOrder(head_.exchange(nullptr, std::memory_order_acq_rel));
  }
  // Task's thread; the last call.
  void Close() {
    Completion* head = head_.exchange(&closed_, std::memory_order_acq_rel);
    if (head != &closed_) InOrder(head).clear();
  }

 private:
  static std::vector<std::unique_ptr<Completion>> InOrder(Completion* head) {
    std::vector<std::unique_ptr<Completion>> newest_first;
    for (; head != nullptr; head = newest_first.back()->next) newest_first.emplace_back(head);
    return {std::make_move_iterator(newest_first.rbegin()),
            std::make_move_iterator(newest_first.rend())};
  }

  const std::shared_ptr<Availability> availability_;
  std::atomic<Completion*> head_{nullptr};
  Completion closed_;  // its address stands for "closed"
};

// Shared by the copies of a ResultFuture. Any thread. The first end counts.
template <class U>
class AsyncCall {
 public:
  AsyncCall(std::shared_ptr<AsyncMailbox<U>> mailbox, std::uint32_t entry, std::uint64_t call)
      : mailbox_(std::move(mailbox)), entry_(entry), call_(call) {}
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;
  ~AsyncCall() {
    if (ended()) return;
    End({}, Status::UserError("the function let go of its ResultFuture without completing it"));
  }

  bool ended() const { return ended_.load(std::memory_order_acquire); }
  // False: it had ended before.
  bool End(std::vector<U> results, Status error) {
    if (ended_.exchange(true, std::memory_order_acq_rel)) return false;
    auto completion = std::make_unique<AsyncCompletion<U>>();
    completion->entry = entry_;
    completion->call = call_;
    completion->results = std::move(results);
    completion->error = std::move(error);
    mailbox_->Post(std::move(completion));
    return true;
  }

 private:
  const std::shared_ptr<AsyncMailbox<U>> mailbox_;
  const std::uint32_t entry_;
  const std::uint64_t call_;
  std::atomic<bool> ended_{false};
};

}  // namespace weir::internal
