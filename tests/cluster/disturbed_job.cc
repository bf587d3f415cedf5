#include "tests/cluster/disturbed_job.h"

#include <cstdio>

namespace weir::cluster_test {

void DisturbedJobTest::SetUp() {
  std::printf("WEIR_SEED=%lu WEIR_KILLS=%lu\n", seed_, kills_);
}

void DisturbedJobTest::StartRecoverableCluster() {
  metadata_.emplace(*TemporaryDirectory::Create("weir-metadata-"));
  StartCluster({.slots = kSlots,
                .settings = {{"high-availability.type", "file"},
                             {"high-availability.storageDir", metadata_->path()},
                             // A TaskManager that dies while there is no JobManager is waited for
                             // so long.
                             {"jobmanager.worker-lease.duration", "5 s"},
                             {"heartbeat.interval", "500 ms"}}});
}

std::int64_t DisturbedJobTest::RecordsForKills() const {
  // A pause between kills is under half a second on average; what the rest adds takes longer, and
  // sources stand still meanwhile.
  return kRecordsPerSecond * static_cast<std::int64_t>(kills_ + 3);
}

std::map<std::string, std::string> DisturbedJobTest::Configuration(
    const CheckpointVariant& variant) {
  std::printf("checkpoints: %s\n", variant.name.c_str());
  std::map<std::string, std::string> configuration = {
      {"execution.checkpointing.interval", "50 ms"},
      {"execution.checkpointing.dir", MakeFolder("checkpoints")},
      {"execution.checkpointing.data-inline-threshold", "0 b"},
      {"execution.checkpointing.tolerable-failed-checkpoints", "1000000"},
      {"restart-strategy.type", "fixed-delay"},
      {"restart-strategy.fixed-delay.attempts", "1000000"},
      {"restart-strategy.fixed-delay.delay", "20 ms"}};
  for (const auto& [key, value] : variant.configuration) configuration[key] = value;
  return configuration;
}

bool DisturbedJobTest::Ended(const std::string& job) {
  const auto view = client().Job(job);
  return view.ok() && (view->state == "FINISHED" || view->state == "FAILED");
}

void DisturbedJobTest::ExpectExactlyOnce(const NumberedArguments& arguments,
                                         const std::string& output) {
  EXPECT_EQ(CheckCounts(arguments, ReadPublishedLines(output + "/counts")), "");
  EXPECT_EQ(CheckWindows(arguments, ReadPublishedLines(output + "/windows")), "");
}

}  // namespace weir::cluster_test
