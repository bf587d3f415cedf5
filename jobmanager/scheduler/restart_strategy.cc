#include "jobmanager/scheduler/restart_strategy.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "common/configuration.h"
#include "common/settings.h"
#include "common/text.h"

namespace weir::jobmanager {
namespace {

class NoRestart final : public RestartStrategy {
 public:
  std::optional<std::int64_t> OnFailure(std::int64_t, FailureKind) override { return std::nullopt; }
  std::string Describe() const override { return "restart strategy none"; }
};

class FixedDelay final : public RestartStrategy {
 public:
  FixedDelay(std::int64_t attempts, std::int64_t delay_ms)
      : attempts_(attempts), delay_ms_(delay_ms) {}

  std::optional<std::int64_t> OnFailure(std::int64_t, FailureKind) override {
    if (used_ >= attempts_) return std::nullopt;
    ++used_;
    return delay_ms_;
  }

  std::string Describe() const override {
    return Concat("restart strategy fixed-delay: ", used_, " of ", attempts_, " restarts used");
  }

 private:
  const std::int64_t attempts_;
  const std::int64_t delay_ms_;
  std::int64_t used_ = 0;
};

class FailureRate final : public RestartStrategy {
 public:
  FailureRate(std::int64_t max_failures, std::int64_t interval_ms, std::int64_t delay_ms)
      : max_failures_(max_failures), interval_ms_(interval_ms), delay_ms_(delay_ms) {}

  std::optional<std::int64_t> OnFailure(std::int64_t now_ms, FailureKind) override {
    while (!failures_ms_.empty() && now_ms - failures_ms_.front() >= interval_ms_) {
      failures_ms_.pop_front();
    }
    failures_ms_.push_back(now_ms);
    if (static_cast<std::int64_t>(failures_ms_.size()) > max_failures_) return std::nullopt;
    return delay_ms_;
  }

  std::string Describe() const override {
    return Concat("restart strategy failure-rate: ", failures_ms_.size(), " failures within ",
                  FormatDuration(std::chrono::milliseconds(interval_ms_)), ", ", max_failures_,
                  " allowed");
  }

 private:
  const std::int64_t max_failures_;
  const std::int64_t interval_ms_;
  const std::int64_t delay_ms_;
  std::deque<std::int64_t> failures_ms_;  // within the interval
};

class ExponentialDelayRestart final : public RestartStrategy {
 public:
  ExponentialDelayRestart(ExponentialDelay delay, Random& random)
      : delay_(delay), random_(random) {}

  std::optional<std::int64_t> OnFailure(std::int64_t now_ms, FailureKind kind) override {
    // The pause itself is no time in which the job did well.
    if (last_failure_ms_ && now_ms - *last_failure_ms_ >= delay_.reset_threshold_ms + pause_ms_) {
      used_ = 0;
      backoff_ms_ = 0;
      answered_at_once_ = false;
    }
    last_failure_ms_ = now_ms;
    if (delay_.attempts && used_ >= *delay_.attempts) return std::nullopt;
    ++used_;
    pause_ms_ = 0;
    const bool at_once =
        kind == FailureKind::kProcessLost && !std::exchange(answered_at_once_, true);
    if (at_once) return 0;
    const double grown = static_cast<double>(backoff_ms_) * delay_.multiplier;
    backoff_ms_ = backoff_ms_ == 0 ? delay_.initial_backoff_ms
                                   : static_cast<std::int64_t>(std::min(
                                         grown, static_cast<double>(delay_.max_backoff_ms)));
    pause_ms_ = WithJitter(backoff_ms_);
    return pause_ms_;
  }

  std::string Describe() const override {
    return Concat("restart strategy exponential-delay: restart ", used_,
                  delay_.attempts ? Concat(" of ", *delay_.attempts) : std::string(), ", pause ",
                  FormatDuration(std::chrono::milliseconds(pause_ms_)));
  }

 private:
  // Never above the longest pause.
  std::int64_t WithJitter(std::int64_t backoff_ms) {
    const auto spread_ms =
        static_cast<std::int64_t>(static_cast<double>(backoff_ms) * delay_.jitter);
    if (spread_ms == 0) return backoff_ms;
    const auto offset_ms = static_cast<std::int64_t>(
        RandomBelow(random_, static_cast<std::uint64_t>(2 * spread_ms + 1)));
    return std::min(backoff_ms - spread_ms + offset_ms, delay_.max_backoff_ms);
  }

