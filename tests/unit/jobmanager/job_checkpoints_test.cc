// Checkpoints of a job on a simulated cluster: taken, completed, restored, let go.
#include "jobmanager/job/job_checkpoints.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/manual_clock.h"
#include "common/manual_event_loop.h"
#include "common/temporary_directory.h"
#include "common/text.h"
#include "jobmanager/checkpoint/checkpoint_metadata.h"
#include "jobmanager/ha/metadata_store.h"
#include "proto/conversion/status_conversion.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = proto::WorkerCommand;

constexpr std::int64_t kIntervalMs = 1'000;

class JobCheckpointsTest : public testing::Test {
 protected:
  JobCheckpointsTest() {
    cluster_.on_worker_command = [this](SimulatedWorker& worker,
                                        const proto::WorkerCommand& command) {
      return React(worker, command);
    };
  }

  std::string Directory() const { return directory_.path() + "/checkpoints"; }
  std::map<std::string, std::string> Settings(std::map<std::string, std::string> more = {}) const {
    more.emplace("execution.checkpointing.interval", "1 s");
    more.emplace("execution.checkpointing.dir", Directory());
    return more;
  }

  // Two TaskManagers with two slots; the job runs.
  JobMaster& RunJob(const std::map<std::string, std::string>& settings,
                    bool with_coordinator = true) {
    if (cluster_.task_managers().empty()) {
      cluster_.AddTaskManager("tm-1", 4);
      cluster_.AddTaskManager("tm-2", 4);
      cluster_.Run();
    }
    JobMaster& job = cluster_.Submit(ChainGraph({2, 4}, with_coordinator), settings);
    cluster_.Run();
    EXPECT_EQ(job.phase(), JobPhase::kExecuting);
    return job;
  }

  // What workers do with checkpoints: the barrier reaches every task at once.
  bool React(SimulatedWorker& worker, const proto::WorkerCommand& command) {
    if (command.has_snapshot_coordinators()) {
      proto::WorkerEvent event;
      auto* const answer = event.mutable_coordinators_snapshotted();
      answer->set_checkpoint_id(command.snapshot_coordinators().checkpoint_id());
      proto::CoordinatorState* const state = answer->add_states();
      state->set_operator_id(Concat(std::string(28, 'a'), 1000));
      state->set_state(Concat("splits-", command.snapshot_coordinators().checkpoint_id()));
      cluster_.Send(worker, std::move(event));
      return true;
    }
    if (!command.has_trigger_checkpoint()) return false;
    const std::uint64_t id = command.trigger_checkpoint().checkpoint_id();
    if (!acknowledge_ || !acknowledged_.insert(id).second) return true;
    for (const auto& each : cluster_.WorkersOf(worker.start.job_id())) {
      for (const auto& [key, attempt] : each->tasks)
        cluster_.SendAcknowledged(*each, key, attempt, id);
    }
    return true;
  }

  std::vector<proto::WorkerCommand> Commands(const std::string& job_id, proto::WorkerRole role,
                                             Kind::CommandCase kind) {
    std::vector<proto::WorkerCommand> found;
    for (const auto& worker : cluster_.WorkersOf(job_id, role)) {
      for (const proto::WorkerCommand& command : worker->commands) {
        if (command.command_case() == kind) found.push_back(command);
      }
    }
    return found;
  }

  // What the newest deployment tells the task to restore.
  proto::TaskRestore RestoreOf(const std::string& job_id, std::uint32_t vertex,
                               std::uint32_t subtask) {
    proto::TaskRestore restore;
    std::uint64_t newest = 0;
    for (const auto& command : Commands(job_id, proto::WORKER, Kind::kDeployTasks)) {
      for (const proto::TaskDeployment& task : command.deploy_tasks().tasks()) {
        const bool is_it = task.vertex() == vertex && task.subtask() == subtask;
        if (!is_it || command.deploy_tasks().deployment_id() < newest) continue;
        newest = command.deploy_tasks().deployment_id();
        restore = task.restore();
      }
    }
    return restore;
  }

