// Who is let in, who is refused, and what is dropped.
#include "jobmanager/session_frontend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

using testing::HasSubstr;

template <class Session, class Command>
struct Recorder final : Session {
  void Send(Command command) override { sent.push_back(std::move(command)); }
  void Close(const Status& reason) override { closed = reason.message(); }
  std::vector<Command> sent;
  std::string closed;
};
using TaskManagerRecorder = Recorder<TaskManagerSession, proto::TaskManagerCommand>;
using WorkerRecorder = Recorder<WorkerSession, proto::WorkerCommand>;

class SessionFrontendTest : public testing::Test {
 protected:
  static proto::TaskManagerEvent Hello() {
    proto::TaskManagerEvent event;
    proto::TaskManagerHello* const hello = event.mutable_hello();
    hello->mutable_hello()->mutable_protocol()->set_minimum(1);
    hello->mutable_hello()->mutable_protocol()->set_maximum(3);
    hello->mutable_hello()->set_cluster_id("default");
    hello->set_task_manager_id("tm");
    hello->set_host("h");
    hello->set_slot_count(2);
    return event;
  }

  void ExpectRefused(const proto::TaskManagerEvent& event, const std::string& why) {
    const auto session = std::make_shared<TaskManagerRecorder>();
    frontend_.OnTaskManagerEvent(session, event);
    ASSERT_EQ(session->sent.size(), 1u) << why;
    EXPECT_TRUE(session->sent[0].rejected().final());
    EXPECT_THAT(session->sent[0].rejected().error().message(), HasSubstr(why));
    EXPECT_THAT(session->closed, HasSubstr(why));
    frontend_.OnTaskManagerClosed(session.get(), Status::Ok());
    EXPECT_EQ(cluster_.manager().jobs().resources().slots().total(), 0u);
  }

  SimulatedCluster cluster_;
  SessionFrontend& frontend_ = cluster_.manager().sessions();
};

