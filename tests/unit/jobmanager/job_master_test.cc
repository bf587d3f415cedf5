// The life of a job on a simulated cluster: deployment, end, cancel, slots, what can be seen.
#include "jobmanager/job/job_master.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobmanager/job_view.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class Message>
std::vector<Message> Only(const std::vector<Message>& commands,
                          typename Message::CommandCase kind) {
  std::vector<Message> found;
  for (const Message& command : commands) {
    if (command.command_case() == kind) found.push_back(command);
  }
  return found;
}

class JobMasterTest : public testing::Test {
 protected:
  // Two TaskManagers with two slots, a job of parallelism 2 and 4 that runs.
  JobMaster& RunJob(const std::map<std::string, std::string>& settings = {},
                    bool with_coordinator = true) {
    cluster_.AddTaskManager("tm-1", 2);
    cluster_.AddTaskManager("tm-2", 2);
    cluster_.Run();
    JobMaster& job = cluster_.Submit(ChainGraph({2, 4}, with_coordinator), settings);
    cluster_.Run();
    EXPECT_EQ(job.phase(), JobPhase::kExecuting);
    return job;
  }

  // No process is left, all slots are free, and nothing ran twice.
  void ExpectNothingLeft() {
    EXPECT_EQ(cluster_.ProcessCount(), 0u);
    const SlotManager& slots = cluster_.manager().jobs().resources().slots();
    EXPECT_EQ(slots.free(), slots.total());
    EXPECT_THAT(cluster_.violations(), IsEmpty());
  }

  SimulatedCluster cluster_;
};

TEST_F(JobMasterTest, DeploysInTwoPhasesCoordinatorsFirst) {
  JobMaster& job = RunJob();
  EXPECT_EQ(job.state(), JobState::kRunning);
  EXPECT_EQ(job.graph().CountOf(TaskState::kRunning), 6u);
  const auto workers = cluster_.WorkersOf(job.job_id());
  ASSERT_EQ(workers.size(), 2u);
  EXPECT_EQ(workers[0]->start.slot_count(), 2u);
  using Kind = proto::WorkerCommand;
  std::vector<Kind::CommandCase> order;
  for (const Kind& command : workers[0]->commands) order.push_back(command.command_case());
  EXPECT_THAT(order, ElementsAre(Kind::kWelcome, Kind::kLease, Kind::kPrepareJob,
                                 Kind::kDeployTasks, Kind::kStartTasks));

  const auto coordinators = cluster_.WorkersOf(job.job_id(), proto::COORDINATOR);
  ASSERT_EQ(coordinators.size(), 1u);
  order.clear();
  for (const Kind& command : coordinators[0]->commands) order.push_back(command.command_case());
  EXPECT_THAT(order,
              ElementsAre(Kind::kWelcome, Kind::kLease, Kind::kPrepareJob, Kind::kStartCoordinators,
                          Kind::kSubtaskReady, Kind::kSubtaskReady));
}

TEST_F(JobMasterTest, TellsEachWorkerWhereEverySubtaskIs) {
  JobMaster& job = RunJob();
  const auto workers = cluster_.WorkersOf(job.job_id());
  for (const auto& worker : workers) {
    const auto deploys = Only(worker->commands, proto::WorkerCommand::kDeployTasks);
    ASSERT_EQ(deploys.size(), 1u);
    const proto::DeployTasks& deploy = deploys[0].deploy_tasks();
    EXPECT_EQ(deploy.deployment_id(), 1u);
    EXPECT_EQ(deploy.peers_size(), 2);
    EXPECT_EQ(deploy.peers(0).data_port(), 7000u);
    EXPECT_EQ(deploy.tasks_size(), 3);
    ASSERT_EQ(deploy.placement_size(), 2);
    EXPECT_THAT(deploy.placement(1).peer(), ElementsAre(0, 0, 1, 1));
    EXPECT_THAT(deploy.placement(0).peer(), ElementsAre(0, 1));
    EXPECT_THAT(deploy.first_channel(), ElementsAre(0));
    for (const proto::TaskDeployment& task : deploy.tasks()) EXPECT_LT(task.slot(), 2u);
  }
}

TEST_F(JobMasterTest, FinishesWhenAllSubtasksFinishedAndLeavesNothing) {
  const std::string id = RunJob().job_id();
  cluster_.FinishTasks(id);
  cluster_.Run();
  EXPECT_EQ(cluster_.StateOf(id), "FINISHED");
  EXPECT_EQ(cluster_.job(id), nullptr);
  EXPECT_THAT(cluster_.ExceptionsOf(id), IsEmpty());
  ExpectNothingLeft();
}