  std::vector<std::string> CheckpointFolders(const std::string& job_id) {
    std::vector<std::string> names;
    const auto listed = LocalFileSystem().List(Directory() + "/" + job_id);
    if (!listed.ok()) return names;
    for (const std::string& name : *listed) {
      if (name.starts_with("chk-")) names.push_back(name);
    }
    return names;
  }

  TemporaryDirectory directory_ = *TemporaryDirectory::Create("weir-job-checkpoints-test-");
  SimulatedCluster cluster_;
  bool acknowledge_ = true;
  std::set<std::uint64_t> acknowledged_;
};

TEST_F(JobCheckpointsTest, TakesOneEachInterval) {
  JobMaster& job = RunJob(Settings());
  const std::string id = job.job_id();
  cluster_.Run(kIntervalMs - 1);
  EXPECT_THAT(CheckpointFolders(id), IsEmpty());
  cluster_.Run(1);
  EXPECT_THAT(CheckpointFolders(id), ElementsAre("chk-1"));
  const Result<proto::CheckpointMetadata> metadata =
      ReadCheckpointMetadata(LocalFileSystem(), Directory() + "/" + id + "/chk-1/_metadata");
  ASSERT_TRUE(metadata.ok()) << metadata.status().ToString();
  EXPECT_EQ(metadata->job_id(), id);
  EXPECT_EQ(metadata->vertices(1).subtasks(3).handles(0).inline_(), "1:1/3");
  EXPECT_EQ(metadata->coordinators(0).state(), "splits-1");
  // Triggers go to the sources alone, completion to everybody.
  for (const auto& command : Commands(id, proto::WORKER, Kind::kTriggerCheckpoint)) {
    for (const auto& task : command.trigger_checkpoint().tasks()) EXPECT_EQ(task.vertex(), 0u);
  }
  EXPECT_EQ(Commands(id, proto::WORKER, Kind::kCheckpointCompleted).size(), 2u);
  EXPECT_EQ(Commands(id, proto::COORDINATOR, Kind::kCheckpointCompleted).size(), 1u);
  cluster_.Run(kIntervalMs);
  EXPECT_THAT(CheckpointFolders(id), ElementsAre("chk-2"));
  EXPECT_EQ(job.checkpoints()->statistics().counts().completed, 2u);
  EXPECT_TRUE(job.checkpoints()->statistics().Find(1)->discarded);
  EXPECT_EQ(job.dropped_messages(), 0u);
}

TEST_F(JobCheckpointsTest, ARestartBeginsAtTheLatestCompletedCheckpoint) {
  JobMaster& job = RunJob(Settings());
  const std::string id = job.job_id();
  cluster_.Run(2 * kIntervalMs);
  // The third one is under way when the worker dies.
  acknowledge_ = false;
  cluster_.Run(kIntervalMs);
  cluster_.EndWorker(cluster_.WorkersOf(id)[0], 9);
  cluster_.Run();
  ASSERT_EQ(job.phase(), JobPhase::kExecuting) << "a lost process is answered at once";
  EXPECT_EQ(job.restarts(), 1);
  EXPECT_EQ(RestoreOf(id, 1, 2).checkpoint_id(), 2u);
  EXPECT_EQ(RestoreOf(id, 1, 2).sources(0).handles(0).inline_(), "2:1/2");
  const auto starts = Commands(id, proto::COORDINATOR, Kind::kStartCoordinators);
  ASSERT_FALSE(starts.empty());
  const proto::CoordinatorStart& start = starts.back().start_coordinators().coordinators(0);
  EXPECT_EQ(start.restore().checkpoint_id(), 2u);
  EXPECT_EQ(start.restore().state(), "splits-2");
  EXPECT_THAT(CheckpointFolders(id), ElementsAre("chk-2")) << "the third was given up";
  EXPECT_EQ(job.checkpoints()->statistics().counts().failed, 1u);
  EXPECT_EQ(job.checkpoints()->statistics().counts().restored, 1u);
  // An acknowledgement of the attempt before is dropped.
  const std::uint64_t dropped = job.dropped_messages();
  cluster_.SendAcknowledged(*cluster_.WorkersOf(id)[0], {0, 0}, 0, 3);
  cluster_.Run();
  EXPECT_EQ(job.dropped_messages(), dropped + 1);
  acknowledge_ = true;
  cluster_.Run(kIntervalMs);
  EXPECT_THAT(CheckpointFolders(id), ElementsAre("chk-4"));
}

