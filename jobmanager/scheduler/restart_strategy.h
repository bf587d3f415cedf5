// Restart strategies: whether a job that failed is started again, and after how long. Pure objects.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <weir/status.h>

#include "common/random.h"

namespace weir {
class Configuration;
}

namespace weir::jobmanager {

enum class FailureKind : std::uint8_t {
  kOrdinary,
  // A process or a machine is gone: starting again elsewhere helps, and waiting does not.
  kProcessLost,
};

// One per job, asked once for each failure.
class RestartStrategy {
 public:
  virtual ~RestartStrategy() = default;
  // The pause before the restart in milliseconds; none: the job fails for good. `now_ms` is
  // monotonic.
  virtual std::optional<std::int64_t> OnFailure(std::int64_t now_ms, FailureKind kind) = 0;
  // For people: "restart strategy fixed-delay: 3 of 3 restarts used".
  virtual std::string Describe() const = 0;
};

std::unique_ptr<RestartStrategy> MakeNoRestartStrategy();
// At most `attempts` restarts over the life of the job, each `delay_ms` after the failure.
std::unique_ptr<RestartStrategy> MakeFixedDelayRestartStrategy(std::int64_t attempts,
                                                               std::int64_t delay_ms);
// Ends with the failure that is one more than `max_failures` within `interval_ms`.
std::unique_ptr<RestartStrategy> MakeFailureRateRestartStrategy(std::int64_t max_failures,
                                                                std::int64_t interval_ms,
                                                                std::int64_t delay_ms);

// Flink's exponential-delay. Unlike Flink's, the first lost process after a reset is answered at
// once; the pauses begin with the failure after it.
struct ExponentialDelay {
  std::int64_t initial_backoff_ms = 1'000;
  std::int64_t max_backoff_ms = 60'000;
  double multiplier = 1.5;
  std::int64_t reset_threshold_ms = 3'600'000;
  double jitter = 0.1;                   // the pause is this part longer or shorter at random
  std::optional<std::int64_t> attempts;  // between resets; none: any number
};
// `random` outlives the strategy.
std::unique_ptr<RestartStrategy> MakeExponentialDelayRestartStrategy(ExponentialDelay delay,
                                                                     Random& random);

// As restart-strategy.* says; where it says nothing, exponential-delay for a job that takes
// checkpoints and none for others. INVALID_ARGUMENT for values that contradict each other.
Result<std::unique_ptr<RestartStrategy>> MakeRestartStrategy(const Configuration& configuration,
                                                             Random& random);

// A failure that no restart can cure: its author says so (kNoRetry) and it is the job's or the
// engine's. What is outside both (a broker, a disk, a network) can get well, so its hint concerns
// the attempt, not the job.
bool SuppressesRestart(const Status& cause);

}  // namespace weir::jobmanager