  const ExponentialDelay delay_;
  Random& random_;
  std::optional<std::int64_t> last_failure_ms_;
  std::int64_t backoff_ms_ = 0;  // 0: none since the last reset
  std::int64_t pause_ms_ = 0;    // the last one that was given
  std::int64_t used_ = 0;        // restarts since the last reset
  bool answered_at_once_ = false;
};

Result<std::unique_ptr<RestartStrategy>> MakeExponentialDelay(const Configuration& configuration,
                                                              Random& random) {
  ExponentialDelay delay{
      .initial_backoff_ms = configuration.Get(settings::kExponentialDelayInitialBackoff).count(),
      .max_backoff_ms = configuration.Get(settings::kExponentialDelayMaxBackoff).count(),
      .multiplier = configuration.Get(settings::kExponentialDelayMultiplier),
      .reset_threshold_ms = configuration.Get(settings::kExponentialDelayResetThreshold).count(),
      .jitter = configuration.Get(settings::kExponentialDelayJitter),
      .attempts = configuration.Find(settings::kExponentialDelayAttempts)};
  if (delay.initial_backoff_ms > delay.max_backoff_ms) {
    return Status::InvalidArgument(Concat("'", settings::kExponentialDelayInitialBackoff.key,
                                          "' is above '", settings::kExponentialDelayMaxBackoff.key,
                                          "'"));
  }
  if (!(delay.multiplier > 1)) {
    return Status::InvalidArgument(Concat("'", settings::kExponentialDelayMultiplier.key, "' is ",
                                          delay.multiplier, "; expected a number above 1"));
  }
  if (!(delay.jitter >= 0 && delay.jitter <= 1)) {
    return Status::InvalidArgument(Concat("'", settings::kExponentialDelayJitter.key, "' is ",
                                          delay.jitter, "; expected a number from 0 to 1"));
  }
  return MakeExponentialDelayRestartStrategy(delay, random);
}

}  // namespace

std::unique_ptr<RestartStrategy> MakeNoRestartStrategy() {
  return std::make_unique<NoRestart>();
}

std::unique_ptr<RestartStrategy> MakeFixedDelayRestartStrategy(std::int64_t attempts,
                                                               std::int64_t delay_ms) {
  return std::make_unique<FixedDelay>(attempts, delay_ms);
}

std::unique_ptr<RestartStrategy> MakeFailureRateRestartStrategy(std::int64_t max_failures,
                                                                std::int64_t interval_ms,
                                                                std::int64_t delay_ms) {
  return std::make_unique<FailureRate>(max_failures, interval_ms, delay_ms);
}

std::unique_ptr<RestartStrategy> MakeExponentialDelayRestartStrategy(ExponentialDelay delay,
                                                                     Random& random) {
  return std::make_unique<ExponentialDelayRestart>(delay, random);
}

Result<std::unique_ptr<RestartStrategy>> MakeRestartStrategy(const Configuration& configuration,
                                                             Random& random) {
  const RestartStrategyType by_default = configuration.IsSet(settings::kCheckpointingInterval)
                                             ? RestartStrategyType::kExponentialDelay
                                             : RestartStrategyType::kNone;
  switch (configuration.Find(settings::kRestartStrategy).value_or(by_default)) {
    case RestartStrategyType::kNone:
      return MakeNoRestartStrategy();
    case RestartStrategyType::kFixedDelay:
      return MakeFixedDelayRestartStrategy(configuration.Get(settings::kFixedDelayAttempts),
                                           configuration.Get(settings::kFixedDelay).count());
    case RestartStrategyType::kFailureRate:
      return MakeFailureRateRestartStrategy(
          configuration.Get(settings::kFailureRateMaxFailures),
          configuration.Get(settings::kFailureRateInterval).count(),
          configuration.Get(settings::kFailureRateDelay).count());
    case RestartStrategyType::kExponentialDelay:
      return MakeExponentialDelay(configuration, random);
  }
  return MakeNoRestartStrategy();
}

bool SuppressesRestart(const Status& cause) {
  return cause.retry() == RetryHint::kNoRetry && cause.domain() != ErrorDomain::kExternal;
}

}  // namespace weir::jobmanager