TEST_F(JobCheckpointsTest, AnUnreadableCheckpointIsPassedOver) {
  JobMaster& job = RunJob(Settings({{"execution.checkpointing.num-retained", "2"},
                                    {"restart-strategy.type", "fixed-delay"},
                                    {"restart-strategy.fixed-delay.attempts", "10"},
                                    {"restart-strategy.fixed-delay.delay", "10 ms"}}));
  const std::string id = job.job_id();
  cluster_.Run(2 * kIntervalMs);
  EXPECT_THAT(CheckpointFolders(id), ElementsAre("chk-1", "chk-2"));
  const auto worker = cluster_.WorkersOf(id)[0];
  const auto [key, attempt] = *worker->tasks.begin();
  proto::WorkerEvent event;
  proto::TaskStateChange* const change = event.mutable_task_state();
  change->mutable_task()->set_vertex(key.first);
  change->mutable_task()->set_subtask(key.second);
  change->mutable_task()->set_attempt(attempt);
  change->set_state(proto::TASK_FAILED);
  change->mutable_failure()->set_restore_failed(true);
  *change->mutable_failure()->mutable_error() =
      proto::ErrorFromStatus(Status::Corruption("chk-2/x: checksum"));
  // Not restored from anything: nothing to pass over.
  worker->tasks.erase(key);
  cluster_.Send(*worker, event);
  cluster_.Run(10);
  EXPECT_EQ(RestoreOf(id, 0, 0).checkpoint_id(), 2u);
  const auto again = cluster_.WorkersOf(id)[0];
  change->mutable_task()->set_attempt(1);
  again->tasks.erase(key);
  cluster_.Send(*again, event);
  cluster_.Run(10);
  EXPECT_EQ(RestoreOf(id, 0, 0).checkpoint_id(), 1u);
  // A worker that does not find a file may have no way to it: that condemns no checkpoint.
  const auto third = cluster_.WorkersOf(id)[0];
  change->mutable_task()->set_attempt(2);
  *change->mutable_failure()->mutable_error() =
      proto::ErrorFromStatus(Status(StatusCode::kNotFound, "chk-1/x", ErrorDomain::kExternal));
  third->tasks.erase(key);
  cluster_.Send(*third, event);
  cluster_.Run(10);
  EXPECT_EQ(RestoreOf(id, 0, 0).checkpoint_id(), 1u);
  EXPECT_EQ(job.phase(), JobPhase::kExecuting);
  // The last one is damaged too: no restart would cure that, and nothing is removed.
  const auto fourth = cluster_.WorkersOf(id)[0];
  change->mutable_task()->set_attempt(3);
  *change->mutable_failure()->mutable_error() =
      proto::ErrorFromStatus(Status::Corruption("chk-1/x: checksum"));
  fourth->tasks.erase(key);
  cluster_.Send(*fourth, event);
  cluster_.Run(1000);
  EXPECT_EQ(cluster_.StateOf(id), "FAILED");
  EXPECT_THAT(CheckpointFolders(id), ElementsAre("chk-1", "chk-2"));
}

