// One JobManager ends, the next one takes over: which jobs run again, when, and who is refused.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobmanager/checkpoint/checkpoint_metadata.h"
#include "jobmanager/ha/metadata_file.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class JobRecoveryTest : public testing::Test {
 protected:
  // Kills the JobManager and starts the next one; TaskManagers and workers find it by themselves.
  void Restart() {
    cluster_.KillJobManager();
    cluster_.Run(100);
    cluster_.StartJobManager();
    cluster_.Run(1'000);
  }
  void AddTaskManagers() {
    cluster_.AddTaskManager("tm-1", 1);
    cluster_.AddTaskManager("tm-2", 1);
    cluster_.Run();
  }
  std::string RunningJob(std::vector<std::uint32_t> parallelisms = {2, 2}) {
    JobMaster& job = cluster_.Submit(
        ChainGraph(parallelisms),
        {{"restart-strategy.type", "fixed-delay"}, {"restart-strategy.fixed-delay.attempts", "3"}});
    const std::string id = job.job_id();
    cluster_.Run();
    EXPECT_EQ(job.phase(), JobPhase::kExecuting);
    return id;
  }
  rest::JobDetails Details(const std::string& id) {
    Result<rest::JobDetails> details = Status::Internal("not answered");
    cluster_.manager().GetJob(id, [&](auto result) { details = std::move(result); });
    cluster_.Run();
    EXPECT_TRUE(details.ok()) << details.status().message();
    return details.ok() ? *details : rest::JobDetails();
  }
  static void WriteCheckpoint(const std::string& path, std::uint64_t id) {
    proto::CheckpointMetadata metadata;
    metadata.set_checkpoint_id(id);
    const Result<std::string> bytes = EncodeCheckpointMetadata(metadata);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    ASSERT_TRUE(LocalFileSystem().WriteFileAtomically(path, *bytes).ok());
  }
  std::string PathOf(const std::string& name) { return cluster_.metadata_directory() + "/" + name; }
  void TearDown() override { EXPECT_THAT(cluster_.violations(), IsEmpty()); }

  SimulatedCluster cluster_{1, {}, SimulatedCluster::Metadata::kFile};
};