TEST_F(JobMasterTest, SaysWhatItWaitsForAndGoesOnWhenSlotsAppear) {
  cluster_.AddTaskManager("tm-1", 2);
  cluster_.Run();
  JobMaster& job = cluster_.Submit(ChainGraph({4, 4}));
  cluster_.Run();
  EXPECT_EQ(job.state(), JobState::kRunning);
  EXPECT_EQ(job.graph().CountOf(TaskState::kScheduled), 8u);
  EXPECT_EQ(job.StatusDetails(), "waits for 2 more slots: 4 needed, 2 free of 2");
  EXPECT_THAT(job.Warnings(), ElementsAre("The job waits for 2 more slots: 4 needed, 2 free of 2"));
  cluster_.AddTaskManager("tm-2", 1);
  cluster_.Run();
  EXPECT_EQ(job.StatusDetails(), "waits for 1 more slot: 4 needed, 3 free of 3");
  cluster_.AddTaskManager("tm-3", 1);
  cluster_.Run();
  EXPECT_EQ(job.phase(), JobPhase::kExecuting);
  EXPECT_EQ(job.StatusDetails(), "");
}

TEST_F(JobMasterTest, ATimedOutSlotRequestFailsWithTheSameText) {
  cluster_.AddTaskManager("tm-1", 2);
  cluster_.Run();
  const std::string id =
      cluster_.Submit(ChainGraph({4}), {{"slot.request.timeout", "10 s"}}).job_id();
  cluster_.Run(9'999);
  EXPECT_EQ(cluster_.StateOf(id), "RUNNING");
  cluster_.Run(1);
  EXPECT_EQ(cluster_.StateOf(id), "FAILED");
  EXPECT_THAT(cluster_.ExceptionsOf(id),
              ElementsAre("waits for 2 more slots: 4 needed, 2 free of 2; gave up after 10 s "
                          "(slot.request.timeout)"));
  ExpectNothingLeft();
}

TEST_F(JobMasterTest, AJobThatEndsLetsTheNextOneRun) {
  const std::string first = RunJob().job_id();
  JobMaster& second = cluster_.Submit(ChainGraph({4}));
  cluster_.Run();
  EXPECT_EQ(second.StatusDetails(), "waits for 4 more slots: 4 needed, 0 free of 4");
  ASSERT_TRUE(cluster_.manager().jobs().Cancel(first).ok());
  cluster_.Run();
  EXPECT_EQ(cluster_.StateOf(first), "CANCELED");
  EXPECT_EQ(second.phase(), JobPhase::kExecuting);
}

// Stops the job in front of each phase and cancels it there.
TEST_F(JobMasterTest, CancelsInEveryPhase) {
  using Kind = proto::WorkerCommand;
  struct Stop {
    Kind::CommandCase withheld;
    JobPhase phase;
  };
  cluster_.AddTaskManager("tm-1", 4);
  cluster_.Run();
  for (const Stop& stop : {Stop{Kind::kPrepareJob, JobPhase::kStartingWorkers},
                           Stop{Kind::kStartCoordinators, JobPhase::kStartingCoordinators},
                           Stop{Kind::kDeployTasks, JobPhase::kDeploying},
                           Stop{Kind::kStartTasks, JobPhase::kExecuting}}) {
    cluster_.on_worker_command = [&](SimulatedWorker&, const Kind& command) {
      return command.command_case() == stop.withheld;
    };
    JobMaster& job = cluster_.Submit(ChainGraph({2, 4}, true));
    const std::string id = job.job_id();
    cluster_.Run();
    ASSERT_EQ(job.phase(), stop.phase);
    ASSERT_TRUE(cluster_.manager().jobs().Cancel(id).ok());
    // A worker that did not deploy does not know the tasks it is to cancel: the bound ends it.
    cluster_.Run(200'000);
    EXPECT_EQ(cluster_.StateOf(id), "CANCELED") << ToString(stop.phase);
    ExpectNothingLeft();
    EXPECT_TRUE(cluster_.manager().jobs().Cancel(id).ok()) << "again";
  }
}

TEST_F(JobMasterTest, CancelsWhileItWaitsForSlots) {
  const std::string id = cluster_.Submit(ChainGraph({4})).job_id();
  ASSERT_TRUE(cluster_.manager().jobs().Cancel(id).ok());
  cluster_.Run();
  EXPECT_EQ(cluster_.StateOf(id), "CANCELED");
}

TEST_F(JobMasterTest, CancelsWhileItWaitsToRestart) {
  const std::string id = RunJob({{"restart-strategy.type", "fixed-delay"},
                                 {"restart-strategy.fixed-delay.delay", "60 s"}})
                             .job_id();
  cluster_.EndWorker(cluster_.WorkersOf(id)[0], 11);
  cluster_.Run();
  ASSERT_EQ(cluster_.StateOf(id), "RESTARTING");
  EXPECT_EQ(cluster_.job(id)->StatusDetails(), "restarts in 1 min");
  ASSERT_TRUE(cluster_.manager().jobs().Cancel(id).ok());
  cluster_.Run();
  EXPECT_EQ(cluster_.StateOf(id), "CANCELED");
  ExpectNothingLeft();
}

TEST_F(JobMasterTest, AnEndedJobCannotBeCanceled) {
  const std::string id = RunJob().job_id();
  cluster_.FinishTasks(id);
  cluster_.Run();
  const Status status = cluster_.manager().jobs().Cancel(id);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("it is FINISHED"));
  EXPECT_EQ(cluster_.manager().jobs().Cancel(std::string(32, 'f')).code(), StatusCode::kNotFound);
}

TEST_F(JobMasterTest, KillsWhoDoesNotCancelInTime) {
  const std::string id = RunJob({{"task.cancellation.timeout", "5 s"}}).job_id();
  cluster_.on_worker_command = [](SimulatedWorker& worker, const proto::WorkerCommand& command) {
    return command.has_cancel_tasks() && worker.task_manager->id == "tm-2";
  };
  ASSERT_TRUE(cluster_.manager().jobs().Cancel(id).ok());
  cluster_.Run(4'999);
  EXPECT_EQ(cluster_.StateOf(id), "CANCELLING");
  cluster_.Run(1);
  EXPECT_EQ(cluster_.StateOf(id), "CANCELED");
  const auto stops =
      Only(cluster_.task_managers().at("tm-2").commands, proto::TaskManagerCommand::kStopWorker);
  ASSERT_EQ(stops.size(), 1u);
  EXPECT_EQ(stops[0].stop_worker().grace_ms(), 0);
  ExpectNothingLeft();
}

TEST_F(JobMasterTest, KillsWhoDoesNotShutDown) {
  const std::string id = RunJob().job_id();
  cluster_.on_worker_command = [](SimulatedWorker&, const proto::WorkerCommand& command) {
    return command.has_shutdown();
  };
  cluster_.FinishTasks(id);
  cluster_.Run();
  EXPECT_EQ(cluster_.StateOf(id), "FINISHED");
  EXPECT_EQ(cluster_.ProcessCount(), 3u);
  cluster_.Run(5'000);
  ExpectNothingLeft();
}

TEST_F(JobMasterTest, RelaysOperatorEventsInOrderAndFencesOldAttempts) {
  JobMaster& job = RunJob({{"restart-strategy.type", "fixed-delay"}});
  const auto coordinator = cluster_.WorkersOf(job.job_id(), proto::COORDINATOR)[0];
  const auto worker = cluster_.WorkersOf(job.job_id())[0];
  const auto event = [](std::uint32_t attempt, const std::string& payload) {
    proto::WorkerEvent message;
    message.mutable_operator_event()->set_attempt(attempt);
    message.mutable_operator_event()->set_payload(payload);
    return message;
  };
  const auto payloads = [](const SimulatedWorker& receiver) {
    std::string all;
    for (const auto& command : Only(receiver.commands, proto::WorkerCommand::kOperatorEvent)) {
      all += command.operator_event().payload();
    }
    return all;
  };
  for (const char* payload : {"a", "b", "c"}) cluster_.Send(*worker, event(0, payload));
  for (const char* payload : {"1", "2", "3"}) cluster_.Send(*coordinator, event(0, payload));
  cluster_.Send(*worker, event(7, "x"));
  cluster_.Send(*coordinator, event(7, "x"));
  cluster_.Run();
  EXPECT_EQ(payloads(*coordinator), "abc");
  EXPECT_EQ(payloads(*worker), "123");
  EXPECT_EQ(job.dropped_messages(), 2u);

  cluster_.SendTaskState(*worker, 0, 0, 0, proto::TASK_FAILED, "threw");
  cluster_.Run(2'000);
  ASSERT_EQ(job.phase(), JobPhase::kExecuting);
  cluster_.Send(*worker, event(0, "old"));
  cluster_.Send(*coordinator, event(0, "old"));
  cluster_.Send(*worker, event(1, "d"));
  cluster_.Run();
  EXPECT_EQ(payloads(*coordinator), "abcd");
  EXPECT_EQ(payloads(*worker), "123");
}

TEST_F(JobMasterTest, RenewsLeasesEveryThird) {
  JobMaster& job = RunJob();
  const auto worker = cluster_.WorkersOf(job.job_id())[0];
  const std::size_t before = Only(worker->commands, proto::WorkerCommand::kLease).size();
  cluster_.Run(30'000);
  EXPECT_EQ(Only(worker->commands, proto::WorkerCommand::kLease).size(), before + 3);
}

TEST_F(JobMasterTest, NamesAStuckTaskUntilItGetsOn) {
  JobMaster& job = RunJob();
  const auto worker = cluster_.WorkersOf(job.job_id())[0];
  proto::TaskManagerEvent event;
  event.mutable_stuck_step()->set_worker_id(worker->start.worker_id());
  event.mutable_stuck_step()->mutable_step()->set_vertex(1);
  event.mutable_stuck_step()->mutable_step()->set_subtask(1);
  event.mutable_stuck_step()->mutable_step()->set_running_ms(12'345);
  cluster_.Send(*worker->task_manager, event);
  cluster_.Run();
  EXPECT_THAT(job.Warnings(), ElementsAre("operator 'Operator 1' of 'v1' (2/4), attempt 0, has "
                                          "been in one call for 12 s"));
  const rest::JobDetails details = DetailsOf(job, 0);
  EXPECT_EQ(details.vertices[1].subtasks[1].status_details,
            "in one call of operator 'Operator 1' for 12 s");
  EXPECT_EQ(details.summary.status_details, job.Warnings()[0]);
  event.mutable_stuck_step()->mutable_step()->set_running_ms(0);
  cluster_.Send(*worker->task_manager, event);
  cluster_.Run();
  EXPECT_THAT(job.Warnings(), IsEmpty());
}

TEST_F(JobMasterTest, ShowsStatisticsAndMergesAccumulators) {
  JobMaster& job = RunJob();
  const auto worker = cluster_.WorkersOf(job.job_id())[0];
  proto::WorkerEvent event;
  for (std::uint32_t subtask : {0u, 1u}) {
    proto::TaskStatistics* const task = event.mutable_statistics()->add_tasks();
    task->mutable_task()->set_vertex(1);
    task->mutable_task()->set_subtask(subtask);
    task->set_records_in(10 + subtask);
    task->set_busy_ms(3);
    proto::AccumulatorValue* const largest = task->add_accumulators();
    largest->set_name("largest");
    largest->set_kind(2);
    largest->set_value(subtask == 0 ? 7.5 : 2);
  }
  cluster_.Send(*worker, std::move(event));
  cluster_.Run();
  const rest::JobDetails details = DetailsOf(job, cluster_.clock().WallMillis());
  EXPECT_EQ(details.vertices[1].subtasks[1].metrics.read_records, 11u);
  EXPECT_TRUE(details.vertices[1].subtasks[1].metrics.complete);
  EXPECT_FALSE(details.vertices[1].subtasks[2].metrics.complete);
  EXPECT_EQ(details.vertices[1].subtasks[1].endpoint, "127.0.0.1:7000");
  EXPECT_EQ(details.coordinator.state, "READY");
  EXPECT_EQ(details.plan.nodes[1].inputs[0].ship_strategy, "REBALANCE");
  const auto accumulators = AccumulatorsOf(job);
  ASSERT_EQ(accumulators.size(), 1u);
  EXPECT_EQ(accumulators[0].value, "7.5");
  EXPECT_EQ(accumulators[0].type, "Maximum");
}

TEST_F(JobMasterTest, EndsItsWorkersWhenTheJobManagerStops) {
  RunJob();
  bool stopped = false;
  cluster_.manager().Stop([&] { stopped = true; });
  cluster_.workers_redial = false;
  cluster_.Run();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(cluster_.ProcessCount(), 0u);
}

}  // namespace
}  // namespace weir::jobmanager
