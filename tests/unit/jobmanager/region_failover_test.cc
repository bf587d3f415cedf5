// Failover by region on a simulated cluster: what restarts, what runs on, what coordinators hear.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/temporary_directory.h"
#include "common/text.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Kind = proto::WorkerCommand;

// Pipelines side by side: source i, operator i.
proto::JobGraph Pipelines(std::uint32_t parallelism) {
  proto::JobGraph graph = ChainGraph({parallelism, parallelism}, true);
  graph.mutable_edges(0)->set_partitioning(proto::FORWARD);
  return graph;
}

class RegionFailoverTest : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.on_worker_command = [this](SimulatedWorker& worker, const Kind& command) {
      return React(worker, command);
    };
    // One slot each: every pipeline has a TaskManager of its own.
    for (const char* const id : {"tm-1", "tm-2", "tm-3"}) cluster_.AddTaskManager(id, 1);
    cluster_.Run();
  }

  // Three pipelines; restarts after a second, as often as it takes.
  std::string Submit(std::map<std::string, std::string> settings = {}) {
    settings.emplace("restart-strategy.type", "fixed-delay");
    settings.emplace("restart-strategy.fixed-delay.attempts", "9");
    settings.emplace("restart-strategy.fixed-delay.delay", "1 s");
    const std::string id = cluster_.Submit(Pipelines(3), settings).job_id();
    cluster_.Run();
    ExpectAttempts(id, {0, 0, 0});
    return id;
  }
  std::string SubmitWithCheckpoints() {
    return Submit({{"execution.checkpointing.interval", "10 s"},
                   {"execution.checkpointing.dir", directory_.path() + "/checkpoints"}});
  }

  // Everything runs, each pipeline with this attempt.
  void ExpectAttempts(const std::string& id, const std::vector<std::uint32_t>& attempts) {
    ASSERT_NE(cluster_.job(id), nullptr) << cluster_.StateOf(id);
    const JobMaster& job = *cluster_.job(id);
    EXPECT_EQ(job.state(), JobState::kRunning);
    EXPECT_EQ(job.phase(), JobPhase::kExecuting) << job.StatusDetails();
    for (std::uint32_t vertex = 0; vertex < 2; ++vertex) {
      for (std::uint32_t subtask = 0; subtask < 3; ++subtask) {
        const Execution& execution = job.graph().executions(vertex)[subtask];
        EXPECT_EQ(execution.state(), TaskState::kRunning) << vertex << "/" << subtask;
        EXPECT_EQ(execution.attempt, attempts[subtask]) << vertex << "/" << subtask;
      }
    }
    EXPECT_THAT(cluster_.violations(), IsEmpty());
  }

  std::shared_ptr<SimulatedWorker> WorkerOf(const std::string& id, std::uint32_t subtask) {
    const std::string& worker_id =
        cluster_.job(id)->graph().executions(0)[subtask].place->worker_id;
    for (const auto& worker : cluster_.WorkersOf(id)) {
      if (worker->start.worker_id() == worker_id) return worker;
    }
    return nullptr;
  }
  std::shared_ptr<SimulatedWorker> Coordinator(const std::string& id) {
    return cluster_.WorkersOf(id, proto::COORDINATOR).at(0);
  }
  void FailTask(const std::string& id, std::uint32_t subtask) {
    const auto worker = WorkerOf(id, subtask);
    const std::uint32_t attempt = worker->tasks.at({1, subtask});
    worker->tasks.erase({1, subtask});
    cluster_.SendTaskState(*worker, 1, subtask, attempt, proto::TASK_FAILED, "bad line");
  }
  static int Count(const SimulatedWorker& worker, Kind::CommandCase kind) {
    int count = 0;
    for (const Kind& command : worker.commands) count += command.command_case() == kind;
    return count;
  }
  // "ready 1/0" or "failed 1/0", (subtask)/(attempt), and "complete 3", in order.
  std::vector<std::string> Heard(const SimulatedWorker& coordinator) {
    std::vector<std::string> heard;
    for (const Kind& command : coordinator.commands) {
      if (command.has_subtask_ready()) {
        heard.push_back(Concat("ready ", command.subtask_ready().subtask(), "/",
                               command.subtask_ready().attempt()));
      } else if (command.has_subtask_failed()) {
        heard.push_back(Concat("failed ", command.subtask_failed().subtask(), "/",
                               command.subtask_failed().attempt()));
      } else if (command.has_checkpoint_completed()) {
        heard.push_back(Concat("complete ", command.checkpoint_completed().checkpoint_id()));
      }
    }
    return heard;
  }

  // The barrier reaches every task at once, unless `withheld_` keeps its answer.
  bool React(SimulatedWorker& worker, const Kind& command) {
    if (command.has_snapshot_coordinators()) {
      proto::WorkerEvent event;
      auto* const answer = event.mutable_coordinators_snapshotted();
      answer->set_checkpoint_id(command.snapshot_coordinators().checkpoint_id());
      proto::CoordinatorState* const state = answer->add_states();
      state->set_operator_id(Concat(std::string(28, 'a'), 1000));
      state->set_state("splits");
      cluster_.Send(worker, std::move(event));
      return true;
    }
    if (!command.has_trigger_checkpoint()) return false;
    const std::uint64_t id = command.trigger_checkpoint().checkpoint_id();
    for (const auto& [key, attempt] : worker.tasks) {
      if (key == withheld_) continue;
      cluster_.SendAcknowledged(worker, key, attempt, id);
    }
    return true;
  }
  TemporaryDirectory directory_ = *TemporaryDirectory::Create("weir-job-checkpoints-test-");
  SimulatedCluster cluster_;
  std::optional<std::pair<std::uint32_t, std::uint32_t>> withheld_;
};