TEST_F(JobRecoveryTest, ARunningJobRunsAgainInItsNextEpoch) {
  AddTaskManagers();
  const std::string id = RunningJob();
  EXPECT_EQ(cluster_.manager().leader().epoch(), 1u);
  const auto old_workers = cluster_.WorkersOf(id);
  Restart();
  EXPECT_EQ(cluster_.manager().leader().epoch(), 2u);
  const JobMaster* const job = cluster_.job(id);
  ASSERT_NE(job, nullptr);
  EXPECT_EQ(job->phase(), JobPhase::kExecuting);
  EXPECT_EQ(job->submission().job_epoch, 2u);
  EXPECT_EQ(job->submission().graph.name(), "chain");
  EXPECT_EQ(job->submission().configuration.at("restart-strategy.type"), "fixed-delay");
  for (const auto& worker : old_workers) EXPECT_FALSE(worker->alive);
  ASSERT_THAT(cluster_.WorkersOf(id), SizeIs(2));
  EXPECT_EQ(cluster_.WorkersOf(id)[0]->start.job_epoch(), 2u);
  EXPECT_EQ(cluster_.WorkersOf(id)[0]->leader.epoch(), 2u);
  // Above all attempts of the JobMaster before it.
  EXPECT_EQ(cluster_.WorkersOf(id)[0]->tasks.begin()->second, FirstAttemptOf(2));
  EXPECT_GT(FirstAttemptOf(2), 1'000'000u);

  cluster_.FinishTasks(id);
  cluster_.Run(10'000);
  EXPECT_EQ(cluster_.StateOf(id), "FINISHED");
  EXPECT_EQ(cluster_.ProcessCount(), 0u);
}

TEST_F(JobRecoveryTest, EveryLeaderAndEveryJobMasterGetsAnEpochOfItsOwn) {
  AddTaskManagers();
  const std::string id = RunningJob();
  for (std::uint64_t epoch = 2; epoch < 6; ++epoch) {
    Restart();
    EXPECT_EQ(cluster_.manager().leader().epoch(), epoch);
    EXPECT_EQ(cluster_.job(id)->submission().job_epoch, epoch);
    EXPECT_EQ(cluster_.StateOf(id), "RUNNING");
  }
}

TEST_F(JobRecoveryTest, AnEndedJobStaysEndedAndVisible) {
  AddTaskManagers();
  const std::string finished = RunningJob();
  cluster_.FinishTasks(finished);
  cluster_.Run(10'000);
  const std::string canceled = RunningJob();
  ASSERT_TRUE(cluster_.manager().jobs().Cancel(canceled).ok());
  cluster_.Run(10'000);
  const std::string failed =
      cluster_.Submit(ChainGraph({2}), {{"restart-strategy.type", "none"}}).job_id();
  cluster_.Run();
  cluster_.EndWorker(cluster_.WorkersOf(failed)[0], 11);
  cluster_.Run(200'000);
  const rest::JobDetails before = Details(failed);
  Restart();
  EXPECT_EQ(cluster_.StateOf(finished), "FINISHED");
  EXPECT_EQ(cluster_.StateOf(canceled), "CANCELED");
  EXPECT_EQ(cluster_.StateOf(failed), "FAILED");
  EXPECT_THAT(cluster_.manager().jobs().Running(), IsEmpty());
  EXPECT_EQ(cluster_.ProcessCount(), 0u);
  EXPECT_THAT(cluster_.ExceptionsOf(failed), ElementsAre(HasSubstr("SIGSEGV")));
  const rest::JobDetails after = Details(failed);
  EXPECT_EQ(after.summary.name, "chain");
  EXPECT_EQ(after.summary.start_time_ms, before.summary.start_time_ms);
  EXPECT_EQ(after.summary.end_time_ms, before.timestamps.at("FAILED"));
  EXPECT_EQ(after.summary.tasks, before.summary.tasks);
  EXPECT_EQ(after.timestamps, before.timestamps);
  ASSERT_THAT(after.vertices, SizeIs(1));
  ASSERT_THAT(after.vertices[0].subtasks, SizeIs(2));
  EXPECT_EQ(after.vertices[0].subtasks[1].endpoint, before.vertices[0].subtasks[1].endpoint);
  EXPECT_THAT(after.plan.nodes, SizeIs(1));
  EXPECT_EQ(cluster_.manager().jobs().Cancel(finished).code(), StatusCode::kFailedPrecondition);
}

// The job has finished, its workers have not ended, and the JobManager is killed.
TEST_F(JobRecoveryTest, AFinishedJobIsNotRunAgainWhileItsProcessesEnd) {
  AddTaskManagers();
  const std::string id = RunningJob();
  cluster_.on_worker_command = [](SimulatedWorker&, const proto::WorkerCommand& command) {
    return command.has_shutdown();  // nobody hears of it
  };
  cluster_.FinishTasks(id);
  cluster_.Run();
  ASSERT_NE(cluster_.job(id), nullptr);
  ASSERT_EQ(cluster_.StateOf(id), "FINISHED");
  ASSERT_EQ(cluster_.ProcessCount(), 2u);
  Restart();
  EXPECT_EQ(cluster_.job(id), nullptr);
  EXPECT_EQ(cluster_.StateOf(id), "FINISHED");
  EXPECT_EQ(cluster_.ProcessCount(), 0u);
}

TEST_F(JobRecoveryTest, WaitsForAWorkerThatNobodyCanReachUntilItsLeaseEnds) {
  AddTaskManagers();
  const std::string id = RunningJob();
  const auto workers = cluster_.WorkersOf(id);
  cluster_.KillJobManager();
  cluster_.StartJobManager(/*reconnect=*/false);
  cluster_.AddTaskManager("tm-3", 4);
  cluster_.Register(cluster_.task_managers().at("tm-1"));
  cluster_.Run(20'000);
  // Slots enough; but tm-2's worker may be alive, and it is.
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kNotStarted);
  EXPECT_FALSE(workers[0]->alive);
  EXPECT_TRUE(workers[1]->alive);
  EXPECT_THAT(Details(id).summary.status_details,
              HasSubstr("waits for TaskManager tm-2 to register again"));
  std::vector<rest::JobSummary> jobs = cluster_.manager().jobs().Summaries();
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_THAT(jobs[0].status_details, HasSubstr("waits for TaskManager tm-2"));
  cluster_.Run(16'000);
  EXPECT_FALSE(workers[1]->alive);
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kExecuting);
}

TEST_F(JobRecoveryTest, WaitsForTheEndOfWorkersThatAreToldToEnd) {
  AddTaskManagers();
  const std::string id = RunningJob();
  bool stopped = false;
  cluster_.on_task_manager_command = [&](SimulatedTaskManager& task_manager,
                                         const proto::TaskManagerCommand& command) {
    const bool swallow = command.has_stop_worker() && task_manager.id == "tm-2";
    stopped |= swallow;
    return swallow;
  };
  cluster_.workers_redial = false;
  const auto workers = cluster_.WorkersOf(id);
  cluster_.KillJobManager();
  cluster_.StartJobManager(false);
  cluster_.Register(cluster_.task_managers().at("tm-1"));
  cluster_.Register(cluster_.task_managers().at("tm-2"));
  cluster_.Run(5'000);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kNotStarted);
  EXPECT_THAT(Details(id).summary.status_details,
              HasSubstr("waits for 1 worker of an earlier JobManager to end on TaskManager tm-2"));
  cluster_.EndWorker(workers[1], 9, {}, true);
  cluster_.Run();
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kExecuting);
}

TEST_F(JobRecoveryTest, AJobThatWaitsToBeTakenOverCanBeCanceled) {
  AddTaskManagers();
  const std::string id = RunningJob();
  cluster_.KillJobManager();
  cluster_.StartJobManager(false);
  cluster_.Run();
  ASSERT_TRUE(cluster_.manager().jobs().Cancel(id).ok());
  cluster_.Run();
  EXPECT_EQ(cluster_.StateOf(id), "CANCELED");
  Restart();
  cluster_.Run(60'000);
  EXPECT_EQ(cluster_.StateOf(id), "CANCELED");
  EXPECT_EQ(cluster_.ProcessCount(), 0u);
}

TEST_F(JobRecoveryTest, ATaskManagerThatIsLongGoneIsNotWaitedFor) {
  AddTaskManagers();
  const std::string id = RunningJob({1});
  // Whichever of the two the job is not on.
  const std::string idle = cluster_.WorkersOf(id)[0]->task_manager->id == "tm-1" ? "tm-2" : "tm-1";
  cluster_.KillTaskManager(idle);
  cluster_.Run(36'000);
  Restart();
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kExecuting);
}

TEST_F(JobRecoveryTest, AJobThatCannotBeReadIsShownAndKeepsNobodyFromRunning) {
  AddTaskManagers();
  const std::string damaged = RunningJob({1});
  const std::string healthy = RunningJob({1});
  const std::string path = PathOf("jobs/" + damaged + "/submission");
  cluster_.KillJobManager();
  std::filesystem::resize_file(path, 40);
  cluster_.StartJobManager();
  cluster_.Run(1'000);
  EXPECT_EQ(cluster_.StateOf(healthy), "RUNNING");
  EXPECT_EQ(cluster_.job(damaged), nullptr);
  EXPECT_EQ(cluster_.StateOf(damaged), "SUSPENDED");
  EXPECT_THAT(cluster_.ExceptionsOf(damaged), ElementsAre(HasSubstr(path)));
  EXPECT_THAT(Details(damaged).summary.status_details, HasSubstr("could not be recovered"));
  EXPECT_EQ(std::filesystem::file_size(path), 40u);
  EXPECT_EQ(cluster_.manager().jobs().Cancel(damaged).code(), StatusCode::kFailedPrecondition);
}

// A disk that fails for a while; what is damaged stays damaged.
TEST_F(JobRecoveryTest, AJobThatCannotBeReadJustNowRunsWhenItCan) {
  AddTaskManagers();
  const std::string id = RunningJob({1});
  const std::string path = PathOf("jobs/" + id + "/submission");
  cluster_.KillJobManager();
  std::filesystem::rename(path, path + "-aside");
  std::filesystem::create_directory(path);  // reading it is an error of the system
  cluster_.StartJobManager();
  cluster_.Run(20'000);
  EXPECT_EQ(cluster_.StateOf(id), "SUSPENDED");
  EXPECT_EQ(cluster_.job(id), nullptr);
  std::filesystem::remove(path);
  std::filesystem::rename(path + "-aside", path);
  cluster_.Run(6'000);
  EXPECT_EQ(cluster_.StateOf(id), "RUNNING");
  ASSERT_NE(cluster_.job(id), nullptr);
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kExecuting);
  EXPECT_EQ(cluster_.job(id)->submission().job_epoch, 2u);
  cluster_.FinishTasks(id);
  cluster_.Run(10'000);
  EXPECT_EQ(cluster_.StateOf(id), "FINISHED");
}

TEST_F(JobRecoveryTest, TheNextJobManagerClearsAwayTheCheckpointsOfAnEndedJob) {
  AddTaskManagers();
  const TemporaryDirectory directory = *TemporaryDirectory::Create("weir-job-recovery-test-");
  const auto folder_of_ended = [&](const std::string& retention, bool cancel) {
    JobMaster& job =
        cluster_.Submit(ChainGraph({1}),
                        {{"execution.checkpointing.interval", "1 h"},
                         {"execution.checkpointing.dir", directory.path()},
                         {"execution.checkpointing.externalized-checkpoint-retention", retention}});
    const std::string id = job.job_id();
    cluster_.Run();
    // The job is over, and the JobManager dies before its worker has ended.
    cluster_.on_worker_command = [](SimulatedWorker&, const proto::WorkerCommand& command) {
      return command.has_shutdown();
    };
    if (cancel) {
      EXPECT_TRUE(job.Cancel().ok());
    } else {
      cluster_.FinishTasks(id);
    }
    cluster_.Run();
    cluster_.on_worker_command = nullptr;
    const std::filesystem::path folder = directory.path() + "/" + id;
    for (const char* checkpoint : {"chk-1", "chk-2"}) {
      std::filesystem::create_directories(folder / checkpoint);
      std::ofstream(folder / checkpoint / "state") << "x";
    }
    WriteCheckpoint(folder / "chk-2" / "_metadata", 2);
    Restart();
    EXPECT_EQ(cluster_.StateOf(id), cancel ? "CANCELED" : "FINISHED");
    return folder;
  };
  EXPECT_FALSE(std::filesystem::exists(folder_of_ended("RETAIN_ON_CANCELLATION", false)));
  EXPECT_FALSE(std::filesystem::exists(folder_of_ended("DELETE_ON_CANCELLATION", true)));
  const std::filesystem::path kept = folder_of_ended("RETAIN_ON_CANCELLATION", true);
  EXPECT_FALSE(std::filesystem::exists(kept / "chk-1"));
  EXPECT_TRUE(std::filesystem::exists(kept / "chk-2" / "_metadata"));
  // It is done once: what comes there later is nobody's business.
  std::filesystem::create_directory(kept / "chk-7");
  Restart();
  EXPECT_TRUE(std::filesystem::exists(kept / "chk-7"));
}

// A JobManager that died in between would recover the job, and miss them.
TEST_F(JobRecoveryTest, CheckpointsStayUntilTheEndOfTheirJobIsStored) {
  AddTaskManagers();
  const TemporaryDirectory directory = *TemporaryDirectory::Create("weir-job-recovery-test-");
  const std::string id =
      cluster_
          .Submit(ChainGraph({1}), {{"execution.checkpointing.interval", "1 h"},
                                    {"execution.checkpointing.dir", directory.path()}})
          .job_id();
  cluster_.Run();
  std::filesystem::rename(PathOf("results"), PathOf("results-aside"));
  cluster_.FinishTasks(id);
  cluster_.Run(20'000);
  EXPECT_EQ(cluster_.StateOf(id), "FINISHED");
  EXPECT_EQ(cluster_.ProcessCount(), 0u);
  EXPECT_TRUE(std::filesystem::exists(directory.path() + "/" + id));
  std::filesystem::rename(PathOf("results-aside"), PathOf("results"));
  cluster_.Run(6'000);
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/" + id));
}

TEST_F(JobRecoveryTest, AJobWhosePluginIsMissingOrWhoseSettingsAreGoneIsShown) {
  AddTaskManagers();
  std::vector<std::string> ids = {RunningJob({1}), RunningJob({1})};
  cluster_.KillJobManager();
  const auto change = [&](const std::string& id,
                          const std::function<void(proto::SubmittedJob&)>& edit) {
    const std::string path = PathOf("jobs/" + id + "/submission");
    auto record = *ha::DecodeMetadataFile(*LocalFileSystem().ReadFile(path), path);
    edit(*record.mutable_job());
    ASSERT_TRUE(LocalFileSystem().WriteFileAtomically(path, ha::EncodeMetadataFile(record)).ok());
  };
  change(ids[0], [](auto& job) { job.mutable_plugin()->set_content_hash(std::string(64, 'f')); });
  change(ids[1], [](auto& job) { (*job.mutable_configuration())["task.no-such-setting"] = "1"; });
  cluster_.StartJobManager();
  cluster_.Run(1'000);
  EXPECT_THAT(cluster_.ExceptionsOf(ids[0]), ElementsAre(HasSubstr("has no plugin")));
  EXPECT_THAT(cluster_.ExceptionsOf(ids[1]), ElementsAre(HasSubstr("task.no-such-setting")));
  // Nothing of them is gone: the next start finds them again.
  Restart();
  EXPECT_EQ(cluster_.StateOf(ids[0]), "SUSPENDED");
  EXPECT_EQ(cluster_.StateOf(ids[1]), "SUSPENDED");
}

TEST_F(JobRecoveryTest, AJobManagerThatIsAskedToStopLeavesItsJobsToTheNext) {
  AddTaskManagers();
  const std::string id = RunningJob();
  bool stopped = false;
  cluster_.manager().Stop([&] { stopped = true; });
  cluster_.Run(5'000);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(cluster_.ProcessCount(), 0u);
  Restart();
  EXPECT_EQ(cluster_.StateOf(id), "RUNNING");
}

TEST_F(JobRecoveryTest, AnIdIsGivenOnce) {
  AddTaskManagers();
  const std::string id = RunningJob();
  cluster_.FinishTasks(id);
  cluster_.Run(10'000);
  Restart();
  JobSubmission again;
  again.job_id = id;
  again.graph = ChainGraph({1});
  Status submitted;
  cluster_.manager().Submit(std::move(again), Configuration(),
                            [&](const Status& status) { submitted = status; });
  cluster_.Run();
  EXPECT_EQ(submitted.code(), StatusCode::kAlreadyExists);
}

TEST_F(JobRecoveryTest, AnOlderLeaderRefusesWhoeverHasMetALaterOne) {
  Restart();  // epoch 2
  SimulatedTaskManager& task_manager = cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  task_manager.leader.set_epoch(3);
  task_manager.session = nullptr;
  task_manager.commands.clear();
  cluster_.Register(task_manager);
  cluster_.Run();
  ASSERT_FALSE(task_manager.commands.empty());
  const proto::Rejected& rejected = task_manager.commands[0].rejected();
  EXPECT_FALSE(rejected.final()) << "it is to find the later leader";
  EXPECT_THAT(rejected.error().message(),
              HasSubstr("this JobManager has leader epoch 2; it has met a later one, 3"));
}

TEST(JobRecoveryWithoutStoreTest, NothingIsKept) {
  SimulatedCluster cluster;
  cluster.AddTaskManager("tm-1", 1);
  cluster.Run();
  const std::string id = cluster.Submit(ChainGraph({1})).job_id();
  cluster.Run();
  cluster.KillJobManager();
  cluster.StartJobManager();
  cluster.Run(1'000);
  EXPECT_EQ(cluster.manager().leader().epoch(), 0u);
  EXPECT_EQ(cluster.StateOf(id), "");
  EXPECT_EQ(cluster.ProcessCount(), 0u);
  EXPECT_FALSE(std::filesystem::exists(cluster.metadata_directory()));
}

}  // namespace
}  // namespace weir::jobmanager
