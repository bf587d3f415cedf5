// Failures of every kind on a simulated cluster: what is said of them, and how the job goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/conversion/status_conversion.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::map<std::string, std::string> kRestartOnce{
    {"restart-strategy.type", "fixed-delay"},
    {"restart-strategy.fixed-delay.attempts", "1"},
    {"restart-strategy.fixed-delay.delay", "1 s"}};

class JobFailoverTest : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.AddTaskManager("tm-1", 2);
    cluster_.AddTaskManager("tm-2", 2);
    cluster_.Run();
  }

  std::string Submit(const std::map<std::string, std::string>& settings = kRestartOnce) {
    const std::string id = cluster_.Submit(ChainGraph({2, 4}, true), settings).job_id();
    cluster_.Run();
    return id;
  }

  void ExpectRunsAs(const std::string& id, std::uint32_t attempt) {
    ASSERT_NE(cluster_.job(id), nullptr) << cluster_.StateOf(id);
    JobMaster& job = *cluster_.job(id);
    EXPECT_EQ(job.state(), JobState::kRunning);
    EXPECT_EQ(job.phase(), JobPhase::kExecuting) << job.StatusDetails();
    EXPECT_EQ(job.graph().CountOf(TaskState::kRunning), job.graph().subtask_count());
    EXPECT_EQ(job.graph().executions(0)[0].attempt, attempt);
    EXPECT_THAT(cluster_.violations(), IsEmpty());
  }

  void ExpectFailed(const std::string& id) {
    EXPECT_EQ(cluster_.StateOf(id), "FAILED");
    EXPECT_EQ(cluster_.ProcessCount(), 0u);
    const SlotManager& slots = cluster_.manager().jobs().resources().slots();
    EXPECT_EQ(slots.free(), slots.total());
    EXPECT_THAT(cluster_.violations(), IsEmpty());
  }

  static proto::RunningStep Step(std::uint32_t vertex, std::uint32_t subtask,
                                 std::uint32_t attempt) {
    proto::RunningStep step;
    step.set_vertex(vertex);
    step.set_subtask(subtask);
    step.set_attempt(attempt);
    return step;
  }

  SimulatedCluster cluster_;
};

TEST_F(JobFailoverTest, ACrashNamesOperatorSubtaskAttemptAndSignal) {
  const std::string id = Submit({});
  cluster_.EndWorker(cluster_.WorkersOf(id)[0], 11, {Step(1, 1, 0)});
  cluster_.Run();
  ExpectFailed(id);
  EXPECT_THAT(cluster_.ExceptionsOf(id),
              ElementsAre("worker on TaskManager tm-1 was killed by signal 11 (SIGSEGV) while "
                          "running operator 'Operator 1' of 'v1' (2/4), attempt 0"));
  const ArchivedJob* const archived = cluster_.manager().jobs().FindArchived(id);
  ASSERT_NE(archived, nullptr);
  const rest::ExceptionEntry& entry = archived->exceptions.entries[0];
  EXPECT_EQ(entry.name, "SIGSEGV");
  EXPECT_EQ(entry.task_name, "v1 (2/4)");
  EXPECT_EQ(entry.task_manager_id, "tm-1");
  EXPECT_EQ(entry.failure_labels.at("domain"), "user");
}

TEST_F(JobFailoverTest, RestartsAfterTheDelayAndReusesTheSurvivors) {
  const std::string id = Submit();
  const auto survivor = cluster_.WorkersOf(id)[1];
  const auto coordinator = cluster_.WorkersOf(id, proto::COORDINATOR)[0];
  cluster_.EndWorker(cluster_.WorkersOf(id)[0], 9);
  cluster_.Run(999);
  EXPECT_EQ(cluster_.StateOf(id), "RESTARTING");
  cluster_.Run(1);
  ExpectRunsAs(id, 1);
  EXPECT_EQ(cluster_.job(id)->restarts(), 1);
  EXPECT_TRUE(survivor->alive);
  EXPECT_EQ(cluster_.WorkersOf(id)[1], survivor);
  EXPECT_EQ(cluster_.WorkersOf(id, proto::COORDINATOR)[0], coordinator);
  int starts = 0;
  for (const auto& command : coordinator->commands) starts += command.has_start_coordinators();
  EXPECT_EQ(starts, 2);
}