// What it ran is done; there is nothing to start again, and nothing to wait for.
TEST_F(RegionFailoverTest, AWorkerWhoseTasksHaveEndedIsNotMissed) {
  const std::string id = Submit();
  const auto finish = [&](std::uint32_t subtask) {
    const auto worker = WorkerOf(id, subtask);
    for (const std::uint32_t vertex : {0U, 1U}) {
      const std::uint32_t attempt = worker->tasks.at({vertex, subtask});
      worker->tasks.erase({vertex, subtask});
      cluster_.SendTaskState(*worker, vertex, subtask, attempt, proto::TASK_FINISHED);
    }
    cluster_.Run();
  };
  finish(0);
  cluster_.EndWorker(WorkerOf(id, 0), 9);
  cluster_.Run(10'000);
  ASSERT_NE(cluster_.job(id), nullptr);
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kExecuting);
  EXPECT_EQ(cluster_.job(id)->restarts(), 0);
  finish(1);
  finish(2);
  cluster_.Run(10'000);
  EXPECT_EQ(cluster_.StateOf(id), "FINISHED");
}

TEST_F(RegionFailoverTest, AFailedTaskRestartsItsRegionAndTheRestRunsOn) {
  const std::string id = Submit();
  const auto other = WorkerOf(id, 0);
  FailTask(id, 1);
  cluster_.Run();
  EXPECT_EQ(cluster_.StateOf(id), "RESTARTING");
  EXPECT_EQ(cluster_.job(id)->graph().executions(0)[0].state(), TaskState::kRunning);
  EXPECT_EQ(cluster_.job(id)->graph().executions(0)[1].state(), TaskState::kCanceled);
  cluster_.Run(1'000);
  ExpectAttempts(id, {0, 1, 0});
  EXPECT_EQ(Count(*other, Kind::kCancelTasks), 0);
  EXPECT_EQ(Count(*other, Kind::kDeployTasks), 1);
  EXPECT_EQ(Count(*other, Kind::kStartTasks), 1);
  EXPECT_EQ(cluster_.job(id)->restarts(), 1);
}

TEST_F(RegionFailoverTest, NoProcessIsStartedForATaskThatFailed) {
  const std::string id = Submit();
  const auto worker = WorkerOf(id, 1);
  const auto coordinator = Coordinator(id);
  FailTask(id, 1);
  cluster_.Run(1'000);
  ExpectAttempts(id, {0, 1, 0});
  EXPECT_EQ(WorkerOf(id, 1), worker);
  EXPECT_EQ(Coordinator(id), coordinator);
  for (const auto& [name, task_manager] : cluster_.task_managers()) {
    int starts = 0;
    for (const auto& command : task_manager.commands) starts += command.has_start_worker();
    EXPECT_EQ(starts, coordinator->task_manager->id == name ? 2 : 1) << name;
  }
}

TEST_F(RegionFailoverTest, ASurvivingProcessTakesTasksOfALostOne) {
  cluster_.AddTaskManager("spare", 2);
  cluster_.KillTaskManager("tm-3");
  cluster_.Run();
  // One pipeline on each of tm-1, tm-2 and spare, which has a slot left.
  const std::string id = Submit();
  const std::shared_ptr<SimulatedWorker> survivor = [&] {
    for (const auto& worker : cluster_.WorkersOf(id)) {
      if (worker->task_manager->id == "spare") return worker;
    }
    return std::shared_ptr<SimulatedWorker>();
  }();
  ASSERT_NE(survivor, nullptr);
  ASSERT_EQ(survivor->tasks.size(), 2u);
  ASSERT_NE(Coordinator(id)->task_manager->id, "tm-2");
  cluster_.KillTaskManager("tm-2");
  cluster_.Run(1'000);
  EXPECT_TRUE(survivor->alive);
  EXPECT_EQ(survivor->tasks.size(), 4u);
  int starts = 0;
  for (const auto& command : survivor->task_manager->commands) starts += command.has_start_worker();
  const bool hosts_coordinator = Coordinator(id)->task_manager->id == "spare";
  EXPECT_EQ(starts, hosts_coordinator ? 2 : 1);
  std::set<std::uint32_t> slots;
  for (const Kind& command : survivor->commands) {
    for (const proto::TaskDeployment& task : command.deploy_tasks().tasks()) {
      slots.insert(task.slot());
    }
  }
  EXPECT_THAT(slots, ElementsAre(0, 1));
  EXPECT_EQ(cluster_.job(id)->state(), JobState::kRunning);
  EXPECT_THAT(cluster_.violations(), IsEmpty());
}

TEST_F(RegionFailoverTest, TheStrategyFullRestartsEverything) {
  const std::string id = Submit({{"jobmanager.execution.failover-strategy", "full"}});
  FailTask(id, 1);
  cluster_.Run(1'000);
  ExpectAttempts(id, {1, 1, 1});
  EXPECT_EQ(Count(*Coordinator(id), Kind::kStartCoordinators), 2);
}

TEST_F(RegionFailoverTest, ALostWorkerRestartsWhatRanInIt) {
  const std::string id = Submit();
  const auto lost = WorkerOf(id, 2);
  cluster_.EndWorker(lost, 9);
  cluster_.Run(1'000);
  ExpectAttempts(id, {0, 0, 1});
  EXPECT_NE(WorkerOf(id, 2), lost);
}

TEST_F(RegionFailoverTest, ALostTaskManagerIsReplacedByASpareSlot) {
  const std::string id = Submit();
  cluster_.AddTaskManager("tm-4", 1);
  cluster_.Run();
  // Not the one that the coordinator process is on.
  const std::uint32_t subtask = WorkerOf(id, 1)->task_manager == Coordinator(id)->task_manager;
  std::vector<std::uint32_t> attempts{0, 0, 0};
  attempts[subtask == 0 ? 1 : 2] = 1;
  cluster_.KillTaskManager(WorkerOf(id, subtask == 0 ? 1 : 2)->task_manager->id);
  cluster_.Run(1'000);
  ExpectAttempts(id, attempts);
  EXPECT_EQ(Count(*Coordinator(id), Kind::kStartCoordinators), 1);
}

TEST_F(RegionFailoverTest, ALostCoordinatorRestartsTheRegionsOfItsSources) {
  const std::string id = Submit();
  cluster_.EndWorker(Coordinator(id), 9);
  cluster_.Run(1'000);
  ExpectAttempts(id, {1, 1, 1});
}

// Their process is gone and its end not told yet when the region starts: another process would run
// without them, and nobody would hand out splits.
TEST_F(RegionFailoverTest, CoordinatorsLostWhileARegionWaitsAreStartedAgain) {
  const std::string id = Submit();
  cluster_.workers_redial = false;
  FailTask(id, 1);
  cluster_.Run(950);
  const auto lost = Coordinator(id);
  cluster_.BreakSession(lost);
  cluster_.Run(100);
  cluster_.EndWorker(lost, 9);
  cluster_.Run(10'000);
  const auto coordinator = Coordinator(id);
  EXPECT_NE(coordinator, lost);
  EXPECT_EQ(Count(*coordinator, Kind::kStartCoordinators), 1);
  ExpectAttempts(id, {1, 2, 1});
  EXPECT_THAT(Heard(*coordinator), UnorderedElementsAre("ready 0/1", "ready 1/2", "ready 2/1"));
}

// Likewise for a process whose tasks were to run on: they are not given up with it.
TEST_F(RegionFailoverTest, TasksLostWhileAnotherRegionWaitsAreStartedAgain) {
  const std::string id = Submit();
  cluster_.workers_redial = false;
  FailTask(id, 1);
  cluster_.Run(950);
  const auto lost = WorkerOf(id, 0);
  cluster_.BreakSession(lost);
  cluster_.Run(100);
  cluster_.EndWorker(lost, 9);
  cluster_.Run(10'000);
  ExpectAttempts(id, {1, 2, 0});
}

TEST_F(RegionFailoverTest, FurtherFailuresJoinTheRestartUnderWay) {
  const std::string id = Submit();
  FailTask(id, 1);
  cluster_.Run(500);
  FailTask(id, 2);  // the others wait for the pause to end
  cluster_.Run(1'500);
  ExpectAttempts(id, {0, 1, 1});
}

TEST_F(RegionFailoverTest, AWorkerThatDoesNotCancelTakesItsOtherRegionsWithIt) {
  cluster_.AddTaskManager("wide", 3);
  for (const char* const name : {"tm-1", "tm-2", "tm-3"}) cluster_.KillTaskManager(name);
  cluster_.Run();
  const std::string id = Submit();
  bool deaf = true;
  cluster_.on_worker_command = [&](SimulatedWorker&, const Kind& command) {
    return deaf && command.has_cancel_tasks();
  };
  const auto worker = WorkerOf(id, 0);
  FailTask(id, 1);
  cluster_.Run(170'000);
  EXPECT_EQ(cluster_.job(id)->graph().executions(0)[0].state(), TaskState::kRunning);
  EXPECT_TRUE(worker->alive);
  cluster_.Run(20'000);
  deaf = false;
  EXPECT_FALSE(worker->alive);
  ExpectAttempts(id, {1, 1, 1});
}

TEST_F(RegionFailoverTest, ACancelDuringTheRestartOfARegionEndsAll) {
  const std::string id = Submit();
  FailTask(id, 1);
  cluster_.Run(500);
  ASSERT_TRUE(cluster_.manager().jobs().Cancel(id).ok());
  cluster_.Run(1'000);
  EXPECT_EQ(cluster_.StateOf(id), "CANCELED");
  EXPECT_EQ(cluster_.ProcessCount(), 0u);
}

TEST_F(RegionFailoverTest, ACheckpointUnderWayIsAbortedAndLaterOnesComplete) {
  const std::string id = SubmitWithCheckpoints();
  withheld_ = {1, 1};
  cluster_.Run(10'000);
  const CheckpointStatistics& statistics = cluster_.job(id)->checkpoints()->statistics();
  EXPECT_EQ(statistics.Find(1)->status, CheckpointStatus::kInProgress);
  withheld_.reset();
  FailTask(id, 1);
  cluster_.Run();
  EXPECT_EQ(statistics.Find(1)->status, CheckpointStatus::kFailed);
  EXPECT_EQ(Count(*WorkerOf(id, 0), Kind::kCheckpointAborted), 1);
  cluster_.Run(15'000);
  ExpectAttempts(id, {0, 1, 0});
  ASSERT_NE(statistics.Find(2), nullptr);
  EXPECT_EQ(statistics.Find(2)->status, CheckpointStatus::kCompleted);
}

TEST_F(RegionFailoverTest, ARegionRestoresTheNewestCheckpointWhileTheRestGoesOn) {
  const std::string id = SubmitWithCheckpoints();
  cluster_.Run(20'000);
  FailTask(id, 1);
  cluster_.Run(1'000);
  ExpectAttempts(id, {0, 1, 0});
  const proto::DeployTasks* newest = nullptr;
  for (const Kind& command : WorkerOf(id, 1)->commands) {
    if (command.has_deploy_tasks()) newest = &command.deploy_tasks();
  }
  ASSERT_NE(newest, nullptr);
  ASSERT_EQ(newest->tasks_size(), 2);
  for (const proto::TaskDeployment& task : newest->tasks()) {
    EXPECT_EQ(task.restore().checkpoint_id(), 2u);
  }
}

TEST_F(RegionFailoverTest, SplitsGoBackOnlyWhenItIsKnownWhatIsRestored) {
  const std::string id = SubmitWithCheckpoints();
  cluster_.Run(10'000);
  FailTask(id, 1);
  cluster_.Run();
  // Nothing behind the completion: the readers' announcements come first, in any order.
  EXPECT_EQ(Heard(*Coordinator(id)).size(), 4u);
  EXPECT_EQ(Heard(*Coordinator(id)).back(), "complete 1");
  cluster_.Run(1'000);
  ExpectAttempts(id, {0, 1, 0});
  const std::vector<std::string> heard = Heard(*Coordinator(id));
  ASSERT_EQ(heard.size(), 6u);
  EXPECT_EQ(heard[4], "failed 1/0");
  EXPECT_EQ(heard[5], "ready 1/1");
  EXPECT_EQ(Count(*Coordinator(id), Kind::kStartCoordinators), 1);
}

TEST_F(RegionFailoverTest, EventsOfOtherRegionsAreRelayedDuringARestart) {
  const std::string id = Submit();
  FailTask(id, 1);
  cluster_.Run();
  const auto coordinator = Coordinator(id);
  const auto send = [&](std::uint32_t subtask) {
    proto::WorkerEvent event;
    event.mutable_operator_event()->set_subtask(subtask);
    cluster_.Send(*coordinator, std::move(event));
    cluster_.Run();
  };
  const std::uint64_t dropped = cluster_.job(id)->dropped_messages();
  send(0);
  EXPECT_EQ(Count(*WorkerOf(id, 0), Kind::kOperatorEvent), 1);
  send(1);
  EXPECT_EQ(Count(*WorkerOf(id, 1), Kind::kOperatorEvent), 0);
  EXPECT_EQ(cluster_.job(id)->dropped_messages(), dropped + 1);
}

TEST_F(RegionFailoverTest, ACheckpointThatCannotBeReadRestartsTheWholeJob) {
  const std::string id = Submit({{"execution.checkpointing.interval", "10 s"},
                                 {"execution.checkpointing.num-retained", "2"},
                                 {"execution.checkpointing.dir", directory_.path() + "/c"}});
  cluster_.Run(20'000);
  bool corrupt = true;
  const auto usual = cluster_.on_worker_command;
  cluster_.on_worker_command = [&](SimulatedWorker& worker, const Kind& command) {
    if (!corrupt || !command.has_start_tasks()) return usual(worker, command);
    corrupt = false;
    proto::WorkerEvent event;
    proto::TaskStateChange* const change = event.mutable_task_state();
    change->mutable_task()->set_vertex(1);
    change->mutable_task()->set_subtask(1);
    change->mutable_task()->set_attempt(1);
    change->set_state(proto::TASK_FAILED);
    change->mutable_failure()->set_restore_failed(true);
    change->mutable_failure()->mutable_error()->set_code(
        static_cast<std::uint32_t>(StatusCode::kCorruption));
    worker.tasks.erase({1, 1});
    cluster_.Send(worker, std::move(event));
    return true;
  };
  FailTask(id, 1);
  cluster_.Run(10'000);
  EXPECT_FALSE(corrupt);
  ExpectAttempts(id, {1, 3, 1});
  EXPECT_EQ(Count(*Coordinator(id), Kind::kStartCoordinators), 2);
}

}  // namespace
}  // namespace weir::jobmanager
