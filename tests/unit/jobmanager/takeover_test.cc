// What a JobManager waits for before workers of it or of an earlier one count as gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobmanager/ha/metadata_file.h"
#include "proto/conversion/status_conversion.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
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
  // The process ends, and nobody says so.
  void EndUnheard(const std::shared_ptr<SimulatedWorker>& worker) {
    worker->alive = false;
    worker->tasks.clear();
    worker->task_manager->workers.erase(worker->start.worker_id());
    cluster_.BreakSession(worker);
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

}  // namespace
}  // namespace weir::jobmanager
