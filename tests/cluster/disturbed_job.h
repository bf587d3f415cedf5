// DisturbedJobTest: a numbered job, something that kills the processes it runs on, and the proof
// that nobody can tell from its files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/temporary_directory.h"
#include "tests/cluster/checkpoint_log.h"
#include "tests/cluster/checkpoint_variants.h"
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/numbered_output.h"
#include "tests/cluster/process_killer.h"
#include "tests/sanitizers/instrumented.h"

namespace weir::cluster_test {

// WEIR_SEED repeats the choices of a run (moments and victims); WEIR_SOAK asks for 200 kills
// instead of the few that always happen, WEIR_KILLS for as many as it says.
class DisturbedJobTest : public ClusterTest {
 protected:
  static constexpr std::uint64_t kFewKills = test::kInstrumented ? 2 : 5;
  static constexpr std::uint64_t kSoakKills = 200;
  static constexpr std::int64_t kRecordsPerSecond = test::Repetitions(20'000);
  static constexpr std::uint32_t kSlots = 2;  // of a TaskManager

  void SetUp() override;
  // With a metadata store: jobs outlive the JobManager.
  void StartRecoverableCluster();

  // So many records that the job is not at its end before all kills have happened, if its source
  // gives kRecordsPerSecond.
  std::int64_t RecordsForKills() const;
  // A checkpoint every 50 ms, every state in files, restarts without end.
  std::map<std::string, std::string> Configuration(const CheckpointVariant& variant);

  // Kills, each time somebody that `choose` says, until WEIR_KILLS or the end of the job, and
  // prints what that cost.
  template <class Choose>
  void Disturb(const std::string& job, Choose&& choose) {
    ProcessKiller killer(cluster(), PathOf("checkpoints"), kSlots, seed_);
    CheckpointLog log(cluster().rest_address(), job);
    while (killer.kills().size() < kills_ && !Ended(job)) {
      killer.Await(killer.ChooseMoment());
      const Status killed = killer.Kill(choose(killer));
      ASSERT_TRUE(killed.ok()) << killed.message();
    }
    EXPECT_GT(killer.kills().size(), 0U) << "the job ended before anything was killed";
    WaitForState(job, "FINISHED", kPatience + std::chrono::seconds(10) * kills_);
    const LoggedCheckpoints checkpoints = log.Stop();
    std::printf("killed %s; %d restarts by the last JobManager; %s\n", killer.Summary().c_str(),
                Job(job).restarts,
                Describe(checkpoints, OutagesMs(killer.kills(), checkpoints)).c_str());
  }
  // Nothing is lost and nothing is there twice, in state and output.
  void ExpectExactlyOnce(const NumberedArguments& arguments, const std::string& output);

  const std::uint64_t seed_ = SeedOfProcess();
  const std::uint64_t kills_ = FromEnvironment("WEIR_KILLS", SoakAsked() ? kSoakKills : kFewKills);

 private:
  bool Ended(const std::string& job);

  std::optional<TemporaryDirectory> metadata_;
};

}  // namespace weir::cluster_test
