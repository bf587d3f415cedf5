// Whether a job that failed is started again, and when.
#include "jobmanager/scheduler/restart_strategy.h"

#include <map>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/configuration.h"

namespace weir::jobmanager {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kHourMs = 3'600'000;

class RestartStrategyTest : public testing::Test {
 protected:
  Result<std::unique_ptr<RestartStrategy>> Make(
      const std::map<std::string, std::string>& settings) {
    Configuration configuration;
    for (const auto& [key, value] : settings) {
      const Status status = configuration.Set(key, value);
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
    return MakeRestartStrategy(configuration, random_);
  }
  std::unique_ptr<RestartStrategy> Exponential(std::map<std::string, std::string> settings = {}) {
    settings.emplace("restart-strategy.type", "exponential-delay");
    settings.emplace("restart-strategy.exponential-delay.jitter-factor", "0");
    return *Make(settings);
  }

  SeededRandom random_{17};
};

TEST_F(RestartStrategyTest, FixedDelayEndsAfterItsAttempts) {
  const auto strategy = *Make({{"restart-strategy.type", "fixed-delay"},
                               {"restart-strategy.fixed-delay.attempts", "2"},
                               {"restart-strategy.fixed-delay.delay", "3 s"}});
  EXPECT_EQ(strategy->OnFailure(0, FailureKind::kOrdinary), 3000);
  EXPECT_EQ(strategy->OnFailure(1'000'000, FailureKind::kProcessLost), 3000);
  EXPECT_EQ(strategy->OnFailure(2'000'000, FailureKind::kOrdinary), std::nullopt);
  EXPECT_EQ(strategy->Describe(), "restart strategy fixed-delay: 2 of 2 restarts used");
}

TEST_F(RestartStrategyTest, TheDefaultDependsOnCheckpoints) {
  EXPECT_EQ((*Make({}))->OnFailure(0, FailureKind::kProcessLost), std::nullopt);
  const std::map<std::string, std::string> with{{"execution.checkpointing.interval", "1 s"}};
  EXPECT_EQ((*Make(with))->OnFailure(0, FailureKind::kProcessLost), 0);
  EXPECT_THAT((*Make(with))->Describe(), HasSubstr("exponential-delay"));
}

TEST_F(RestartStrategyTest, FailureRateCountsWithinItsInterval) {
  const auto strategy = *Make({{"restart-strategy.type", "failure-rate"},
                               {"restart-strategy.failure-rate.max-failures-per-interval", "2"},
                               {"restart-strategy.failure-rate.failure-rate-interval", "10 s"},
                               {"restart-strategy.failure-rate.delay", "100 ms"}});
  for (const std::int64_t now_ms : {0, 5'000, 10'000, 15'000, 20'000}) {
    EXPECT_EQ(strategy->OnFailure(now_ms, FailureKind::kOrdinary), 100) << now_ms;
  }
  EXPECT_EQ(strategy->OnFailure(24'999, FailureKind::kOrdinary), std::nullopt);
  EXPECT_EQ(strategy->Describe(),
            "restart strategy failure-rate: 3 failures within 10 s, 2 allowed");
}

TEST_F(RestartStrategyTest, ExponentialDelayGrowsToItsBoundAndBeginsAnewAfterAGoodTime) {
  const auto strategy = Exponential();
  std::int64_t now_ms = 0;
  std::vector<std::int64_t> pauses_ms;
  for (int failure = 0; failure < 13; ++failure) {
    const auto pause_ms = strategy->OnFailure(now_ms, FailureKind::kOrdinary);
    ASSERT_TRUE(pause_ms);
    pauses_ms.push_back(*pause_ms);
    now_ms += *pause_ms;
  }
  EXPECT_THAT(pauses_ms, testing::ElementsAre(1000, 1500, 2250, 3375, 5062, 7593, 11389, 17083,
                                              25624, 38436, 57654, 60000, 60000));
  // now_ms already counts the pause.
  EXPECT_EQ(strategy->OnFailure(now_ms + kHourMs - 1, FailureKind::kOrdinary), 60'000);
  EXPECT_EQ(strategy->OnFailure(now_ms + 3 * kHourMs, FailureKind::kOrdinary), 1000);
}

TEST_F(RestartStrategyTest, ALostProcessIsAnsweredAtOnceTheFirstTimeOnly) {
  const auto strategy = Exponential();
  EXPECT_EQ(strategy->OnFailure(0, FailureKind::kProcessLost), 0);
  EXPECT_EQ(strategy->OnFailure(10, FailureKind::kProcessLost), 1000);
  EXPECT_EQ(strategy->OnFailure(2'000, FailureKind::kOrdinary), 1500);
  EXPECT_EQ(strategy->OnFailure(3 * kHourMs, FailureKind::kProcessLost), 0);
}

TEST_F(RestartStrategyTest, ExponentialDelayCanBeBoundedInAttempts) {
  const auto strategy =
      Exponential({{"restart-strategy.exponential-delay.attempts-before-reset-backoff", "2"}});
  EXPECT_EQ(strategy->OnFailure(0, FailureKind::kProcessLost), 0);
  EXPECT_EQ(strategy->OnFailure(1, FailureKind::kOrdinary), 1000);
  EXPECT_EQ(strategy->OnFailure(2, FailureKind::kOrdinary), std::nullopt);
}

TEST_F(RestartStrategyTest, JitterStaysWithinItsPart) {
  const auto strategy = Exponential({{"restart-strategy.exponential-delay.initial-backoff", "10 s"},
                                     {"restart-strategy.exponential-delay.max-backoff", "10 s"},
                                     {"restart-strategy.exponential-delay.jitter-factor", "0.2"}});
  std::set<std::int64_t> seen;
  for (int failure = 0; failure < 200; ++failure) {
    const std::int64_t pause_ms = *strategy->OnFailure(failure, FailureKind::kOrdinary);
    EXPECT_GE(pause_ms, 8'000);
    EXPECT_LE(pause_ms, 10'000);
    seen.insert(pause_ms);
  }
  EXPECT_GT(seen.size(), 50u);
}

TEST_F(RestartStrategyTest, RefusesWhatContradictsItself) {
  const auto refusal = [&](const std::string& key, const std::string& value) {
    return Make({{"restart-strategy.type", "exponential-delay"}, {key, value}}).status().message();
  };
  const std::string prefix = "restart-strategy.exponential-delay.";
  EXPECT_THAT(refusal(prefix + "initial-backoff", "2 min"), HasSubstr("is above"));
  EXPECT_THAT(refusal(prefix + "backoff-multiplier", "1"), HasSubstr("expected a number above 1"));
  EXPECT_THAT(refusal(prefix + "jitter-factor", "1.5"), HasSubstr("from 0 to 1"));
}

TEST_F(RestartStrategyTest, OnlyWhatCannotGetWellSuppressesARestart) {
  EXPECT_TRUE(SuppressesRestart(Status::InvalidArgument("the graph differs")));
  EXPECT_FALSE(SuppressesRestart(Status::UserError("threw")));
  EXPECT_FALSE(SuppressesRestart(Status::Unavailable("broker down")));
  EXPECT_FALSE(SuppressesRestart(Status::Corruption("frame")));
}

}  // namespace
}  // namespace weir::jobmanager
