#include "tests/simulation/simulation.h"

#include <algorithm>
#include <map>
#include <optional>
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
        settings_(DrawSettings()),
        invariants_(cluster_.disk(), outside_, history_),
        plan_(time_, history_, cluster_, faults_, TaskManagers(), Slots()) {
    cluster_.on_power_lost = [this] { invariants_.CheckPowerLost(); };
  }

  Verdict Run() {
    cluster_.StartJobManager();
    for (const std::string& id : TaskManagers()) cluster_.StartTaskManager(id, Slots());
    Submit();
    Pass(time_.Below(1'000));
    LetFail();
    if (time_.Chance(1, 3) && Rescale()) LetFail();
    if (stuck_.empty()) Recover();
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
    shape.forward = time_.Chance(1, 2);
    DrawParallelism(shape);
    shape.impatient = time_.Chance(1, 2);
    shape.splits = 1 + static_cast<std::uint32_t>(time_.Below(12));
    shape.numbers_per_split = 1 + time_.Below(200);
    shape.pause_ms = 1 + time_.Below(60);
    return shape;
  }

  void DrawParallelism(JobShape& shape) {
    for (std::uint32_t& parallelism : shape.parallelism) {
      parallelism = 1 + static_cast<std::uint32_t>(time_.Below(3));
    }
    if (!shape.forward) return;
    // Records on their way along a forward edge are for the subtask that they were sent to.
    if (unaligned_ && forward_parallelism_) {
      std::ranges::fill(shape.parallelism, *forward_parallelism_);
      return;
    }
    forward_parallelism_ = shape.parallelism[kSource];
    shape.parallelism[kSource] = shape.parallelism[kCount] = shape.parallelism[kSink];
  }

  std::map<std::string, std::string> DrawSettings() {
    const auto draw = [this](std::int64_t least, std::int64_t span) {
      return std::to_string(least + time_.Below(span));
    };
    return {{"execution.checkpointing.dir", cluster_.checkpoint_directory()},
            {"execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION"},
            {"execution.checkpointing.interval", draw(20, 300) + " ms"},
            {"execution.checkpointing.timeout", draw(300, 2'000) + " ms"},
            {"execution.checkpointing.unaligned.enabled", unaligned_ ? "true" : "false"},
            {"execution.checkpointing.aligned-checkpoint-timeout",
             draw(0, 2) == "0" ? "0 ms" : draw(1, 100) + " ms"},
            {"execution.checkpointing.max-concurrent-checkpoints", unaligned_ ? "1" : draw(1, 3)},
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

  void Submit() {
    cluster_.Submit(shape_, settings_, invariants_.NewestCheckpoint());
    invariants_.OnSubmit(shape_, cluster_.CheckpointFolder());
  }

  void LetFail() {
    const std::int64_t faults_ms = 500 + time_.Below(5'000);
    plan_.Begin(time_.now_ns() + faults_ms * kMilli);
    Pass(faults_ms);
    plan_.End();
  }

  // The job is stopped, and another one starts from its newest checkpoint at another parallelism.
  // False: it finished before.
  bool Rescale() {
    const std::int64_t calm_ns = time_.now_ns();
    const auto over = [this] {
      return cluster_.JobState() == "FINISHED" || cluster_.JobState() == "CANCELED";
    };
    const int completed = invariants_.completed();
    const bool runs = cluster_.RunUntil(calm_ns + kCheckpointBoundMs * kMilli, [&] {
      return over() || invariants_.completed() > completed;
    });
    if (!runs) return Stuck("no checkpoint completes");
    if (!over()) cluster_.CancelJob();
    const bool ended = cluster_.RunUntil(time_.now_ns() + kCheckpointBoundMs * kMilli,
                                         [&] { return over() && cluster_.Workers().empty(); });
    if (!ended) return Stuck("the job does not end");
    if (cluster_.JobState() == "FINISHED") return false;
    Pass(1'000);
    DrawParallelism(shape_);
    Submit();
    return cluster_.RunUntil(time_.now_ns() + kCheckpointBoundMs * kMilli, [this] {
      return !cluster_.JobState().empty();
    }) || Stuck("the job is not accepted");
  }

  void Recover() {
    const std::int64_t calm_ns = time_.now_ns();
    const auto ended = [this] { return cluster_.JobState() == "FINISHED"; };
    const int completed = invariants_.completed();
    const bool progressed = cluster_.RunUntil(calm_ns + kCheckpointBoundMs * kMilli, [&] {
      return ended() || invariants_.completed() > completed;
    });
    if (!progressed) return static_cast<void>(Stuck("no checkpoint completes"));
    const bool finished = cluster_.RunUntil(calm_ns + kFinishBoundMs * kMilli, ended);
    if (!finished) return static_cast<void>(Stuck("the job does not finish"));
    const bool over = cluster_.RunUntil(time_.now_ns() + kCheckpointBoundMs * kMilli,
                                        [this] { return cluster_.Workers().empty(); });
    if (!over) return static_cast<void>(Stuck("processes of the job do not end"));
    Pass(1'000);
    // A JobManager that comes after the job's end waits until nothing of the job can be alive.
    cluster_.RunUntil(time_.now_ns() + kCheckpointBoundMs * kMilli,
                      [this] { return invariants_.Cleared(); });
    invariants_.CheckEnd();
  }

  bool Stuck(const std::string& what) {
    stuck_.push_back("nothing fails any more, and " + what + ": the job is " + cluster_.JobState() +
                     ": " + cluster_.Why());
    return false;
  }

  SimulatedTime time_;
  History history_;
  OutsideWorld outside_;
  FaultLevels faults_;
  SimulatedCluster cluster_;
  const bool unaligned_ = time_.Chance(1, 2);  // checkpoints
  std::optional<std::uint32_t> forward_parallelism_;
  JobShape shape_;
  const std::map<std::string, std::string> settings_;
  Invariants invariants_;
  FaultPlan plan_;
  std::vector<std::string> stuck_;
};

}  // namespace

Verdict Simulate(std::uint64_t seed, bool detailed) {
  return Simulation(seed, detailed).Run();
}

}  // namespace weir::simulation