TEST_F(JobCheckpointsTest, AJobThatFailsBeforeItGotAnywhereKeepsItsCheckpoints) {
  const auto left_after_failure = [&](bool checkpoint_after_restore) {
    acknowledged_.clear();
    acknowledge_ = true;
    const std::string id = RunJob(Settings({{"restart-strategy.type", "fixed-delay"},
                                            {"restart-strategy.fixed-delay.attempts", "1"},
                                            {"restart-strategy.fixed-delay.delay", "10 ms"}}))
                               .job_id();
    cluster_.Run(kIntervalMs);
    acknowledge_ = checkpoint_after_restore;
    for (int i = 0; i < 2; ++i) {
      cluster_.EndWorker(cluster_.WorkersOf(id)[0], 9);
      cluster_.Run(10);
      if (i == 0) cluster_.Run(kIntervalMs);
    }
    cluster_.Run(10'000);
    EXPECT_EQ(cluster_.StateOf(id), "FAILED");
    return CheckpointFolders(id);
  };
  EXPECT_THAT(left_after_failure(false), ElementsAre("chk-1"));
  EXPECT_THAT(left_after_failure(true), IsEmpty()) << "the setting says that nothing is kept";
}

TEST(JobCheckpointStoreTest, AJobThatIsTakenOverNeverStartsAfreshForWantOfItsStorage) {
  const TemporaryDirectory directory = *TemporaryDirectory::Create("weir-lost-storage-");
  ManualClock clock;
  ManualEventLoop loop(clock);
  const auto open = [&](JobCheckpointStore& store) {
    StatusCode code = StatusCode::kInternal;
    store.Open([&](const Result<std::uint64_t>& next) { code = next.status().code(); });
    loop.RunUntilIdle();
    return code;
  };
  const CheckpointServices services{.blocking = loop,
                                    .files = LocalFileSystem(),
                                    .metadata = ha::NoMetadataStore(),
                                    .cluster_id = "c"};
  const CheckpointConfiguration configuration{.policy = {}, .directory = directory.path()};
  const CheckpointOwner owner{
      .cluster_id = "c", .job_id = "j", .job_epoch = 2, .leader_session = "s"};
  JobCheckpointStore store(loop, services, {.configuration = configuration}, owner);
  EXPECT_EQ(open(store), StatusCode::kUnavailable) << "its folder is gone";
  JobCheckpointStore knowing(loop, services, {.configuration = configuration, .known = {7}}, owner);
  ASSERT_TRUE(LocalFileSystem().CreateDirectories(directory.path() + "/j").ok());
  EXPECT_EQ(open(knowing), StatusCode::kUnavailable) << "checkpoint 7 is gone";
  EXPECT_EQ(open(store), StatusCode::kOk) << "what was wrong has passed";
  EXPECT_EQ(open(store), StatusCode::kOk);
}

TEST_F(JobCheckpointsTest, TheEndOfTheJobKeepsWhatTheSettingSays) {
  const auto left_after = [&](const std::string& retention, bool cancel) {
    acknowledged_.clear();
    JobMaster& job = RunJob(
        Settings({{"execution.checkpointing.externalized-checkpoint-retention", retention}}));
    const std::string id = job.job_id();
    cluster_.Run(kIntervalMs);
    EXPECT_THAT(CheckpointFolders(id), ElementsAre("chk-1"));
    if (cancel) {
      EXPECT_TRUE(job.Cancel().ok());
    } else {
      cluster_.FinishTasks(id);
    }
    cluster_.Run();
    EXPECT_EQ(cluster_.StateOf(id), cancel ? "CANCELED" : "FINISHED");
    EXPECT_EQ(cluster_.job(id), nullptr);
    return CheckpointFolders(id);
  };
  EXPECT_THAT(left_after("NO_EXTERNALIZED_CHECKPOINTS", true), IsEmpty());
  EXPECT_THAT(left_after("DELETE_ON_CANCELLATION", true), IsEmpty());
  EXPECT_THAT(left_after("RETAIN_ON_CANCELLATION", true), ElementsAre("chk-1"));
  EXPECT_THAT(left_after("RETAIN_ON_CANCELLATION", false), IsEmpty());
}

TEST_F(JobCheckpointsTest, MoreFailuresThanToleratedFailTheJobAndItRestarts) {
  JobMaster& job =
      RunJob(Settings({{"execution.checkpointing.timeout", "100 ms"},
                       {"execution.checkpointing.tolerable-failed-checkpoints", "1"}}));
  acknowledge_ = false;
  cluster_.Run(kIntervalMs + 100);
  EXPECT_EQ(job.restarts(), 0);
  cluster_.Run(kIntervalMs);
  EXPECT_EQ(job.state(), JobState::kRestarting);
  EXPECT_THAT(cluster_.ExceptionsOf(job.job_id()),
              ElementsAre(AllOf(HasSubstr("2 in a row"), HasSubstr("took longer than 100 ms"),
                                HasSubstr("waits for 6 tasks, 'v0 (1/2)' among them"))));
}

TEST_F(JobCheckpointsTest, TheRestGoesOnWhenSomeHaveFinishedAndFinishedOnesStaySo) {
  JobMaster& job = RunJob(Settings(), false);
  const std::string id = job.job_id();
  for (const auto& worker : cluster_.WorkersOf(id)) {
    const RunningTasks tasks = worker->tasks;
    for (const auto& [key, attempt] : tasks) {
      if (key.first != 0) continue;
      worker->tasks.erase(key);
      cluster_.SendTaskState(*worker, key.first, key.second, attempt, proto::TASK_FINISHED);
    }
  }
  cluster_.Run(kIntervalMs);
  EXPECT_THAT(CheckpointFolders(id), ElementsAre("chk-1"));
  for (const auto& command : Commands(id, proto::WORKER, Kind::kTriggerCheckpoint)) {
    for (const auto& task : command.trigger_checkpoint().tasks()) EXPECT_EQ(task.vertex(), 1u);
  }
  cluster_.EndWorker(cluster_.WorkersOf(id)[0], 9);
  cluster_.Run();
  ASSERT_EQ(job.phase(), JobPhase::kExecuting);
  EXPECT_TRUE(RestoreOf(id, 0, 1).finished());
  EXPECT_FALSE(RestoreOf(id, 1, 1).finished());
  EXPECT_EQ(RestoreOf(id, 1, 1).sources(0).handles(0).inline_(), "1:1/1");
  // They run now, for their neighbours, and acknowledge.
  cluster_.Run(kIntervalMs);
  EXPECT_THAT(CheckpointFolders(id), ElementsAre("chk-2"));
  cluster_.EndWorker(cluster_.WorkersOf(id)[0], 9);
  cluster_.Run(2 * kIntervalMs);  // the second restart has a pause
  ASSERT_EQ(job.phase(), JobPhase::kExecuting);
  EXPECT_TRUE(RestoreOf(id, 0, 1).finished());
  EXPECT_FALSE(RestoreOf(id, 1, 1).finished());
  EXPECT_EQ(RestoreOf(id, 1, 1).sources(0).handles(0).inline_(), "2:1/1");
}

TEST_F(JobCheckpointsTest, ATaskThatEndsGetsItsCheckpointAtOnce) {
  JobMaster& job = RunJob(Settings({{"execution.checkpointing.interval", "1 h"}}));
  const auto worker = cluster_.WorkersOf(job.job_id())[0];
  proto::WorkerEvent event;
  event.mutable_checkpoint_requested()->mutable_task()->set_vertex(1);
  cluster_.Send(*worker, std::move(event));
  cluster_.Run();
  EXPECT_THAT(CheckpointFolders(job.job_id()), ElementsAre("chk-1"));
}

TEST_F(JobCheckpointsTest, ByHand) {
  JobMaster& job = RunJob(Settings({{"execution.checkpointing.interval", "1 h"}}));
  std::vector<Result<CheckpointOutcome>> outcomes;
  job.TriggerCheckpoint([&](auto outcome) { outcomes.push_back(std::move(outcome)); });
  cluster_.Run();
  ASSERT_EQ(outcomes.size(), 1u);
  ASSERT_TRUE(outcomes[0].ok()) << outcomes[0].status().ToString();
  EXPECT_EQ(outcomes[0]->path, Directory() + "/" + job.job_id() + "/chk-1");
  JobMaster& without = cluster_.Submit(ChainGraph({1}));
  cluster_.Run();
  without.TriggerCheckpoint([&](auto outcome) { outcomes.push_back(std::move(outcome)); });
  EXPECT_THAT(outcomes.back().status().message(),
              HasSubstr("execution.checkpointing.interval is not set"));
}

TEST_F(JobCheckpointsTest, AnotherJobStartsFromARetainedCheckpoint) {
  JobMaster& first = RunJob(Settings(
      {{"execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION"}}));
  const std::string first_id = first.job_id();
  cluster_.Run(kIntervalMs);
  ASSERT_TRUE(first.Cancel().ok());
  cluster_.Run();
  const std::string path = Directory() + "/" + first_id + "/chk-1";

  acknowledged_.clear();
  JobSubmission submission;
  submission.job_id = std::string(32, 'b');
  submission.graph = ChainGraph({2, 4}, true);
  submission.checkpoint_start.initial_path = path;
  Configuration configuration;
  for (const auto& [key, value] : Settings()) ASSERT_TRUE(configuration.Set(key, value).ok());
  Status submitted = Status::Internal("no answer");
  cluster_.manager().Submit(submission, configuration, [&](Status status) { submitted = status; });
  cluster_.Run();
  ASSERT_TRUE(submitted.ok()) << submitted.ToString();
  JobMaster& second = *cluster_.job(submission.job_id);
  EXPECT_EQ(RestoreOf(submission.job_id, 1, 3).sources(0).handles(0).inline_(), "1:1/3");
  EXPECT_EQ(second.checkpoints()->statistics().latest_restored()->path, path);
  cluster_.Run(kIntervalMs);
  EXPECT_THAT(CheckpointFolders(submission.job_id), ElementsAre("chk-2"));
  EXPECT_THAT(CheckpointFolders(first_id), ElementsAre("chk-1")) << "it is not this job's";
}

TEST_F(JobCheckpointsTest, RefusesBeforeTheJobStarts) {
  const auto refusal = [&](const std::map<std::string, std::string>& settings,
                           const std::string& initial_path = "") {
    JobSubmission submission;
    submission.job_id = std::string(32, 'c');
    submission.graph = ChainGraph({1});
    submission.checkpoint_start.initial_path = initial_path;
    Configuration configuration;
    for (const auto& [key, value] : settings) EXPECT_TRUE(configuration.Set(key, value).ok());
    Status answer = Status::Internal("no answer");
    cluster_.manager().Submit(submission, configuration, [&](Status status) { answer = status; });
    cluster_.Run();
    EXPECT_EQ(cluster_.job(submission.job_id), nullptr);
    return answer.message();
  };
  EXPECT_THAT(refusal({{"execution.checkpointing.interval", "1 s"}}),
              HasSubstr("'execution.checkpointing.dir', the folder for checkpoints, is not"));
  const std::string unaligned = "execution.checkpointing.unaligned.enabled";
  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"execution.checkpointing.mode", "AT_LEAST_ONCE"},
           {"execution.checkpointing.max-concurrent-checkpoints", "2"}}) {
    EXPECT_THAT(refusal(Settings({{unaligned, "true"}, {key, value}})),
                AllOf(HasSubstr(unaligned), HasSubstr(key), HasSubstr(value)));
  }
  EXPECT_THAT(refusal(Settings({{"state.backend.rocksdb.compression.per.level", "GZIP"}})),
              AllOf(HasSubstr("state.backend.rocksdb.compression.per.level"), HasSubstr("'GZIP'")));
  EXPECT_THAT(refusal(Settings({{"execution.checkpointing.dir", "s3://bucket/x"}})),
              HasSubstr("s3://bucket/x"));
  // A file where the folder should be.
  std::ofstream(directory_.path() + "/file") << "x";
  EXPECT_THAT(refusal(Settings({{"execution.checkpointing.dir", directory_.path() + "/file"}})),
              HasSubstr(directory_.path() + "/file"));
  EXPECT_THAT(refusal(Settings(), directory_.path() + "/chk-9"),
              HasSubstr(directory_.path() + "/chk-9"));
}

}  // namespace
}  // namespace weir::jobmanager
