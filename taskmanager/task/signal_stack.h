// A stack for signal handlers: lets a thread that has used up its own stack say what it was running
// before it takes the process down.
#pragma once

#include <cstddef>

namespace weir::task {

// Made and destroyed by the thread that it is for, around everything that may run user code there.
// Does nothing where the thread has such a stack already (sanitizers bring their own) or where
// memory is short: a crash by overflow is then only less well explained.
class SignalStack {
 public:
  SignalStack();
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* memory_ = nullptr;
};

}  // namespace weir::task