TEST_F(JobFailoverTest, FailsForGoodWhenTheRestartsAreUsedUp) {
  const std::string id = Submit();
  cluster_.EndWorker(cluster_.WorkersOf(id)[0], 9);
  cluster_.Run(1'000);
  ExpectRunsAs(id, 1);
  cluster_.EndWorker(cluster_.WorkersOf(id)[1], 6);
  cluster_.Run();
  ExpectFailed(id);
  EXPECT_THAT(cluster_.ExceptionsOf(id),
              ElementsAre("worker on TaskManager tm-2 was killed by signal 6 (SIGABRT)",
                          "worker on TaskManager tm-1 was killed by signal 9 (SIGKILL)"));
}

TEST_F(JobFailoverTest, RestartsAfterACrashInEveryPhase) {
  using Kind = proto::WorkerCommand;
  for (const Kind::CommandCase crash_at :
       {Kind::kWelcome, Kind::kPrepareJob, Kind::kDeployTasks, Kind::kStartTasks}) {
    int crashes = 0;
    cluster_.on_worker_command = [&](SimulatedWorker& worker, const Kind& command) {
      if (command.command_case() != crash_at || worker.start.role() != proto::WORKER) return false;
      if (crashes++ > 0) return false;
      for (const auto& candidate : cluster_.WorkersOf(worker.start.job_id())) {
        if (candidate.get() == &worker) cluster_.EndWorker(candidate, 11);
      }
      return true;
    };
    const std::string id = Submit();
    cluster_.Run(200'000);
    EXPECT_GE(crashes, 2) << crash_at;
    ExpectRunsAs(id, 1);
    ASSERT_TRUE(cluster_.manager().jobs().Cancel(id).ok());
    cluster_.Run(1'000);
    EXPECT_EQ(cluster_.StateOf(id), "CANCELED");
    EXPECT_EQ(cluster_.ProcessCount(), 0u);
  }
}

TEST_F(JobFailoverTest, ALostTaskManagerCostsARestartElsewhere) {
  cluster_.AddTaskManager("tm-3", 2);
  cluster_.Run();
  const std::string id = Submit();
  std::string victim = cluster_.WorkersOf(id)[0]->task_manager->id;
  cluster_.KillTaskManager(victim);
  cluster_.Run(1'000);
  ExpectRunsAs(id, 1);
  EXPECT_THAT(cluster_.ExceptionsOf(id)[0],
              HasSubstr("TaskManager " + victim + " was lost: the connection broke"));
}

// Its workers still run and hold their sessions: the job moves as soon as they have ended, and not
// back to slots that are about to go.
TEST_F(JobFailoverTest, ATaskManagerThatLeavesCostsARestartElsewhere) {
  cluster_.AddTaskManager("tm-3", 2);
  cluster_.Run();
  const std::string id = Submit();
  SimulatedTaskManager& leaver = *cluster_.WorkersOf(id)[0]->task_manager;
  proto::TaskManagerEvent event;
  event.mutable_leaving()->set_reason("it was asked to stop");
  cluster_.Send(leaver, event);
  cluster_.Run();
  leaver.alive = false;  // it does not register again
  cluster_.Run(1'000);
  ExpectRunsAs(id, 1);
  for (const auto& worker : cluster_.WorkersOf(id)) EXPECT_NE(worker->task_manager, &leaver);
  EXPECT_THAT(cluster_.ExceptionsOf(id)[0],
              HasSubstr("TaskManager " + leaver.id + " leaves the cluster: it was asked to stop"));
  EXPECT_TRUE(cluster_.violations().empty());
}

// Found by the simulation: the job was canceling for ever.
TEST_F(JobFailoverTest, AnOrderToStopThatIsLostWithTheConnectionIsRepeated) {
  const std::string id = Submit();
  cluster_.on_worker_command = [](SimulatedWorker&, const proto::WorkerCommand& command) {
    return command.has_cancel_tasks() || command.has_shutdown();
  };
  int lost = 0;
  cluster_.on_task_manager_command = [&](SimulatedTaskManager&,
                                         const proto::TaskManagerCommand& command) {
    lost += command.has_stop_worker() ? 1 : 0;
    return command.has_stop_worker();
  };
  ASSERT_TRUE(cluster_.manager().jobs().Cancel(id).ok());
  cluster_.Run(400'000);
  ASSERT_GT(lost, 0);
  EXPECT_EQ(cluster_.StateOf(id), "CANCELLING");
  cluster_.on_worker_command = nullptr;
  cluster_.on_task_manager_command = nullptr;
  for (auto& [name, each] : cluster_.task_managers()) cluster_.Register(each);
  cluster_.Run(2'000);
  EXPECT_EQ(cluster_.StateOf(id), "CANCELED");
  EXPECT_EQ(cluster_.ProcessCount(), 0u);
}

TEST_F(JobFailoverTest, WaitsForSlotsWhenALostTaskManagerLeavesTooFew) {
  const std::string id = Submit();
  cluster_.KillTaskManager("tm-2");
  cluster_.Run(1'000);
  EXPECT_EQ(cluster_.job(id)->StatusDetails(),
            "waits for 2 more slots: 4 needed, 2 held, 0 free of 2");
  cluster_.AddTaskManager("tm-2", 2);  // a new process of the same name
  cluster_.Run();
  ExpectRunsAs(id, 1);
}

TEST_F(JobFailoverTest, ASilentTaskManagerIsLostAfterTheTimeout) {
  const std::string id = Submit();
  cluster_.on_task_manager_command = [](SimulatedTaskManager& task_manager,
                                        const proto::TaskManagerCommand& command) {
    return command.has_heartbeat() && task_manager.id == "tm-2";
  };
  cluster_.Run(61'000);
  EXPECT_THAT(cluster_.ExceptionsOf(id)[0],
              HasSubstr("TaskManager tm-2 was lost: no heartbeat for 50000 ms"));
}

TEST_F(JobFailoverTest, ASilentWorkerIsKilledAfterTheTimeout) {
  const std::string id = Submit();
  cluster_.on_worker_command = [](SimulatedWorker& worker, const proto::WorkerCommand& command) {
    return command.has_heartbeat() && worker.task_manager->id == "tm-2";
  };
  cluster_.Run(51'000);
  EXPECT_THAT(cluster_.ExceptionsOf(id)[0],
              HasSubstr("worker on TaskManager tm-2 sent no heartbeat for 50000 ms"));
}

TEST_F(JobFailoverTest, ALostCoordinatorFailsTheJobAndANewOneIsStarted) {
  const std::string id = Submit();
  const auto old = cluster_.WorkersOf(id, proto::COORDINATOR)[0];
  cluster_.EndWorker(old, 9);
  cluster_.Run(1'000);
  ExpectRunsAs(id, 1);
  EXPECT_NE(cluster_.WorkersOf(id, proto::COORDINATOR)[0], old);
  EXPECT_THAT(cluster_.ExceptionsOf(id), ElementsAre("coordinator process on TaskManager tm-1 was "
                                                     "killed by signal 9 (SIGKILL)"));
}

TEST_F(JobFailoverTest, AFailedCoordinatorNamesItsOperator) {
  const std::string id = Submit({});
  proto::WorkerEvent event;
  *event.mutable_coordinator_failed()->mutable_error() =
      proto::ErrorFromStatus(Status::UserError("no topic"));
  cluster_.Send(*cluster_.WorkersOf(id, proto::COORDINATOR)[0], std::move(event));
  cluster_.Run();
  ExpectFailed(id);
  EXPECT_THAT(cluster_.ExceptionsOf(id),
              ElementsAre("the coordinator of operator 'Operator 0': no topic"));
}

TEST_F(JobFailoverTest, AFailedTaskSaysWhereAndStopsItsNeighbours) {
  const std::string id = Submit({});
  const auto worker = cluster_.WorkersOf(id)[0];
  worker->tasks.erase({1, 1});
  cluster_.SendTaskState(*worker, 1, 1, 0, proto::TASK_FAILED, "std::runtime_error: bad line");
  cluster_.Run();
  ExpectFailed(id);
  EXPECT_THAT(cluster_.ExceptionsOf(id),
              ElementsAre("'v1' (2/4), attempt 0, on TaskManager tm-1: std::runtime_error: bad "
                          "line"));
}

class FailureOfAPeerTest : public JobFailoverTest {
 protected:
  // What a task says when the other end of a channel has gone.
  void FailForWantOfAPeer(SimulatedWorker& worker) {
    proto::WorkerEvent event;
    proto::TaskStateChange* const change = event.mutable_task_state();
    change->mutable_task()->set_vertex(1);
    change->mutable_task()->set_subtask(3);
    change->set_state(proto::TASK_FAILED);
    *change->mutable_failure()->mutable_error() =
        proto::ErrorFromStatus(Status::Unavailable("lost the connection to a peer"));
    worker.tasks.erase({1, 3});
    cluster_.Send(worker, std::move(event));
  }
  // The root cause; what failed because of it is the peer's complaint.
  std::string RootOf(const std::string& id) {
    const auto& entries = cluster_.manager().jobs().FindArchived(id)->exceptions.entries;
    if (entries.size() != 1u || entries[0].concurrent.size() != 1u) return "not one with another";
    EXPECT_THAT(entries[0].concurrent[0].stacktrace, HasSubstr("lost the connection to a peer"));
    return entries[0].stacktrace;
  }
};

TEST_F(FailureOfAPeerTest, ADeadProcessTakesItsPlace) {
  const std::string id = Submit({});
  const auto workers = cluster_.WorkersOf(id);
  FailForWantOfAPeer(*workers[1]);
  cluster_.EndWorker(workers[0], 11);
  cluster_.Run();
  ExpectFailed(id);
  EXPECT_THAT(RootOf(id), HasSubstr("SIGSEGV"));
}

TEST_F(FailureOfAPeerTest, ATaskThatFailedOfItselfTakesItsPlace) {
  const std::string id = Submit({});
  const auto workers = cluster_.WorkersOf(id);
  FailForWantOfAPeer(*workers[1]);
  workers[0]->tasks.erase({1, 1});
  cluster_.SendTaskState(*workers[0], 1, 1, 0, proto::TASK_FAILED, "its state file is damaged");
  cluster_.Run();
  ExpectFailed(id);
  EXPECT_THAT(RootOf(id), HasSubstr("its state file is damaged"));
}

TEST_F(JobFailoverTest, AGraphThatDiffersInTheWorkerIsNotTriedAgain) {
  cluster_.on_worker_command = [this](SimulatedWorker& worker,
                                      const proto::WorkerCommand& command) {
    if (!command.has_prepare_job()) return false;
    proto::WorkerEvent event;
    *event.mutable_job_prepared()->mutable_error() =
        proto::ErrorFromStatus(Status::InvalidArgument("the graph differs when it is rebuilt"));
    cluster_.Send(worker, std::move(event));
    return true;
  };
  const std::string id = Submit();
  cluster_.Run(10'000);
  ExpectFailed(id);
  ASSERT_EQ(cluster_.ExceptionsOf(id).size(), 1u);
  EXPECT_THAT(cluster_.ExceptionsOf(id)[0],
              HasSubstr("could not prepare the job: the graph differs when it is rebuilt"));
}

TEST_F(JobFailoverTest, AWorkerThatCannotBeStartedSaysWhy) {
  cluster_.on_task_manager_command = [this](SimulatedTaskManager& task_manager,
                                            const proto::TaskManagerCommand& command) {
    if (!command.has_start_worker() || task_manager.id != "tm-2") return false;
    proto::TaskManagerEvent event;
    event.mutable_worker_started()->set_worker_id(command.start_worker().worker_id());
    *event.mutable_worker_started()->mutable_error() =
        proto::ErrorFromStatus(Status(StatusCode::kResourceExhausted, "out of processes"));
    cluster_.Send(task_manager, std::move(event));
    return true;
  };
  const std::string id = Submit({});
  cluster_.Run(1'000);
  ExpectFailed(id);
  EXPECT_THAT(cluster_.ExceptionsOf(id),
              ElementsAre("worker on TaskManager tm-2 could not be started: out of processes"));
}

TEST_F(JobFailoverTest, AWorkerThatNeverGetsReadyIsGivenUp) {
  cluster_.on_worker_command = [](SimulatedWorker&, const proto::WorkerCommand& command) {
    return command.has_prepare_job();
  };
  const std::string id = Submit({{"slot.request.timeout", "20 s"}});
  EXPECT_THAT(cluster_.job(id)->StatusDetails(), HasSubstr("to load the job"));
  cluster_.Run(40'000);
  ExpectFailed(id);
  EXPECT_THAT(cluster_.ExceptionsOf(id)[0], HasSubstr("was not ready within 20 s"));
}

TEST_F(JobFailoverTest, ABrokenStreamOfALivingWorkerCountsAsLost) {
  const std::string id = Submit();
  const auto worker = cluster_.WorkersOf(id)[0];
  cluster_.BreakSession(worker);
  cluster_.Run(3'000);
  ExpectRunsAs(id, 1);
  EXPECT_FALSE(worker->alive);
  EXPECT_THAT(cluster_.ExceptionsOf(id)[0],
              HasSubstr("lost the connection to the worker on TaskManager tm-1"));
}

TEST_F(JobFailoverTest, NothingOfAnEndedJobWaitsForAnExitReport) {
  const std::string id = Submit({});
  cluster_.BreakSession(cluster_.WorkersOf(id)[0]);
  cluster_.Run(500);  // it dials again before its exit report is overdue
  ExpectFailed(id);
  EXPECT_EQ(cluster_.job(id), nullptr);
  const auto due = cluster_.loop().NextDueNanos();
  // The heartbeats of the ResourceManager are all that is left.
  ASSERT_TRUE(due);
  EXPECT_GT(*due - cluster_.clock().MonotonicNanos(), std::int64_t{2'000'000'000});
}

TEST_F(JobFailoverTest, LateReportsOfOldAttemptsChangeNothing) {
  const std::string id = Submit();
  const auto survivor = cluster_.WorkersOf(id)[1];
  cluster_.EndWorker(cluster_.WorkersOf(id)[0], 9);
  cluster_.Run(1'000);
  ExpectRunsAs(id, 1);
  const std::uint64_t dropped = cluster_.job(id)->dropped_messages();
  cluster_.SendTaskState(*survivor, 1, 3, 0, proto::TASK_FAILED, "old");
  cluster_.SendTaskState(*survivor, 1, 3, 0, proto::TASK_FINISHED);
  cluster_.SendTaskState(*survivor, 1, 0, 1, proto::TASK_FAILED, "not its task");
  cluster_.Run();
  ExpectRunsAs(id, 1);
  EXPECT_EQ(cluster_.job(id)->dropped_messages(), dropped + 3);
}

TEST_F(JobFailoverTest, ATaskManagerThatReturnsBeforeItWasMissedKeepsItsJob) {
  const std::string id = Submit();
  SimulatedTaskManager& task_manager = cluster_.task_managers().at("tm-1");
  cluster_.Register(task_manager);  // the old stream has not broken yet
  cluster_.Run();
  ExpectRunsAs(id, 0);
}

TEST_F(JobFailoverTest, AReturningTaskManagerReportsWhatEndedMeanwhile) {
  const std::string id = Submit();
  SimulatedTaskManager& task_manager = cluster_.task_managers().at("tm-2");
  const auto worker = cluster_.WorkersOf(id)[1];
  worker->alive = false;
  task_manager.workers.erase(worker->start.worker_id());
  cluster_.Register(task_manager);
  cluster_.Run(2'000);
  ExpectRunsAs(id, 1);
  EXPECT_THAT(cluster_.ExceptionsOf(id)[0],
              HasSubstr("was gone when its TaskManager registered again"));
}

TEST_F(JobFailoverTest, WhatWasGivenUpIsStoppedWhenItsTaskManagerComesBack) {
  const std::string id = Submit();
  SimulatedTaskManager& task_manager = cluster_.task_managers().at("tm-2");
  const auto worker = cluster_.WorkersOf(id)[1];
  cluster_.workers_redial = false;
  cluster_.BreakSession(task_manager);
  cluster_.BreakSession(worker);
  cluster_.Run();
  EXPECT_TRUE(worker->alive);
  cluster_.Register(task_manager);
  cluster_.Run(2'000);
  EXPECT_FALSE(worker->alive);
  ExpectRunsAs(id, 1);
}

}  // namespace
}  // namespace weir::jobmanager
