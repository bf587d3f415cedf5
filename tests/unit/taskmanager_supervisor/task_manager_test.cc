// The supervisor under a manual event loop, with a fake JobManager and fake worker processes.
#include "taskmanager/supervisor/task_manager.h"

#include <gtest/gtest.h>

#include "common/content_hash.h"
#include "common/file_system.h"
#include "common/manual_clock.h"
#include "common/manual_event_loop.h"
#include "common/temporary_directory.h"
#include "proto/conversion/status_conversion.h"
#include "proto/session.pb.h"
#include "tests/unit/taskmanager_supervisor/fake_job_manager_client.h"

namespace weir::supervisor {
namespace {

struct FakeProcess {
  WorkerLaunch launch;
  std::function<void(WorkerEnd)> on_end;
  bool terminated = false;
  bool killed = false;
  std::vector<RunningStep> running;
};

class FakeRunningWorker final : public RunningWorker {
 public:
  explicit FakeRunningWorker(std::shared_ptr<FakeProcess> process) : process_(std::move(process)) {}
  std::int32_t process_id() const override { return 4711; }
  void Terminate() override { process_->terminated = true; }
  void Kill() override { process_->killed = true; }
  std::vector<RunningStep> RunningSteps() const override { return process_->running; }
  Result<WorkerResources> Resources() const override {
    return WorkerResources{.resident_bytes = 1 << 20};
  }

 private:
  const std::shared_ptr<FakeProcess> process_;
};

class FakeLauncher final : public WorkerLauncher {
 public:
  Result<std::unique_ptr<RunningWorker>> Launch(const WorkerLaunch& launch,
                                                std::function<void(WorkerEnd)> on_end) override {
    if (!failure.ok()) return failure;
    processes.push_back(std::make_shared<FakeProcess>());
    processes.back()->launch = launch;
    processes.back()->on_end = std::move(on_end);
    return std::unique_ptr<RunningWorker>(std::make_unique<FakeRunningWorker>(processes.back()));
  }
  std::vector<std::uint32_t> abi_numbers() const override { return {1}; }

  std::vector<std::shared_ptr<FakeProcess>> processes;
  Status failure;
};

class TaskManagerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = TemporaryDirectory::Create();
    ASSERT_TRUE(directory.ok());
    directory_.emplace(std::move(*directory));
    cache_.emplace(directory_->path() + "/plugins", LocalFileSystem(), client_);
    client_.blobs[hash_] = blob_;
    manager_.emplace(TaskManagerOptions{.task_manager_id = "tm-1",
                                        .cluster_id = "default",
                                        .host = "10.0.0.7",
                                        .data_port = 5000,
                                        .slot_count = 2,
                                        .process_id = 4711,
                                        .stuck_threshold_ms = 10'000},
                     TaskManagerWorld{.loop = loop_,
                                      .clock = clock_,
                                      .client = client_,
                                      .launcher = launcher_,
                                      .plugins = *cache_,
                                      .blocking = loop_},
                     [this](const Status& status) { fatal_ = status; });
    manager_->Start();
    loop_.RunUntilIdle();
  }

  session::TaskManagerPeer& peer() { return *client_.task_managers.back(); }

  void Say(proto::TaskManagerCommand command, const std::string& leader = "leader-1") {
    command.mutable_leader()->set_id(leader);
    peer().Say(std::move(command));
    loop_.RunUntilIdle();
  }

