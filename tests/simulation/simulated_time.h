// The one queue of a simulation: everything that happens in any of its processes is an event here,
// and happens at the moment that the clock shows. One thread; the seed decides everything.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "common/event_loop.h"
#include "common/manual_clock.h"
#include "common/random.h"

namespace weir::simulation {

inline constexpr std::int64_t kMicro = 1'000;
inline constexpr std::int64_t kMilli = 1'000'000;

class SimulatedTime {
 public:
  explicit SimulatedTime(std::uint64_t seed) : random_(seed) {}

  ManualClock& clock() { return clock_; }
  Random& random() { return random_; }
  std::int64_t now_ns() const { return clock_.MonotonicNanos(); }

  // Below `bound`, which is at least 1.
  std::int64_t Below(std::int64_t bound) {
    return static_cast<std::int64_t>(RandomBelow(random_, static_cast<std::uint64_t>(bound)));
  }
  // True in `count` of `of` cases.
  bool Chance(std::int64_t count, std::int64_t of) { return Below(of) < count; }

  // Events of one moment happen in the order in which they were asked for.
  void After(std::int64_t delay_ns, std::function<void()> function);
  // The next event, with the clock at its moment. False: there is none, or it is later than
  // `until_ns`, where the clock then stands.
  bool RunNext(std::int64_t until_ns);

 private:
  struct Event {
    std::int64_t due_ns = 0;
    std::uint64_t number = 0;
    std::function<void()> function;
  };
  struct Later {
    bool operator()(const Event& left, const Event& right) const {
      return left.due_ns != right.due_ns ? left.due_ns > right.due_ns : left.number > right.number;
    }
  };

  ManualClock clock_{0, 1'700'000'000'000};
  SeededRandom random_;
  std::uint64_t next_number_ = 0;
  std::vector<Event> events_;  // a heap
};

// An event loop of one process. What waits in it when it is destroyed never happens: that is how a
// process dies. With a latency each posted function takes up to that long, in order: a thread that
// waits for a disk.
class SimulatedLoop final : public EventLoop {
 public:
  // Nanoseconds, asked for each function that is posted.
  using Latency = std::function<std::int64_t()>;
  explicit SimulatedLoop(SimulatedTime& time, Latency latency = nullptr)
      : time_(time), latency_(std::move(latency)) {}

  void Post(std::function<void()> function) override;
  TimerId Schedule(std::int64_t delay_ms, std::function<void()> function) override;
  bool Cancel(TimerId timer) override;
  bool InLoopThread() const override { return true; }

 private:
  SimulatedTime& time_;
  const Latency latency_;
  std::int64_t busy_until_ns_ = 0;
  TimerId last_timer_ = kNoTimer;
  // By timer, until it runs or is canceled. Shared so that events can tell that the loop is gone.
  std::shared_ptr<std::map<TimerId, std::function<void()>>> timers_ =
      std::make_shared<std::map<TimerId, std::function<void()>>>();
};

}  // namespace weir::simulation
