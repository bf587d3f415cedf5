// What a JobManager waits for before workers of it or of an earlier one count as gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobmanager/ha/metadata_file.h"
#include "proto/conversion/status_conversion.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TakeoverTest : public testing::Test {
 protected:
  std::string RunningJob() {
    JobMaster& job = cluster_.Submit(
        ChainGraph({1}),
        {{"restart-strategy.type", "fixed-delay"}, {"restart-strategy.fixed-delay.attempts", "3"}});
    const std::string id = job.job_id();
    cluster_.Run();
    EXPECT_EQ(job.phase(), JobPhase::kExecuting);
    return id;
  }
  std::vector<std::string> StoredTaskManagers() {
    const std::string path = cluster_.metadata_directory() + "/task-managers";
    const auto record = ha::DecodeMetadataFile(*LocalFileSystem().ReadFile(path), path);
    EXPECT_TRUE(record.ok()) << record.status().message();
    const auto& ids = record->task_managers().ids();
    return {ids.begin(), ids.end()};
  }
  // Of the `leader` file, as it is from then on.
  void ChangeLeader(const std::function<void(proto::LeaderRecord&)>& edit) {
    const std::string path = cluster_.metadata_directory() + "/leader";
    auto record = *ha::DecodeMetadataFile(*LocalFileSystem().ReadFile(path), path);
    edit(*record.mutable_leader());
    ASSERT_TRUE(LocalFileSystem().WriteFileAtomically(path, ha::EncodeMetadataFile(record)).ok());
  }
  // The process ends, and nobody says so.
  void EndUnheard(const std::shared_ptr<SimulatedWorker>& worker) {
    worker->alive = false;
    worker->tasks.clear();
    worker->task_manager->workers.erase(worker->start.worker_id());
    cluster_.BreakSession(worker);
  }
  void SayLeaving(SimulatedTaskManager& task_manager) {
    proto::TaskManagerEvent event;
    event.mutable_leaving()->set_reason("it was asked to stop");
    cluster_.Send(task_manager, std::move(event));
  }
  void SayLeft(SimulatedTaskManager& task_manager) {
    proto::TaskManagerEvent event;
    event.mutable_left();
    cluster_.Send(task_manager, std::move(event));
  }
  void TearDown() override { EXPECT_THAT(cluster_.violations(), IsEmpty()); }

  SimulatedCluster cluster_{1, {}, SimulatedCluster::Metadata::kFile};
};

