// Restart strategies: whether a job that failed is started again, and after how long. Pure objects.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <weir/status.h>

namespace weir {
class Configuration;
}

namespace weir::jobmanager {

// One per job, asked once for each failure.
class RestartStrategy {
 public:
  virtual ~RestartStrategy() = default;
  // The pause before the restart in milliseconds; none: the job fails for good. `now_ms` is
  // monotonic.
  virtual std::optional<std::int64_t> OnFailure(std::int64_t now_ms) = 0;
  // For people: "restart strategy fixed-delay: 3 of 3 restarts used".
  virtual std::string Describe() const = 0;
};

std::unique_ptr<RestartStrategy> MakeNoRestartStrategy();
// At most `attempts` restarts over the life of the job, each `delay_ms` after the failure.
std::unique_ptr<RestartStrategy> MakeFixedDelayRestartStrategy(std::int64_t attempts,
                                                               std::int64_t delay_ms);
// As restart-strategy.* says.
std::unique_ptr<RestartStrategy> MakeRestartStrategy(const Configuration& configuration);

// A failure that no restart can cure: its author says so (kNoRetry) and it is the job's or the
// engine's. What is outside both (a broker, a disk, a network) can get well, so its hint concerns
// the attempt, not the job.
bool SuppressesRestart(const Status& cause);

}  // namespace weir::jobmanager
