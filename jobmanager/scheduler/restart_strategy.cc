#include "jobmanager/scheduler/restart_strategy.h"

#include "common/configuration.h"
#include "common/settings.h"
#include "common/text.h"

namespace weir::jobmanager {
namespace {

class NoRestart final : public RestartStrategy {
 public:
  std::optional<std::int64_t> OnFailure(std::int64_t) override { return std::nullopt; }
  std::string Describe() const override { return "restart strategy none"; }
};

class FixedDelay final : public RestartStrategy {
 public:
  FixedDelay(std::int64_t attempts, std::int64_t delay_ms)
      : attempts_(attempts), delay_ms_(delay_ms) {}

  std::optional<std::int64_t> OnFailure(std::int64_t) override {
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

}  // namespace

std::unique_ptr<RestartStrategy> MakeNoRestartStrategy() {
  return std::make_unique<NoRestart>();
}

std::unique_ptr<RestartStrategy> MakeFixedDelayRestartStrategy(std::int64_t attempts,
                                                               std::int64_t delay_ms) {
  return std::make_unique<FixedDelay>(attempts, delay_ms);
}

std::unique_ptr<RestartStrategy> MakeRestartStrategy(const Configuration& configuration) {
  switch (configuration.Get(settings::kRestartStrategy)) {
    case RestartStrategyType::kNone:
      return MakeNoRestartStrategy();
    case RestartStrategyType::kFixedDelay:
      return MakeFixedDelayRestartStrategy(configuration.Get(settings::kFixedDelayAttempts),
                                           configuration.Get(settings::kFixedDelay).count());
  }
  return MakeNoRestartStrategy();
}

bool SuppressesRestart(const Status& cause) {
  return cause.retry() == RetryHint::kNoRetry && cause.domain() != ErrorDomain::kExternal;
}

}  // namespace weir::jobmanager
