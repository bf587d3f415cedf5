// Runs simulations: WEIR_SEEDS of them (default 300), from WEIR_SEED on (default 1); WEIR_SEED
// alone runs that one and prints its history.
#include "tests/simulation/simulation.h"

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "common/logging.h"

namespace weir::simulation {
namespace {

std::optional<std::uint64_t> Given(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

class SimulationTest : public testing::Test {
 protected:
  // What servers say about thousands of faults helps nobody; the history has what matters.
  static void SetUpTestSuite() {
    ASSERT_TRUE(ConfigureLogging({.level = LogLevel::kError, .file = "/dev/null"}).ok());
  }
};

std::string Report(std::uint64_t seed, const Verdict& verdict) {
  std::string text = "replay with: WEIR_SEED=" + std::to_string(seed) +
                     " weir_simulation_test --gtest_filter=SimulationTest.InvariantsHold\n";
  for (const std::string& violation : verdict.violations) text += "VIOLATED: " + violation + "\n";
  return text;
}

TEST_F(SimulationTest, InvariantsHold) {
  const std::optional<std::uint64_t> seed = Given("WEIR_SEED");
  const std::optional<std::uint64_t> seeds = Given("WEIR_SEEDS");
  if (seed && !seeds) {
    const Verdict verdict = Simulate(*seed, true);
    std::cout << verdict.history;
    EXPECT_TRUE(verdict.violations.empty()) << Report(*seed, verdict);
    return;
  }
  const std::uint64_t first = seed.value_or(1);
  const std::uint64_t count = seeds.value_or(300);
  Verdict total;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Verdict verdict = Simulate(first + i, false);
    total.acts += verdict.acts;
    total.completed += verdict.completed;
    total.simulated_ms += verdict.simulated_ms;
    if (verdict.violations.empty()) continue;
    const Verdict again = Simulate(first + i, true);
    FAIL() << "after " << i + 1 << " seeds\n" << again.history << Report(first + i, verdict);
  }
  std::cout << count << " simulations of " << total.simulated_ms / 1000 << " s, " << total.acts
            << " faults, " << total.completed << " completed checkpoints\n";
  // The simulation would prove little if faults let no checkpoint through.
  EXPECT_GT(total.completed, static_cast<int>(count));
  EXPECT_GT(total.acts, static_cast<int>(count));
}

TEST_F(SimulationTest, ASeedReplays) {
  for (const std::uint64_t seed : {11, 12, 13}) {
    const Verdict first = Simulate(seed, true);
    const Verdict second = Simulate(seed, true);
    EXPECT_EQ(first.history, second.history);
    EXPECT_EQ(first.fingerprint, second.fingerprint);
  }
}

}  // namespace
}  // namespace weir::simulation
