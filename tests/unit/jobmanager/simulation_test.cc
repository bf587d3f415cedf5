// Seeded simulation: jobs come, finish and are canceled while processes die (with a metadata store
// the JobManager too), streams break and messages take their time. Whatever happens, the invariants
// hold. A failure prints its seed; WEIR_SIMULATION_SEED=<seed> replays it.
#include <cstdlib>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"
#include "proto/conversion/status_conversion.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

constexpr const char* kStale = "stale attempt";

JobTimings ShortTimings() {
  JobTimings timings;
  timings.slot_request_timeout_ms = 20'000;
  timings.cancellation_timeout_ms = 3'000;
  return timings;
}

class Simulation {
 public:
  using Metadata = SimulatedCluster::Metadata;

  Simulation(std::uint64_t seed, Metadata metadata)
      : cluster_(seed, ShortTimings(), metadata), metadata_(metadata), random_(seed) {
    cluster_.most_delay_ms = 20;
    for (int index = 0; index < 4; ++index) {
      cluster_.AddTaskManager(Concat("tm-", index), 1 + Below(3));
    }
    cluster_.on_worker_command = [this](SimulatedWorker& worker,
                                        const proto::WorkerCommand& command) {
      return Misbehave(worker, command);
    };
  }

  void RunWithFaults(int steps) {
    for (int step = 0; step < steps; ++step) {
      Act();
      cluster_.Run(Below(700));
      ASSERT_THAT(cluster_.violations(), testing::IsEmpty());
    }
  }

