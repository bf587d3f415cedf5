#include "taskmanager/network/reactor.h"

#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <pthread.h>

#include "common/text.h"
#include "taskmanager/network/network_turn.h"

namespace weir::network {

namespace asio = boost::asio;
using boost::system::error_code;

class Reactor::Loop {
 public:
  Loop(const std::string& name, std::function<void()> on_mail)
      : turn_(std::move(on_mail)), resolver_(context_), work_(context_.get_executor()) {
    thread_ = std::thread([this, name = name.substr(0, 15)] {
      pthread_setname_np(pthread_self(), name.c_str());
      context_.run();
    });
  }
  ~Loop() { Stop(); }

  NetworkTurn& turn() { return turn_; }
  asio::io_context& context() { return context_; }
  asio::ip::tcp::resolver& resolver() { return resolver_; }

  void Stop() {
    turn_.Stop();
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  NetworkTurn turn_;
  asio::io_context context_{1};
  asio::ip::tcp::resolver resolver_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

Reactor::Reactor(const std::string& name, std::function<void()> on_mail)
    : loop_(std::make_unique<Loop>(name, std::move(on_mail))) {}

Reactor::~Reactor() = default;

void Reactor::Post(std::function<void()> work) {
  asio::post(loop_->context(), [&turn = loop_->turn(), work = std::move(work)] { turn.Run(work); });
}

void Reactor::Signal() {
  loop_->turn().Signal();
}

void Reactor::Stop() {
  loop_->Stop();
}

void Reactor::Resolve(const std::string& host, std::uint16_t port,
                      std::function<void(Result<std::vector<RawAddress>>)> done) {
  using asio::ip::tcp;
  const auto to_raw = [](const tcp::endpoint& endpoint) {
    RawAddress address;
    std::memcpy(&address.storage, endpoint.data(), endpoint.size());
    address.size = static_cast<socklen_t>(endpoint.size());
    return address;
  };
  error_code not_literal;
  const auto literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    Post([done = std::move(done), address = to_raw(tcp::endpoint(literal, port))] {
      done(std::vector<RawAddress>{address});
    });
    return;
  }
  loop_->resolver().async_resolve(
      host, std::to_string(port),
      [&turn = loop_->turn(), done = std::move(done), to_raw, host](
          const error_code& error, const tcp::resolver::results_type& results) {
        std::vector<RawAddress> addresses;
        for (const auto& entry : results) addresses.push_back(to_raw(entry.endpoint()));
        turn.Run([&] {
          if (error) {
            done(Status::Unavailable(Concat("cannot resolve '", host, "': ", error.message())));
          } else {
            done(std::move(addresses));
          }
        });
      });
}

struct WatchedDescriptor::State {
  State(Reactor& reactor, UniqueFd fd, std::function<void()> readable,
        std::function<void()> writable)
      : turn(reactor.loop_->turn()),
        descriptor(reactor.loop_->context(), fd.Release()),
        on_readable(std::move(readable)),
        on_writable(std::move(writable)) {}

  NetworkTurn& turn;
  asio::posix::stream_descriptor descriptor;
  const std::function<void()> on_readable;
  const std::function<void()> on_writable;
  bool waiting_readable = false;
  bool waiting_writable = false;
  bool gone = false;  // the owner is gone: nothing may be called
};

WatchedDescriptor::WatchedDescriptor(Reactor& reactor, UniqueFd descriptor,
                                     std::function<void()> on_readable,
                                     std::function<void()> on_writable) {
  const int flags = ::fcntl(descriptor.get(), F_GETFL);
  ::fcntl(descriptor.get(), F_SETFL, flags | O_NONBLOCK);
  state_ = std::make_shared<State>(reactor, std::move(descriptor), std::move(on_readable),
                                   std::move(on_writable));
}

WatchedDescriptor::~WatchedDescriptor() {
  state_->gone = true;
  error_code ignored;  // close() of a socket has nothing to say that anybody could act on
  state_->descriptor.close(ignored);
}

int WatchedDescriptor::get() const {
  return state_->descriptor.native_handle();
}

void WatchedDescriptor::WaitReadable() {
  if (std::exchange(state_->waiting_readable, true)) return;
  state_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                [state = state_](const error_code&) {
                                  state->turn.Run([&] {
                                    state->waiting_readable = false;
                                    if (!state->gone) state->on_readable();
                                  });
                                });
}

void WatchedDescriptor::WaitWritable() {
  if (std::exchange(state_->waiting_writable, true)) return;
  state_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                [state = state_](const error_code&) {
                                  state->turn.Run([&] {
                                    state->waiting_writable = false;
                                    if (!state->gone) state->on_writable();
                                  });
                                });
}

UniqueFd WatchedDescriptor::Release() {
  state_->gone = true;
  return UniqueFd(state_->descriptor.release());
}

struct Timer::State {
  State(Reactor& reactor, std::function<void()> expiry)
      : turn(reactor.loop_->turn()),
        timer(reactor.loop_->context()),
        on_expiry(std::move(expiry)) {}

  NetworkTurn& turn;
  asio::steady_timer timer;
  const std::function<void()> on_expiry;
  // A count that was given up may have expired already and be on its way: its number is old.
  std::uint64_t count = 0;
  bool running = false;
};

Timer::Timer(Reactor& reactor, std::function<void()> on_expiry)
    : state_(std::make_shared<State>(reactor, std::move(on_expiry))) {}

Timer::~Timer() {
  Cancel();
}

void Timer::Start(std::int64_t delay_ms) {
  const std::uint64_t count = ++state_->count;
  state_->running = true;
  state_->timer.expires_after(std::chrono::milliseconds(delay_ms));
  state_->timer.async_wait([state = state_, count](const error_code&) {
    state->turn.Run([&] {
      if (state->count != count) return;
      state->running = false;
      state->on_expiry();
    });
  });
}

void Timer::Cancel() {
  ++state_->count;
  state_->running = false;
  state_->timer.cancel();
}

bool Timer::running() const {
  return state_->running;
}

}  // namespace weir::network
