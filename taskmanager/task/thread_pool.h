// Threads that are lent for as long as a piece of work lasts: a slot's loop, opening or closing a
// chain. They are kept for the next piece, so that handing a baton on costs no new thread.
//
// The number of threads is bounded by the work there is: at most one per slot, per parked call and
// per chain that opens or closes. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include <weir/status.h>

#include "common/mutex.h"
#include "taskmanager/task/task_threads.h"

namespace weir::task {

class ThreadPool final : public WorkPool {
 public:
  ThreadPool() = default;
  // Joins: waits for all work that was given. Nobody may give any more.
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Runs `work` on a thread of its own, now. ResourceExhausted when the system gives no thread.
  Status Run(std::function<void()> work) override;

  std::size_t thread_count() const;

 private:
  void Serve();

  mutable Mutex mutex_;
  CondVar given_;
  std::deque<std::function<void()>> work_ WEIR_GUARDED_BY(mutex_);
  std::size_t idle_ WEIR_GUARDED_BY(mutex_) = 0;
  bool stopping_ WEIR_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::task