TEST_F(SessionFrontendTest, WelcomesWithTheHighestCommonVersion) {
  const auto session = std::make_shared<TaskManagerRecorder>();
  frontend_.OnTaskManagerEvent(session, Hello());
  ASSERT_EQ(session->sent.size(), 1u);
  EXPECT_EQ(session->sent[0].welcome().protocol(), 1u);
  EXPECT_EQ(session->sent[0].welcome().heartbeat_timeout_ms(), 50'000);
  EXPECT_EQ(session->sent[0].leader().id(), cluster_.manager().leader().id());
  EXPECT_EQ(cluster_.manager().leader().id().size(), 32u);
}

TEST_F(SessionFrontendTest, RefusesWhoDoesNotFit) {
  proto::TaskManagerEvent event = Hello();
  event.mutable_hello()->mutable_hello()->mutable_protocol()->set_minimum(2);
  ExpectRefused(event, "it speaks protocol versions 2 to 3; this JobManager speaks 1 to 1");
  event = Hello();
  event.mutable_hello()->mutable_hello()->set_cluster_id("other");
  ExpectRefused(event,
                "it belongs to cluster 'other'; this is the JobManager of cluster "
                "'default'");
  event = Hello();
  event.mutable_hello()->mutable_hello()->set_credential("guess");
  ExpectRefused(event, "its credential is not the one");
  event = Hello();
  event.mutable_hello()->set_slot_count(0);
  ExpectRefused(event, "no slots");
  event.Clear();
  event.mutable_heartbeat();
  ExpectRefused(event, "its first message is no hello");
}

TEST_F(SessionFrontendTest, DropsWhatBelongsToAnotherLeader) {
  const auto session = std::make_shared<TaskManagerRecorder>();
  frontend_.OnTaskManagerEvent(session, Hello());
  proto::TaskManagerEvent event;
  event.mutable_heartbeat();
  event.mutable_leader()->set_id("somebody else");
  frontend_.OnTaskManagerEvent(session, event);
  EXPECT_EQ(frontend_.dropped_messages(), 1u);
}

TEST_F(SessionFrontendTest, StopsWorkersOfAnotherLeaderAtOnce) {
  const auto session = std::make_shared<TaskManagerRecorder>();
  proto::TaskManagerEvent event = Hello();
  proto::WorkerIdentity* const stray = event.mutable_hello()->add_workers();
  stray->set_worker_id("old");
  stray->mutable_leader()->set_id("a leader of the past");
  frontend_.OnTaskManagerEvent(session, event);
  ASSERT_EQ(session->sent.size(), 2u);
  EXPECT_EQ(session->sent[1].stop_worker().worker_id(), "old");
  EXPECT_EQ(session->sent[1].stop_worker().grace_ms(), 0);
}

TEST_F(SessionFrontendTest, ARestartedTaskManagerReplacesTheOldOne) {
  const auto first = std::make_shared<TaskManagerRecorder>();
  frontend_.OnTaskManagerEvent(first, Hello());
  const auto second = std::make_shared<TaskManagerRecorder>();
  proto::TaskManagerEvent event = Hello();
  event.mutable_hello()->set_start_time_ms(77);
  event.mutable_hello()->set_slot_count(5);
  frontend_.OnTaskManagerEvent(second, event);
  EXPECT_THAT(first->closed, HasSubstr("replaced by a new process"));
  EXPECT_EQ(cluster_.manager().jobs().resources().slots().total(), 5u);
  // The end of the old session is not the end of the TaskManager.
  frontend_.OnTaskManagerClosed(first.get(), Status::Ok());
  EXPECT_EQ(cluster_.manager().jobs().resources().slots().total(), 5u);
}

TEST_F(SessionFrontendTest, ATaskManagerThatLeavesOffersNoSlotsAnyMore) {
  const auto session = std::make_shared<TaskManagerRecorder>();
  frontend_.OnTaskManagerEvent(session, Hello());
  ASSERT_EQ(cluster_.manager().jobs().resources().slots().total(), 2u);
  proto::TaskManagerEvent event;
  *event.mutable_leader() = cluster_.manager().leader();
  event.mutable_leaving()->set_reason("it was asked to stop");
  frontend_.OnTaskManagerEvent(session, event);
  EXPECT_EQ(cluster_.manager().jobs().resources().slots().total(), 0u);
  EXPECT_EQ(session->closed, "") << "it has one more thing to say";
  // What else it still says changes nothing.
  event.mutable_heartbeat();
  frontend_.OnTaskManagerEvent(session, event);
  EXPECT_EQ(frontend_.dropped_messages(), 1u);
  event.mutable_left();
  event.mutable_leader()->set_id("somebody else");
  frontend_.OnTaskManagerEvent(session, event);
  EXPECT_EQ(session->closed, "");
  *event.mutable_leader() = cluster_.manager().leader();
  frontend_.OnTaskManagerEvent(session, event);
  EXPECT_EQ(session->closed, "TaskManager tm has left the cluster");
  frontend_.OnTaskManagerClosed(session.get(), Status::Ok());
  EXPECT_EQ(cluster_.manager().jobs().resources().slots().total(), 0u);
}

TEST_F(SessionFrontendTest, RefusesStrangeWorkersForGood) {
  cluster_.AddTaskManager("tm-1", 1);
  cluster_.Run();
  JobMaster& job = cluster_.Submit(ChainGraph({1}));
  cluster_.Run();
  proto::WorkerEvent good;
  *good.mutable_leader() = cluster_.manager().leader();
  good.set_job_epoch(1);
  good.mutable_hello()->mutable_hello()->mutable_protocol()->set_minimum(1);
  good.mutable_hello()->mutable_hello()->mutable_protocol()->set_maximum(1);
  good.mutable_hello()->mutable_hello()->set_cluster_id("default");
  good.mutable_hello()->set_job_id(job.job_id());
  good.mutable_hello()->set_task_manager_id("tm-1");
  const auto expect_refused = [&](const proto::WorkerEvent& event, const std::string& why) {
    const auto session = std::make_shared<WorkerRecorder>();
    frontend_.OnWorkerEvent(session, event);
    ASSERT_EQ(session->sent.size(), 1u) << why;
    EXPECT_TRUE(session->sent[0].rejected().final());
    EXPECT_THAT(session->sent[0].rejected().error().message(), HasSubstr(why));
    frontend_.OnWorkerClosed(session.get(), Status::Ok());
  };
  expect_refused(good, "is not expected by job");
  proto::WorkerEvent event = good;
  event.mutable_leader()->set_id("old");
  expect_refused(event, "unknown leader session");
  event = good;
  event.set_job_epoch(0);
  expect_refused(event, "it belongs to epoch 0 of job");
  event = good;
  event.mutable_hello()->set_job_id("nobody");
  expect_refused(event, "job nobody is not running");
  // Nor does somebody who dials with the id of a worker that is there already disturb it.
  event = good;
  event.mutable_hello()->set_worker_id(cluster_.WorkersOf(job.job_id())[0]->start.worker_id());
  expect_refused(event, "is not expected by job");
  cluster_.Run();
  EXPECT_EQ(job.phase(), JobPhase::kExecuting);
}

}  // namespace
}  // namespace weir::jobmanager
