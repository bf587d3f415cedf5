#include "tests/simulation/simulation.h"

#include <map>
#include <utility>

#include "tests/simulation/fault_plan.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/simulated_cluster.h"

namespace weir::simulation {
namespace {

constexpr std::size_t kHistoryLines = 400;
// Once nothing fails any more: until a checkpoint is complete, and until the job has finished.
constexpr std::int64_t kCheckpointBoundMs = 30'000;
constexpr std::int64_t kFinishBoundMs = 120'000;

class Simulation {
 public:
  Simulation(std::uint64_t seed, bool detailed)
      : time_(seed),
        history_(time_, detailed),
        cluster_(time_, history_, outside_, faults_),
        shape_(DrawShape()),
        invariants_(cluster_.disk(), outside_, history_, shape_,
                    cluster_.checkpoint_directory() + "/" + cluster_.job_id()),
        plan_(time_, history_, cluster_, faults_, TaskManagers(), Slots()) {}

  Verdict Run() {
    cluster_.StartJobManager();
    for (const std::string& id : TaskManagers()) cluster_.StartTaskManager(id, Slots());
    cluster_.Submit(shape_, DrawSettings());
    Pass(time_.Below(1'000));
    const std::int64_t faults_ms = 500 + time_.Below(5'000);
    plan_.Begin(time_.now_ns() + faults_ms * kMilli);
    Pass(faults_ms);
    plan_.End();
    Recover();
    Verdict verdict{.violations = invariants_.violations(),
                    .history = history_.Last(kHistoryLines),
                    .fingerprint = history_.fingerprint(),
                    .acts = plan_.acts(),
                    .completed = invariants_.completed(),
                    .simulated_ms = time_.now_ns() / kMilli};
    verdict.violations.insert(verdict.violations.end(), stuck_.begin(), stuck_.end());
    return verdict;
  }

 private:
  JobShape DrawShape() {
    JobShape shape;
    for (std::uint32_t& parallelism : shape.parallelism) {
      parallelism = 1 + static_cast<std::uint32_t>(time_.Below(3));
    }
    shape.splits = 1 + static_cast<std::uint32_t>(time_.Below(5));
    shape.numbers_per_split = 1 + time_.Below(400);
    shape.pause_ms = 1 + time_.Below(60);
    return shape;
  }

  std::map<std::string, std::string> DrawSettings() {
    const auto draw = [this](std::int64_t least, std::int64_t span) {
      return std::to_string(least + time_.Below(span));
    };
    return {{"execution.checkpointing.dir", cluster_.checkpoint_directory()},
            {"execution.checkpointing.interval", draw(20, 300) + " ms"},
            {"execution.checkpointing.timeout", draw(300, 2'000) + " ms"},
            {"execution.checkpointing.max-concurrent-checkpoints", draw(1, 3)},
            {"execution.checkpointing.num-retained", draw(1, 3)},
            {"execution.checkpointing.tolerable-failed-checkpoints", draw(0, 5)},
            {"execution.checkpointing.data-inline-threshold", draw(0, 400) + " b"},
            {"restart-strategy.type", "fixed-delay"},
            {"restart-strategy.fixed-delay.attempts", "1000000"},
            {"restart-strategy.fixed-delay.delay", draw(1, 200) + " ms"}};
  }

  // Slots for the widest vertex, wherever they are; one TaskManager may be away.
  std::vector<std::string> TaskManagers() const { return {"tm-1", "tm-2", "tm-3"}; }
  std::uint32_t Slots() const { return 2; }

  void Pass(std::int64_t millis) {
    cluster_.RunUntil(time_.now_ns() + millis * kMilli, [] { return false; });
  }

  void Recover() {
    const std::int64_t calm_ns = time_.now_ns();
    const auto ended = [this] { return cluster_.JobState() == "FINISHED"; };
    const int completed = invariants_.completed();
    const bool progressed = cluster_.RunUntil(calm_ns + kCheckpointBoundMs * kMilli, [&] {
      return ended() || invariants_.completed() > completed;
    });
    if (!progressed) return Stuck("no checkpoint completes");
    const bool finished = cluster_.RunUntil(calm_ns + kFinishBoundMs * kMilli, ended);
    if (!finished) return Stuck("the job does not finish");
    const bool over = cluster_.RunUntil(time_.now_ns() + kCheckpointBoundMs * kMilli,
                                        [this] { return cluster_.Workers().empty(); });
    if (!over) return Stuck("processes of the job do not end");
    Pass(1'000);
    invariants_.CheckEnd(!cluster_.job_end_cut_short());
  }

  void Stuck(const std::string& what) {
    stuck_.push_back("nothing fails any more, and " + what + ": the job is " + cluster_.JobState() +
                     ": " + cluster_.Why());
  }

  SimulatedTime time_;
  History history_;
  OutsideWorld outside_;
  FaultLevels faults_;
  SimulatedCluster cluster_;
  const JobShape shape_;
  Invariants invariants_;
  FaultPlan plan_;
  std::vector<std::string> stuck_;
};

}  // namespace

Verdict Simulate(std::uint64_t seed, bool detailed) {
  return Simulation(seed, detailed).Run();
}

}  // namespace weir::simulation
