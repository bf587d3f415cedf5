#include "taskmanager/worker/worker_session.h"

#include <utility>

#include "common/text.h"
#include "proto/conversion/status_conversion.h"
#include "proto/session.pb.h"

namespace weir::worker {
namespace {

// Short: a worker that lost its JobManager has only its lease to find it again.
constexpr std::int64_t kRedialDelayMillis = 200;

}  // namespace

WorkerSession::WorkerSession(const WorkerIdentity& identity, EventLoop& loop, Clock& clock,
                             session::JobManagerClient& client, std::int64_t first_lease_ms,
                             WorkerSessionHandler& handler)
    : identity_(identity),
      loop_(loop),
      clock_(clock),
      client_(client),
      handler_(handler),
      lease_(clock.MonotonicMillis(), first_lease_ms) {}

WorkerSession::~WorkerSession() {
  Stop();
}

void WorkerSession::Start() {
  CheckLease();
  Dial();
}

void WorkerSession::Stop() {
  state_ = WorkerSessionState::kEnded;
  loop_.Cancel(timer_);
  loop_.Cancel(lease_timer_);
  stream_.reset();
}

void WorkerSession::Send(proto::WorkerEvent event) {
  if (state_ != WorkerSessionState::kWelcomed) return;
  event.mutable_leader()->set_epoch(identity_.leader_epoch);
  event.mutable_leader()->set_id(identity_.leader_id);
  event.set_job_epoch(identity_.job_epoch);
  stream_->Send(std::move(event));
}

bool WorkerSession::Idle() const {
  return state_ == WorkerSessionState::kWelcomed && stream_->queued() == 0;
}

void WorkerSession::Dial() {
  state_ = WorkerSessionState::kGreeting;
  stream_ = client_.OpenWorkerSession(
      loop_, {.on_command = [this](proto::WorkerCommand command) { OnCommand(std::move(command)); },
              .on_closed = [this](const Status& reason) { OnClosed(reason); }});
  proto::WorkerEvent event;
  event.mutable_leader()->set_epoch(identity_.leader_epoch);
  event.mutable_leader()->set_id(identity_.leader_id);
  event.set_job_epoch(identity_.job_epoch);
  proto::WorkerHello* const hello = event.mutable_hello();
  hello->mutable_hello()->set_cluster_id(identity_.cluster_id);
  hello->mutable_hello()->mutable_protocol()->set_minimum(session::kMinimumProtocolVersion);
  hello->mutable_hello()->mutable_protocol()->set_maximum(session::kMaximumProtocolVersion);
  hello->set_worker_id(identity_.worker_id);
  hello->set_job_id(identity_.job_id);
  hello->set_task_manager_id(identity_.task_manager_id);
  hello->set_role(identity_.role == WorkerRole::kCoordinator ? proto::COORDINATOR : proto::WORKER);
  hello->set_process_id(identity_.process_id);
  stream_->Send(std::move(event));
}

void WorkerSession::OnCommand(proto::WorkerCommand command) {
  using Kind = proto::WorkerCommand::CommandCase;
  if (command.command_case() == Kind::kRejected) {
    const Status reason = proto::StatusFromError(command.rejected().error());
    return command.rejected().final() ? End(reason.WithContext("refused by the JobManager"))
                                      : OnClosed(reason);
  }
  if (command.leader().id() != identity_.leader_id || command.job_epoch() != identity_.job_epoch) {
    log_.Warning("dropped a command of leader session '", command.leader().id(), "', job epoch ",
                 command.job_epoch());
    return;
  }
  switch (command.command_case()) {
    case Kind::kWelcome:
      return OnWelcome(command);
    case Kind::kLease:
      lease_.Renew(clock_.MonotonicMillis(), command.lease().lease_ms());
      return;
    case Kind::kHeartbeat:
      return;
    default:
      handler_.OnCommand(std::move(command));
  }
}

void WorkerSession::OnWelcome(const proto::WorkerCommand& command) {
  heartbeat_interval_ms_ = command.welcome().heartbeat_interval_ms();
  lease_.Renew(clock_.MonotonicMillis(), command.welcome().lease_ms());
  state_ = WorkerSessionState::kWelcomed;
  loop_.Cancel(timer_);
  timer_ = loop_.Schedule(heartbeat_interval_ms_, [this] { SendHeartbeat(); });
}

void WorkerSession::SendHeartbeat() {
  proto::WorkerEvent event;
  event.mutable_heartbeat()->set_sequence(++heartbeat_sequence_);
  Send(std::move(event));
  timer_ = loop_.Schedule(heartbeat_interval_ms_, [this] { SendHeartbeat(); });
}

void WorkerSession::OnClosed(const Status& reason) {
  if (state_ == WorkerSessionState::kEnded) return;
  if (state_ == WorkerSessionState::kWelcomed) {
    log_.Warning("lost the JobManager (", reason.ok() ? "it ended the stream" : reason.message(),
                 "); running on for the ", lease_.RemainingMillis(clock_.MonotonicMillis()),
                 " ms of the lease");
  }
  loop_.Cancel(timer_);
  stream_.reset();
  state_ = WorkerSessionState::kWaiting;
  timer_ = loop_.Schedule(kRedialDelayMillis, [this] { Dial(); });
}

// Looks again when the lease, as it is now, would end.
void WorkerSession::CheckLease() {
  const std::int64_t now_ms = clock_.MonotonicMillis();
  if (lease_.Expired(now_ms)) {
    return End(Status::Unavailable(
        Concat("the lease ended: nothing heard of the JobManager at ", client_.address())));
  }
  lease_timer_ = loop_.Schedule(lease_.RemainingMillis(now_ms), [this] { CheckLease(); });
}

void WorkerSession::End(Status reason) {
  if (state_ == WorkerSessionState::kEnded) return;
  Stop();
  handler_.OnSessionEnded(std::move(reason));
}

}  // namespace weir::worker
