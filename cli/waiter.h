// Waiting between two looks at the server, in a way that Ctrl-C ends at once.
#pragma once

#include <csignal>
#include <cstdint>

namespace weir::cli {

class Waiter {
 public:
  virtual ~Waiter() = default;
  // From now on Ctrl-C ends the wait, or the next one, instead of the program.
  virtual void HoldInterrupts() = 0;
  // False when the user asked to stop (before or during the wait), true when the time has passed.
  virtual bool Wait(std::int64_t duration_ms) = 0;
};

// Blocks SIGINT and SIGTERM from HoldInterrupts on and takes them in Wait. Children must be given
// back the mask they expect (detached_process.cc does).
class SignalWaiter final : public Waiter {
 public:
  SignalWaiter();
  ~SignalWaiter() override;
  SignalWaiter(const SignalWaiter&) = delete;
  SignalWaiter& operator=(const SignalWaiter&) = delete;

  void HoldInterrupts() override;
  bool Wait(std::int64_t duration_ms) override;

 private:
  sigset_t signals_;
  sigset_t previous_;
  bool holding_ = false;
};

}  // namespace weir::cli
