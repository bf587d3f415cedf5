#include "taskmanager/worker/worker_session.h"

#include <optional>

#include <gtest/gtest.h>

#include "common/manual_clock.h"
#include "common/manual_event_loop.h"
#include "proto/conversion/status_conversion.h"
#include "proto/session.pb.h"
#include "tests/unit/taskmanager_supervisor/fake_job_manager_client.h"

namespace weir::worker {
namespace {

class WorkerSessionTest : public testing::Test, private WorkerSessionHandler {
 protected:
  WorkerSessionTest() {
    session_.Start();
    loop_.RunUntilIdle();
  }

  void OnCommand(proto::WorkerCommand command) override { commands_.push_back(std::move(command)); }
  void OnSessionEnded(Status reason) override { ended_ = std::move(reason); }

  session::WorkerPeer& peer() { return *client_.workers.back(); }

  void Say(proto::WorkerCommand command, const std::string& leader = "leader-1",
           std::uint64_t epoch = 2) {
    command.mutable_leader()->set_id(leader);
    command.set_job_epoch(epoch);
    peer().Say(std::move(command));
    loop_.RunUntilIdle();
  }

  void Welcome() {
    proto::WorkerCommand command;
    command.mutable_welcome()->set_heartbeat_interval_ms(1'000);
    command.mutable_welcome()->set_lease_ms(30'000);
    Say(std::move(command));
  }

  void Renew() {
    proto::WorkerCommand command;
    command.mutable_lease()->set_lease_ms(30'000);
    Say(std::move(command));
  }

  const WorkerIdentity identity_{.worker_id = "worker-1",
                                 .job_id = "job",
                                 .task_manager_id = "tm-1",
                                 .cluster_id = "default",
                                 .job_epoch = 2,
                                 .leader_id = "leader-1"};
  ManualClock clock_;
  ManualEventLoop loop_{clock_};
  session::FakeJobManagerClient client_;
  std::vector<proto::WorkerCommand> commands_;
  std::optional<Status> ended_;
  WorkerSession session_{identity_, loop_, clock_, client_, 5'000, *this};
};

TEST_F(WorkerSessionTest, GreetsWithItsIdentity) {
  const proto::WorkerEvent& event = peer().events.at(0);
  EXPECT_EQ(event.hello().worker_id(), "worker-1");
  EXPECT_EQ(event.leader().id(), "leader-1");
  EXPECT_EQ(event.job_epoch(), 2u);
  EXPECT_EQ(session_.state(), WorkerSessionState::kGreeting);
  Welcome();
  EXPECT_EQ(session_.state(), WorkerSessionState::kWelcomed);
}

TEST_F(WorkerSessionTest, DropsCommandsOfOtherLeadersAndEpochs) {
  Welcome();
  proto::WorkerCommand command;
  command.mutable_start_tasks()->set_deployment_id(1);
  Say(command, "leader-0", 2);
  Say(command, "leader-1", 1);
  EXPECT_TRUE(commands_.empty());
  Say(command);
  EXPECT_EQ(commands_.size(), 1u);
}

TEST_F(WorkerSessionTest, EndsWithoutAWelcomeInTime) {
  loop_.AdvanceBy(4'999);
  EXPECT_FALSE(ended_.has_value());
  loop_.AdvanceBy(1);
  ASSERT_TRUE(ended_.has_value());
  EXPECT_NE(ended_->message().find("jobmanager:6123"), std::string::npos);
}

TEST_F(WorkerSessionTest, RunsOnWithoutAJobManagerUntilTheLeaseEnds) {
  Welcome();
  loop_.AdvanceBy(20'000);
  Renew();
  peer().Close(Status::Unavailable("reset"));
  loop_.AdvanceBy(29'999);
  EXPECT_FALSE(ended_.has_value());
  EXPECT_GT(client_.workers.size(), 1u) << "it dials again meanwhile";
  loop_.AdvanceBy(1);
  EXPECT_TRUE(ended_.has_value());
}

TEST_F(WorkerSessionTest, ARenewalKeepsItAlive) {
  Welcome();
  for (int i = 0; i < 20; ++i) {
    loop_.AdvanceBy(10'000);
    Renew();
  }
  EXPECT_FALSE(ended_.has_value());
}

TEST_F(WorkerSessionTest, AFinalRefusalEndsIt) {
  proto::WorkerCommand command;
  *command.mutable_rejected()->mutable_error() =
      proto::ErrorFromStatus(Status(StatusCode::kFailedPrecondition, "unknown leader session"));
  command.mutable_rejected()->set_final(true);
  // A new leader answers under its own session.
  Say(std::move(command), "leader-2", 0);
  ASSERT_TRUE(ended_.has_value());
  EXPECT_NE(ended_->message().find("unknown leader session"), std::string::npos);
}

TEST_F(WorkerSessionTest, SendsUnderItsLeaderAndEpochOnceWelcomed) {
  proto::WorkerEvent event;
  event.mutable_job_prepared();
  session_.Send(event);
  EXPECT_EQ(peer().events.size(), 1u) << "only the hello";
  Welcome();
  session_.Send(event);
  ASSERT_EQ(peer().events.size(), 2u);
  EXPECT_EQ(peer().events[1].leader().id(), "leader-1");
  EXPECT_EQ(peer().events[1].job_epoch(), 2u);
}

TEST(Lease, NeverShrinks) {
  Lease lease(0, 1'000);
  lease.Renew(100, 500);
  EXPECT_FALSE(lease.Expired(999));
  EXPECT_TRUE(lease.Expired(1'000));
  lease.Renew(900, 500);
  EXPECT_EQ(lease.RemainingMillis(900), 500);
}

}  // namespace
}  // namespace weir::worker
