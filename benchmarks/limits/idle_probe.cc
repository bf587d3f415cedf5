// The longest time that a thread with nothing to do was kept from running: absolute times of a run
// are judged beside it. Prints it, in milliseconds, when its standard input ends.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include <poll.h>

int main() {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kInterval{1};
  double longest_ms = 0;
  pollfd input{0, POLLIN, 0};
  for (;;) {
    const Clock::time_point begin = Clock::now();
    if (::poll(&input, 1, kInterval.count()) > 0) break;
    const std::chrono::duration<double, std::milli> late = Clock::now() - begin - kInterval;
    longest_ms = std::max(longest_ms, late.count());
  }
  std::printf("%.3f\n", longest_ms);
  return 0;
}
