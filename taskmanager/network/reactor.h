// Reactor: one thread that waits for sockets and timers and runs what they cause. A thin face on
// Boost.Asio, so that only reactor.cc reads its headers.
//
// All call-backs run within a turn (network_turn.h). Everything here but Post(), Signal() and the
// Reactor's own life is for whoever has the turn. System calls on the descriptors are made by
// whoever uses this; the reactor says when they will not block.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

#include <weir/status.h>

#include "common/unique_fd.h"

namespace weir::network {

// A socket address as the kernel takes it.
struct RawAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family() const { return storage.ss_family; }
};

class Reactor {
 public:
  // Starts the thread; `name` (at most 15 bytes) is what debuggers and `top` show. `on_mail` runs
  // within a turn after each Signal().
  explicit Reactor(const std::string& name, std::function<void()> on_mail = [] {});
  // Stop(), then frees what was posted and did not run.
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Runs `work` on the thread, within a turn, in the order of the calls. Any thread. After Stop()
  // it never runs.
  void Post(std::function<void()> work);
  // There is mail: served on the calling thread, unless another one has the turn and serves it at
  // its end. Any thread. After Stop() it is not served.
  void Signal();
  // Ends the thread when what it is running returns, and waits for that. Not from the thread.
  void Stop();

  // Calls back (on the thread) with the addresses of `host`, or the error that names it. A literal
  // address needs no look-up; a name is looked up on another thread.
  void Resolve(const std::string& host, std::uint16_t port,
               std::function<void(Result<std::vector<RawAddress>>)> done);

 private:
  friend class WatchedDescriptor;
  friend class Timer;
  class Loop;
  std::unique_ptr<Loop> loop_;
};

// Owns a descriptor and waits for it. Destroying it ends the waiting and closes the descriptor; no
// call-back runs after that. A call-back may destroy it.
class WatchedDescriptor {
 public:
  // Makes the descriptor non-blocking. The call-backs are kept; both may be set once, here.
  WatchedDescriptor(Reactor& reactor, UniqueFd descriptor, std::function<void()> on_readable,
                    std::function<void()> on_writable);
  ~WatchedDescriptor();
  WatchedDescriptor(const WatchedDescriptor&) = delete;
  WatchedDescriptor& operator=(const WatchedDescriptor&) = delete;

  int get() const;
  // Calls on_readable (on_writable) once, when reading (writing) would not block, which may be now,
  // but never from within this call. Asking again before that changes nothing.
  void WaitReadable();
  void WaitWritable();
  // Ends the waiting and gives the descriptor away.
  [[nodiscard]] UniqueFd Release();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Calls back once after a time. Destroying it cancels; no call-back runs after that.
class Timer {
 public:
  Timer(Reactor& reactor, std::function<void()> on_expiry);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Counts from now; a count under way is given up.
  void Start(std::int64_t delay_ms);
  void Cancel();
  bool running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weir::network
