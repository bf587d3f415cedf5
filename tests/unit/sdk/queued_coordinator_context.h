// A CoordinatorContext whose background work and timers wait until the test lets them happen.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include <weir/internal/coordinator.h>
#include <weir/internal/testing/fake_chain_context.h>

namespace weir::testing {

class QueuedCoordinatorContext final : public internal::CoordinatorContext {
 public:
  std::uint32_t parallelism() const override { return subtasks; }
  void SendToSubtask(std::uint32_t subtask, std::string payload) override {
    send(subtask, std::move(payload));
  }
  void Fail(Status status) override { failure = std::move(status); }
  void RunBlocking(std::function<void()> work, std::function<void()> done) override {
    waiting.push_back([work = std::move(work), done = std::move(done)] {
      work();
      done();
    });
  }
  void Schedule(std::int64_t, std::function<void()> task) override {
    waiting.push_back(std::move(task));
  }
  Logger& logger() override { return fake_logger; }

  // The oldest of what waits; there is some.
  void RunNext() {
    const std::function<void()> next = std::move(waiting.front());
    waiting.pop_front();
    next();
  }

  std::uint32_t subtasks = 0;
  std::function<void(std::uint32_t subtask, std::string payload)> send;
  std::deque<std::function<void()>> waiting;
  Status failure;
  FakeLogger fake_logger;
};

}  // namespace weir::testing
