// CallGate: lets one thread call back into an object until the object's owner closes the gate.
#pragma once

#include "common/mutex.h"

namespace weir::network {

class CallGate {
 public:
  // Runs `call` unless the gate is closed. One calling thread; `call` must not block, nor close the
  // gate.
  template <class Call>
  void Run(const Call& call) {
    {
      MutexLock lock(mutex_);
      if (closed_) return;
      running_ = true;
    }
    call();
    MutexLock lock(mutex_);
    running_ = false;
    if (closed_) ended_.SignalAll();
  }

  // Waits for a call that is running; none runs after it returns. Not from within a call.
  void Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    while (running_) ended_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar ended_;
  bool running_ WEIR_GUARDED_BY(mutex_) = false;
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
};

}  // namespace weir::network