  // Faults end; every job must come to its end by itself, and nothing may be left.
  void Settle() {
    calm_ = true;
    for (auto& [id, task_manager] : cluster_.task_managers()) {
      if (!task_manager.alive) cluster_.AddTaskManager(id, task_manager.slots);
      if (task_manager.session == nullptr) cluster_.Register(task_manager);
    }
    cluster_.Run(60'000);
    for (const std::string& id : jobs_) {
      if (cluster_.job(id) != nullptr) cluster_.FinishTasks(id);
    }
    cluster_.Run(100'000);
    for (const std::string& id : jobs_) {
      if (cluster_.job(id) == nullptr) continue;
      // One that was restarting when the others finished, or still waits for slots.
      ASSERT_TRUE(cluster_.manager().jobs().Cancel(id).ok()) << cluster_.StateOf(id);
    }
    cluster_.Run(100'000);
  }

  void CheckEnd() {
    EXPECT_THAT(cluster_.violations(), testing::IsEmpty());
    int finished = 0;
    for (const std::string& id : jobs_) {
      const std::string state = cluster_.StateOf(id);
      EXPECT_TRUE(state == "FINISHED" || state == "CANCELED" || state == "FAILED")
          << id << " is " << state << ": "
          << (cluster_.job(id) != nullptr ? cluster_.job(id)->StatusDetails() : "");
      finished += state == "FINISHED";
      for (const std::string& message : cluster_.ExceptionsOf(id)) {
        EXPECT_THAT(message, testing::Not(testing::HasSubstr(kStale)));
      }
    }
    const SlotManager& slots = cluster_.manager().jobs().resources().slots();
    EXPECT_EQ(slots.free(), slots.total());
    EXPECT_EQ(cluster_.ProcessCount(), 0u);
    EXPECT_EQ(slots.slots().size(), 4u);
    finished_ += finished;
  }

  static int finished() { return finished_; }

 private:
  std::uint32_t Below(std::uint32_t bound) {
    return std::uniform_int_distribution<std::uint32_t>(0, bound - 1)(random_);
  }

  std::vector<std::shared_ptr<SimulatedWorker>> AllWorkers() {
    std::vector<std::shared_ptr<SimulatedWorker>> all;
    for (const auto& [id, task_manager] : cluster_.task_managers()) {
      for (const auto& [worker_id, worker] : task_manager.workers) all.push_back(worker);
    }
    return all;
  }

  bool Misbehave(SimulatedWorker& worker, const proto::WorkerCommand& command) {
    if (calm_) return false;
    // A worker that hears nothing of a cancel, or a shutdown, is ended by force.
    if (command.has_cancel_tasks() || command.has_shutdown()) return Below(20) == 0;
    if (command.has_prepare_job() && Below(40) == 0) {
      proto::WorkerEvent event;
      *event.mutable_job_prepared()->mutable_error() =
          proto::ErrorFromStatus(Status::Unavailable("could not load"));
      cluster_.Send(worker, std::move(event));
      return true;
    }
    return false;
  }

  void SubmitJob() {
    proto::JobGraph graph = ChainGraph({1 + Below(3), 1 + Below(4)}, Below(2) == 0);
    if (Below(2) == 0) {  // pipelines side by side: a failover region each
      graph.mutable_vertices(1)->set_parallelism(graph.vertices(0).parallelism());
      graph.mutable_edges(0)->set_partitioning(proto::FORWARD);
    }
    jobs_.push_back(
        cluster_
            .Submit(std::move(graph), {{"restart-strategy.type", "fixed-delay"},
                                       {"restart-strategy.fixed-delay.attempts", "20"},
                                       {"restart-strategy.fixed-delay.delay", "300 ms"}})
            .job_id());
  }

  void FailOrFinishTask(const std::shared_ptr<SimulatedWorker>& worker) {
    if (worker->tasks.empty()) return;
    const auto [key, attempt] = *worker->tasks.begin();
    switch (Below(3)) {
      case 0:
        worker->tasks.erase(key);
        return cluster_.SendTaskState(*worker, key.first, key.second, attempt, proto::TASK_FAILED,
                                      "user code threw");
      case 1:
        // What an attempt of the past says must not count.
        if (attempt == 0) return;
        cluster_.SendTaskState(*worker, key.first, key.second, attempt - 1, proto::TASK_FAILED,
                               kStale);
        return cluster_.SendTaskState(*worker, key.first, key.second, attempt - 1,
                                      proto::TASK_FINISHED);
      default:
        return cluster_.FinishTasks(worker->start.job_id());
    }
  }

  void ReplaceJobManager() {
    cluster_.KillJobManager();
    cluster_.Run(Below(2'000));
    cluster_.StartJobManager();
    ++leaders_;
    EXPECT_EQ(cluster_.manager().leader().epoch(), leaders_);
  }

  void Act() {
    const auto workers = AllWorkers();
    const auto any_worker = [&] {
      return workers[Below(static_cast<std::uint32_t>(workers.size()))];
    };
    SimulatedTaskManager& task_manager = cluster_.task_managers().at(Concat("tm-", Below(4)));
    if (metadata_ == Metadata::kFile && Below(12) == 0) return ReplaceJobManager();
    switch (Below(10)) {
      case 0:
      case 1:
      case 2:
        return SubmitJob();
      case 3:
        if (!workers.empty()) cluster_.EndWorker(any_worker(), Below(2) == 0 ? 9 : 11);
        return;
      case 4:
        if (!workers.empty()) cluster_.BreakSession(any_worker());
        return;
      case 5:
        if (task_manager.alive) {
          cluster_.KillTaskManager(task_manager.id);
        } else {
          cluster_.AddTaskManager(task_manager.id, task_manager.slots);
        }
        return;
      case 6:
        if (!task_manager.alive) return;
        if (Below(2) == 0) cluster_.BreakSession(task_manager);
        cluster_.Register(task_manager);
        return;
      case 7:
        if (!jobs_.empty()) {
          // Refused for jobs that have ended: that is part of what is tried.
          static_cast<void>(cluster_.manager().jobs().Cancel(
              jobs_[Below(static_cast<std::uint32_t>(jobs_.size()))]));
        }
        return;
      default:
        if (!workers.empty()) FailOrFinishTask(any_worker());
    }
  }

  SimulatedCluster cluster_;
  const Metadata metadata_;
  std::uint64_t leaders_ = 1;
  std::mt19937_64 random_;
  std::vector<std::string> jobs_;
  bool calm_ = false;
  static inline int finished_ = 0;
};

void RunSimulation(std::uint64_t seed, SimulatedCluster::Metadata metadata) {
  SCOPED_TRACE(testing::Message() << "WEIR_SIMULATION_SEED=" << seed);
  Simulation simulation(seed, metadata);
  simulation.RunWithFaults(60);
  if (testing::Test::HasFatalFailure()) return;
  simulation.Settle();
  simulation.CheckEnd();
}

// Fixed seeds keep what once failed; random ones look for more.
void RunSimulations(std::uint64_t fixed, int random, SimulatedCluster::Metadata metadata) {
  if (const char* const seed = std::getenv("WEIR_SIMULATION_SEED")) {
    return RunSimulation(std::strtoull(seed, nullptr, 10), metadata);
  }
  const int before = Simulation::finished();
  for (std::uint64_t seed = 1; seed <= fixed; ++seed) {
    RunSimulation(seed, metadata);
    if (testing::Test::HasFailure()) return;
  }
  std::random_device device;
  for (int run = 0; run < random; ++run) {
    RunSimulation((std::uint64_t{device()} << 32) | device(), metadata);
    if (testing::Test::HasFailure()) return;
  }
  // The simulation would prove little if no job ever ran to its end.
  EXPECT_GT(Simulation::finished() - before, static_cast<int>(fixed) / 2);
}

TEST(SimulationTest, InvariantsHoldUnderFaults) {
  RunSimulations(150, 50, SimulatedCluster::Metadata::kNone);
}

TEST(SimulationTest, InvariantsHoldWhileJobManagersDie) {
  RunSimulations(40, 15, SimulatedCluster::Metadata::kFile);
}

}  // namespace
}  // namespace weir::jobmanager