  void Welcome(const std::string& leader = "leader-1") {
    proto::TaskManagerCommand command;
    command.mutable_welcome()->set_heartbeat_interval_ms(10'000);
    command.mutable_welcome()->set_heartbeat_timeout_ms(50'000);
    Say(std::move(command), leader);
  }

  void StartWorker(const std::string& worker_id) {
    proto::TaskManagerCommand command;
    proto::StartWorker* const start = command.mutable_start_worker();
    start->set_worker_id(worker_id);
    start->set_job_id("job");
    start->set_job_epoch(3);
    start->mutable_plugin()->set_content_hash(hash_);
    start->mutable_plugin()->set_size_bytes(blob_.size());
    start->mutable_plugin()->set_abi_number(1);
    Say(std::move(command));
  }

  void StopWorker(const std::string& worker_id, std::int64_t grace_ms) {
    proto::TaskManagerCommand command;
    command.mutable_stop_worker()->set_worker_id(worker_id);
    command.mutable_stop_worker()->set_grace_ms(grace_ms);
    Say(std::move(command));
  }

  // Events of one kind that the JobManager got on the current stream.
  std::vector<proto::TaskManagerEvent> Events(proto::TaskManagerEvent::EventCase kind) {
    std::vector<proto::TaskManagerEvent> found;
    for (const auto& event : peer().events) {
      if (event.event_case() == kind) found.push_back(event);
    }
    return found;
  }

  void End(std::size_t process, WorkerEnd end) {
    launcher_.processes[process]->on_end(std::move(end));
    loop_.RunUntilIdle();
  }

  using Kind = proto::TaskManagerEvent::EventCase;
  const std::string blob_ = "the bytes of a plugin";
  const std::string hash_ = ContentHash(blob_);
  ManualClock clock_;
  ManualEventLoop loop_{clock_};
  session::FakeJobManagerClient client_;
  FakeLauncher launcher_;
  std::optional<TemporaryDirectory> directory_;
  std::optional<PluginCache> cache_;
  std::optional<Status> fatal_;
  std::optional<TaskManager> manager_;
};

TEST_F(TaskManagerTest, SaysWhoItIsAndIsRegistered) {
  ASSERT_EQ(peer().events.size(), 1u);
  const proto::TaskManagerHello& hello = peer().events[0].hello();
  EXPECT_EQ(hello.task_manager_id(), "tm-1");
  EXPECT_EQ(hello.host(), "10.0.0.7");
  EXPECT_EQ(hello.data_port(), 5000u);
  EXPECT_EQ(hello.slot_count(), 2u);
  EXPECT_EQ(hello.process_id(), 4711);
  EXPECT_EQ(hello.hello().cluster_id(), "default");
  ASSERT_EQ(hello.abi_numbers_size(), 1);
  EXPECT_FALSE(manager_->registered());
  Welcome();
  EXPECT_TRUE(manager_->registered());
}

TEST_F(TaskManagerTest, DialsAgainUntilTheJobManagerIsThere) {
  for (int i = 0; i < 5; ++i) {
    peer().Close(Status::Unavailable("connection refused"));
    loop_.AdvanceBy(1000);
  }
  EXPECT_EQ(client_.task_managers.size(), 6u);
  Welcome();
  EXPECT_TRUE(manager_->registered());
  EXPECT_FALSE(fatal_.has_value());
}

TEST_F(TaskManagerTest, RegistersAgainWithItsWorkersWhenTheSessionBreaks) {
  Welcome();
  StartWorker("worker-1");
  peer().Close(Status::Unavailable("reset"));
  EXPECT_FALSE(manager_->registered());
  loop_.AdvanceBy(1000);
  const proto::TaskManagerHello& hello = peer().events[0].hello();
  ASSERT_EQ(hello.workers_size(), 1);
  EXPECT_EQ(hello.workers(0).worker_id(), "worker-1");
  EXPECT_EQ(hello.workers(0).job_epoch(), 3u);
  EXPECT_EQ(hello.workers(0).leader().id(), "leader-1");
  EXPECT_FALSE(launcher_.processes[0]->terminated);
}

TEST_F(TaskManagerTest, ALeaderOlderThanOneItHasMetIsNotFollowed) {
  const auto welcome = [this](std::uint64_t epoch, const std::string& id) {
    proto::TaskManagerCommand command;
    command.mutable_leader()->set_epoch(epoch);
    command.mutable_leader()->set_id(id);
    command.mutable_welcome()->set_heartbeat_interval_ms(10'000);
    command.mutable_welcome()->set_heartbeat_timeout_ms(50'000);
    peer().Say(std::move(command));
    loop_.RunUntilIdle();
  };
  const auto redial = [this] {
    peer().Close(Status::Unavailable("reset"));
    loop_.AdvanceBy(1000);
  };
  welcome(4, "leader-4");
  ASSERT_TRUE(manager_->registered());
  redial();
  EXPECT_EQ(peer().events[0].leader().epoch(), 4u) << "an older one is to know that it is";
  welcome(3, "leader-3");
  EXPECT_FALSE(manager_->registered());
  loop_.AdvanceBy(1000);
  welcome(5, "leader-5");
  EXPECT_TRUE(manager_->registered());
  // One without a metadata store has no order.
  redial();
  welcome(0, "leader-without-store");
  EXPECT_TRUE(manager_->registered());
  EXPECT_FALSE(fatal_.has_value());
}

TEST_F(TaskManagerTest, ASilentJobManagerIsDialledAgain) {
  Welcome();
  const std::size_t before = client_.task_managers.size();
  loop_.AdvanceBy(49'000);
  EXPECT_EQ(client_.task_managers.size(), before);
  EXPECT_GE(Events(Kind::kHeartbeat).size(), 4u);
  loop_.AdvanceBy(20'000);
  EXPECT_GT(client_.task_managers.size(), before);
}

// Its machine has died after the hello: no stream ends.
TEST_F(TaskManagerTest, AJobManagerThatDoesNotAnswerTheHelloIsDialledAgain) {
  loop_.AdvanceBy(9'999);
  EXPECT_EQ(client_.task_managers.size(), 1u);
  loop_.AdvanceBy(1'000);
  EXPECT_EQ(client_.task_managers.size(), 2u);
  Welcome();
  EXPECT_TRUE(manager_->registered());
  loop_.AdvanceBy(30'000);
  EXPECT_EQ(client_.task_managers.size(), 2u);
}

TEST_F(TaskManagerTest, AFinalRefusalIsFatalAndNamesTheReason) {
  proto::TaskManagerCommand command;
  *command.mutable_rejected()->mutable_error() =
      proto::ErrorFromStatus(Status::InvalidArgument("cluster 'a' is not 'b'"));
  command.mutable_rejected()->set_final(true);
  Say(std::move(command));
  ASSERT_TRUE(fatal_.has_value());
  EXPECT_NE(fatal_->message().find("cluster 'a' is not 'b'"), std::string::npos);
  EXPECT_NE(fatal_->message().find("jobmanager:6123"), std::string::npos);
  loop_.AdvanceBy(10'000);
  EXPECT_EQ(client_.task_managers.size(), 1u);
}

TEST_F(TaskManagerTest, StartsAWorkerWithItsFetchedPlugin) {
  Welcome();
  StartWorker("worker-1");
  ASSERT_EQ(launcher_.processes.size(), 1u);
  const WorkerLaunch& launch = launcher_.processes[0]->launch;
  EXPECT_EQ(LocalFileSystem().ReadFile(launch.plugin_path).value(), blob_);
  EXPECT_EQ(launch.leader_id, "leader-1");
  const auto started = Events(Kind::kWorkerStarted);
  ASSERT_EQ(started.size(), 1u);
  EXPECT_EQ(started[0].worker_started().process_id(), 4711);
  EXPECT_EQ(started[0].worker_started().error().code(), 0u);
  EXPECT_EQ(started[0].leader().id(), "leader-1");
  StartWorker("worker-2");
  EXPECT_EQ(client_.fetches, 1) << "the second worker finds the plugin in the cache";
}

TEST_F(TaskManagerTest, APluginThatCannotBeFetchedIsReported) {
  Welcome();
  client_.blobs.clear();
  StartWorker("worker-1");
  const auto started = Events(Kind::kWorkerStarted);
  ASSERT_EQ(started.size(), 1u);
  EXPECT_NE(started[0].worker_started().error().message().find("no blob"), std::string::npos);
  EXPECT_EQ(manager_->worker_count(), 0u);
}

TEST_F(TaskManagerTest, ADamagedPluginIsNotStarted) {
  Welcome();
  client_.blobs[hash_] = "the bytes of a plagin";
  StartWorker("worker-1");
  EXPECT_TRUE(launcher_.processes.empty());
  EXPECT_NE(Events(Kind::kWorkerStarted)[0].worker_started().error().message().find("has the hash"),
            std::string::npos);
}

TEST_F(TaskManagerTest, AWorkerThatCannotBeLaunchedIsReported) {
  Welcome();
  launcher_.failure = Status::IoError("no more processes");
  StartWorker("worker-1");
  EXPECT_NE(
      Events(Kind::kWorkerStarted)[0].worker_started().error().message().find("no more processes"),
      std::string::npos);
  EXPECT_EQ(manager_->worker_count(), 0u);
}

TEST_F(TaskManagerTest, ACrashIsReportedWithWhatWasRunning) {
  Welcome();
  StartWorker("worker-1");
  End(0, {.reason = "killed by signal 11 (SIGSEGV)",
          .exit_status = -1,
          .signal = 11,
          .last_output = "boom",
          .running = {{.slot = 1,
                       .vertex = 2,
                       .subtask = 3,
                       .attempt = 1,
                       .operator_index = 4,
                       .running_ms = 5}}});
  const auto exited = Events(Kind::kWorkerExited);
  ASSERT_EQ(exited.size(), 1u);
  const proto::WorkerExited& exit = exited[0].worker_exited();
  EXPECT_EQ(exit.reason(), "killed by signal 11 (SIGSEGV)");
  EXPECT_FALSE(exit.requested());
  EXPECT_EQ(exit.last_output(), "boom");
  ASSERT_EQ(exit.running_size(), 1);
  EXPECT_EQ(exit.running(0).operator_index(), 4u);
  EXPECT_EQ(manager_->worker_count(), 0u);
}

TEST_F(TaskManagerTest, StoppingIsBoundedByTheGracePeriod) {
  Welcome();
  StartWorker("worker-1");
  StopWorker("worker-1", 5'000);
  EXPECT_TRUE(launcher_.processes[0]->terminated);
  loop_.AdvanceBy(4'999);
  EXPECT_FALSE(launcher_.processes[0]->killed);
  loop_.AdvanceBy(1);
  EXPECT_TRUE(launcher_.processes[0]->killed);
  End(0, {.reason = "killed by signal 9 (SIGKILL)", .signal = 9});
  EXPECT_TRUE(Events(Kind::kWorkerExited)[0].worker_exited().requested());
}

// The hello named it, and nothing can be sent before the welcome.
TEST_F(TaskManagerTest, AStopOfAWorkerThatEndedBeforeTheWelcomeIsAnswered) {
  Welcome();
  StartWorker("worker-1");
  peer().Close(Status::Unavailable("reset"));
  loop_.AdvanceBy(1'000);
  ASSERT_EQ(peer().events[0].hello().workers_size(), 1);
  End(0, {.reason = "exited with code 1", .exit_status = 1});
  Welcome();
  ASSERT_TRUE(Events(Kind::kWorkerExited).empty());
  StopWorker("worker-1", 0);
  const auto exited = Events(Kind::kWorkerExited);
  ASSERT_EQ(exited.size(), 1u);
  EXPECT_EQ(exited[0].worker_exited().worker_id(), "worker-1");
  EXPECT_TRUE(exited[0].worker_exited().requested());
  EXPECT_EQ(exited[0].worker_exited().reason(), "is not here (any more)");
}

TEST_F(TaskManagerTest, WithoutGraceAWorkerIsKilledAtOnce) {
  Welcome();
  StartWorker("worker-1");
  StopWorker("worker-1", 0);
  EXPECT_TRUE(launcher_.processes[0]->killed);
}

TEST_F(TaskManagerTest, CommandsOfAnotherLeaderSessionAreDropped) {
  Welcome();
  StartWorker("worker-1");
  proto::TaskManagerCommand command;
  command.mutable_stop_worker()->set_worker_id("worker-1");
  Say(std::move(command), "leader-0");
  EXPECT_FALSE(launcher_.processes[0]->killed);
}

TEST_F(TaskManagerTest, AStuckStepIsNamedWhileItLastsAndOnceMoreWhenItIsOver) {
  Welcome();
  StartWorker("worker-1");
  launcher_.processes[0]->running = {{.slot = 0, .vertex = 1, .subtask = 2, .running_ms = 10'001}};
  loop_.AdvanceBy(1'000);
  ASSERT_EQ(Events(Kind::kStuckStep).size(), 1u);
  EXPECT_EQ(Events(Kind::kStuckStep)[0].stuck_step().step().running_ms(), 10'001);
  launcher_.processes[0]->running = {{.slot = 0, .vertex = 1, .subtask = 2, .running_ms = 3}};
  loop_.AdvanceBy(1'000);
  ASSERT_EQ(Events(Kind::kStuckStep).size(), 2u);
  EXPECT_EQ(Events(Kind::kStuckStep)[1].stuck_step().step().running_ms(), 0);
  loop_.AdvanceBy(1'000);
  EXPECT_EQ(Events(Kind::kStuckStep).size(), 2u);
}

TEST_F(TaskManagerTest, StatisticsWaitForWhatIsQueued) {
  Welcome();
  const std::size_t before = Events(Kind::kStatistics).size();
  peer().queued = 1;
  loop_.AdvanceBy(5'000);
  EXPECT_EQ(Events(Kind::kStatistics).size(), before);
  peer().queued = 0;
  loop_.AdvanceBy(1'000);
  EXPECT_EQ(Events(Kind::kStatistics).size(), before + 1);
}

TEST_F(TaskManagerTest, StopsWhenAllWorkersHaveEnded) {
  Welcome();
  StartWorker("worker-1");
  StartWorker("worker-2");
  bool stopped = false;
  manager_->Stop(1'000, [&] { stopped = true; });
  peer().Close(Status::Unavailable("it leaves"));
  End(0, {.reason = "exited with code 0"});
  EXPECT_FALSE(stopped);
  End(1, {.reason = "exited with code 0"});
  EXPECT_TRUE(stopped);
  EXPECT_FALSE(peer().open);
}

TEST_F(TaskManagerTest, SaysThatItLeavesBeforeItEndsItsWorkersAndDialsNoMore) {
  Welcome();
  StartWorker("worker-1");
  manager_->Stop(1'000, [] {});
  ASSERT_EQ(Events(Kind::kLeaving).size(), 1u);
  EXPECT_EQ(Events(Kind::kLeaving)[0].leaving().reason(), "it was asked to stop");
  EXPECT_EQ(Events(Kind::kLeaving)[0].leader().id(), "leader-1");
  EXPECT_TRUE(launcher_.processes[0]->terminated);
  StartWorker("worker-2");
  EXPECT_EQ(launcher_.processes.size(), 1u);
  peer().Close(Status::Unavailable("it leaves"));
  loop_.AdvanceBy(500);
  EXPECT_EQ(client_.task_managers.size(), 1u);
  EXPECT_FALSE(manager_->registered());
}

TEST_F(TaskManagerTest, SaysThatItHasLeftWhenTheLastWorkerHasEnded) {
  Welcome();
  StartWorker("worker-1");
  StartWorker("worker-2");
  bool stopped = false;
  manager_->Stop(1'000, [&] { stopped = true; });
  End(0, {.reason = "exited with code 0"});
  EXPECT_TRUE(Events(Kind::kLeft).empty());
  End(1, {.reason = "exited with code 0"});
  ASSERT_EQ(Events(Kind::kLeft).size(), 1u);
  EXPECT_EQ(Events(Kind::kLeft)[0].leader().id(), "leader-1");
  EXPECT_TRUE(peer().events.back().has_left());
  EXPECT_FALSE(stopped) << "the JobManager has not stored it";
  peer().Close(Status::Unavailable("it has left"));
  EXPECT_TRUE(stopped);
  EXPECT_FALSE(peer().open);
}

// As one of an earlier version does when it hears that a TaskManager leaves.
TEST_F(TaskManagerTest, AJobManagerThatEndsTheSessionEarlyIsToldNothingMore) {
  Welcome();
  StartWorker("worker-1");
  bool stopped = false;
  manager_->Stop(1'000, [&] { stopped = true; });
  const std::size_t said = peer().events.size();
  peer().Close(Status::Unavailable("it leaves"));
  EXPECT_FALSE(stopped);
  End(0, {.reason = "exited with code 0"});
  EXPECT_TRUE(stopped);
  EXPECT_EQ(peer().events.size(), said);
  EXPECT_EQ(client_.task_managers.size(), 1u);
}

TEST_F(TaskManagerTest, AJobManagerThatDoesNotAnswerHoldsItsStopUpForASecond) {
  Welcome();
  bool stopped = false;
  manager_->Stop(1'000, [&] { stopped = true; });
  loop_.AdvanceBy(999);
  EXPECT_FALSE(stopped);
  loop_.AdvanceBy(1);
  EXPECT_TRUE(stopped);
}

TEST_F(TaskManagerTest, StopsAtOnceWhileTheJobManagerIsAway) {
  peer().Close(Status::Unavailable("connection refused"));
  bool stopped = false;
  manager_->Stop(1'000, [&] { stopped = true; });
  EXPECT_TRUE(stopped);
  loop_.AdvanceBy(20'000);
  EXPECT_EQ(client_.task_managers.size(), 1u);
}

}  // namespace
}  // namespace weir::supervisor