TEST_F(TakeoverTest, AJobRestartsAfterAWorkerWhoseEndWasNotTold) {
  cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  const std::string id = RunningJob();
  EndUnheard(cluster_.WorkersOf(id)[0]);
  cluster_.Run(10'000);
  EXPECT_EQ(cluster_.StateOf(id), "RUNNING");
  EXPECT_THAT(cluster_.WorkersOf(id), SizeIs(1));
}

// Its plugin was on the way when the JobManager was killed.
TEST_F(TakeoverTest, AnEarlierLeadersWorkerThatIsNeverStartedIsNotWaitedFor) {
  SimulatedTaskManager& task_manager = cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  const std::string id = RunningJob();
  const auto worker = cluster_.WorkersOf(id)[0];
  cluster_.workers_redial = false;
  cluster_.on_task_manager_command = [&](SimulatedTaskManager&,
                                         const proto::TaskManagerCommand& command) {
    if (!command.has_stop_worker()) return false;
    EndUnheard(worker);
    proto::TaskManagerEvent event;
    event.mutable_worker_started()->set_worker_id(worker->start.worker_id());
    *event.mutable_worker_started()->mutable_error() =
        proto::ErrorFromStatus(Status(StatusCode::kCanceled, "stopped before it was started"));
    cluster_.Send(task_manager, std::move(event));
    return true;
  };
  cluster_.KillJobManager();
  cluster_.StartJobManager(/*reconnect=*/false);
  cluster_.Register(task_manager);
  cluster_.Run(1'000);
  EXPECT_FALSE(worker->alive);
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kExecuting);
}

TEST_F(TakeoverTest, ATaskManagerIsForgottenALeaseAfterItsLastLoss) {
  SimulatedTaskManager& task_manager = cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  cluster_.BreakSession(task_manager);
  cluster_.Run(10'000);
  cluster_.Register(task_manager);
  cluster_.Run(15'000);
  cluster_.BreakSession(task_manager);
  cluster_.Run(20'000);  // more than a lease after the first loss
  EXPECT_THAT(StoredTaskManagers(), ElementsAre("tm-1"));
  cluster_.Run(20'000);
  EXPECT_THAT(StoredTaskManagers(), IsEmpty());
}

TEST_F(TakeoverTest, ATaskManagerThatHasLeftIsNotWaitedFor) {
  cluster_.AddTaskManager("tm-1", 1);
  cluster_.AddTaskManager("tm-2", 1);
  cluster_.Run();
  const std::string id = RunningJob();
  SimulatedTaskManager& leaver = *cluster_.WorkersOf(id)[0]->task_manager;
  const std::string other = leaver.id == "tm-1" ? "tm-2" : "tm-1";
  SayLeaving(leaver);
  cluster_.Run(1'000);
  EXPECT_THAT(StoredTaskManagers(), ElementsAre("tm-1", "tm-2")) << "its workers may still run";
  leaver.alive = false;  // it does not register again
  leaver.workers.clear();
  SayLeft(leaver);
  cluster_.Run();
  EXPECT_EQ(leaver.session, nullptr) << "it waits for the end of its session";
  EXPECT_THAT(StoredTaskManagers(), ElementsAre(other));
  cluster_.KillJobManager();
  cluster_.StartJobManager();
  cluster_.Run(2'000);
  EXPECT_EQ(cluster_.StateOf(id), "RUNNING");
}

TEST_F(TakeoverTest, ATaskManagerThatDiesWhileItLeavesIsWaitedForALease) {
  SimulatedTaskManager& leaver = cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  SayLeaving(leaver);
  cluster_.Run();
  leaver.alive = false;
  cluster_.BreakSession(leaver);
  cluster_.Run(30'000);
  EXPECT_THAT(StoredTaskManagers(), ElementsAre("tm-1"));
  cluster_.Run(10'000);
  EXPECT_THAT(StoredTaskManagers(), IsEmpty());
}

// A farewell that comes late is that of the process before.
TEST_F(TakeoverTest, ANewProcessWithTheNameOfOneThatLeavesStaysKnown) {
  SimulatedTaskManager& task_manager = cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  SayLeaving(task_manager);
  cluster_.Run();
  const std::shared_ptr<TaskManagerSession> old = task_manager.session;
  cluster_.Run(100);
  cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  proto::TaskManagerEvent event;
  *event.mutable_leader() = cluster_.manager().leader();
  event.mutable_left();
  cluster_.manager().sessions().OnTaskManagerEvent(old, event);
  cluster_.Run();
  EXPECT_THAT(StoredTaskManagers(), ElementsAre("tm-1"));
  EXPECT_EQ(cluster_.manager().jobs().resources().slots().total(), 1U);
}

TEST_F(TakeoverTest, AFarewellUnannouncedIsDropped) {
  SimulatedTaskManager& task_manager = cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  SayLeft(task_manager);
  cluster_.Run();
  EXPECT_THAT(StoredTaskManagers(), ElementsAre("tm-1"));
  EXPECT_EQ(cluster_.manager().sessions().dropped_messages(), 1U);
}

// It was told to end an earlier leader's worker, and was asked to stop itself.
TEST_F(TakeoverTest, OldWorkersOfATaskManagerThatHasLeftHaveEnded) {
  SimulatedTaskManager& leaver = cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  const std::string id = RunningJob();
  cluster_.workers_redial = false;
  cluster_.on_task_manager_command = [](SimulatedTaskManager&,
                                        const proto::TaskManagerCommand& command) {
    return command.has_stop_worker();
  };
  cluster_.KillJobManager();
  cluster_.StartJobManager(/*reconnect=*/false);
  cluster_.Register(leaver);
  cluster_.AddTaskManager("tm-2", 1);
  cluster_.Run(1'000);
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kNotStarted);
  SayLeaving(leaver);
  leaver.alive = false;
  EndUnheard(cluster_.WorkersOf(id)[0]);
  SayLeft(leaver);
  cluster_.Run(1'000);
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kExecuting);
}

TEST_F(TakeoverTest, WaitsForTheLongestLeaseOfAnEarlierLeader) {
  cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  const std::string id = RunningJob();
  cluster_.KillJobManager();
  ChangeLeader([](auto& leader) {
    EXPECT_EQ(leader.lease_ms(), 30'000);
    leader.set_lease_ms(60'000);
  });
  cluster_.StartJobManager(/*reconnect=*/false);  // ends before that lease does
  cluster_.Run(1'000);
  cluster_.KillJobManager();
  cluster_.StartJobManager(false);
  cluster_.AddTaskManager("tm-2", 1);
  cluster_.Run(64'000);
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kNotStarted);
  cluster_.Run(2'000);
  EXPECT_EQ(cluster_.job(id)->phase(), JobPhase::kExecuting);
}

TEST_F(TakeoverTest, ALeaderThatHasLostTheStoreNoticesWithoutAWrite) {
  cluster_.Run(60'000);
  EXPECT_THAT(cluster_.leadership_lost, IsEmpty());
  ChangeLeader([](auto& leader) { leader.set_epoch(9); });
  cluster_.Run(11'000);
  ASSERT_THAT(cluster_.leadership_lost, SizeIs(1));
  EXPECT_THAT(cluster_.leadership_lost[0].message(), HasSubstr("belongs to leader epoch 9"));
  cluster_.Run(60'000);
  EXPECT_THAT(cluster_.leadership_lost, SizeIs(1));
}

}  // namespace
}  // namespace weir::jobmanager
