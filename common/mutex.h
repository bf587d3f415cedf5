// Mutex, MutexLock and CondVar: the standard library's, with the annotations that let Clang check
// their use.
//
//   class Counter {
//     void Add() { MutexLock lock(mutex_); ++count_; changed_.SignalAll(); }
//     Mutex mutex_;
//     CondVar changed_;
//     int count_ WEIR_GUARDED_BY(mutex_) = 0;
//   };
//
// A mutex is not recursive. Neither call-backs nor blocking calls are made while one is held.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "common/thread_annotations.h"

namespace weir {

class WEIR_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() WEIR_ACQUIRE() { mutex_.lock(); }
  void Unlock() WEIR_RELEASE() { mutex_.unlock(); }
  bool TryLock() WEIR_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  // Tells the analysis, where it cannot see it, that this thread holds the mutex. Checks nothing.
  void AssertHeld() const WEIR_ASSERT_CAPABILITY(this) {}

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds the mutex from here to the end of the scope.
class WEIR_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) WEIR_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() WEIR_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits for a condition that is guarded by one Mutex. Wake-ups can be spurious: wait in a loop on
// the condition.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Gives the mutex back while waiting and holds it again on return.
  void Wait(Mutex& mutex) WEIR_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }

  // As Wait, but returns false once the steady clock reads `deadline_ns`
  // (SystemClock().MonotonicNanos()).
  bool WaitUntil(Mutex& mutex, std::int64_t deadline_ns) WEIR_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const auto deadline =
        std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns));
    const bool signaled = condition_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return signaled;
  }

  // As Wait, but returns false after `timeout_ms`.
  bool WaitFor(Mutex& mutex, std::int64_t timeout_ms) WEIR_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool signaled = condition_.wait_for(lock, std::chrono::milliseconds(timeout_ms)) ==
                          std::cv_status::no_timeout;
    lock.release();
    return signaled;
  }

  void SignalOne() { condition_.notify_one(); }
  void SignalAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace weir
