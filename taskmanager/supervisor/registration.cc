#include "taskmanager/supervisor/registration.h"

#include <utility>

#include "common/text.h"
#include "proto/conversion/status_conversion.h"
#include "proto/session.pb.h"

namespace weir::supervisor {
namespace {

// For connecting and the JobManager's answer, which waits for its metadata store. A machine that
// dies after it took the hello ends no stream.
constexpr std::int64_t kWelcomeTimeoutMillis = 10'000;
// For the JobManager to store the farewell: whoever is asked to stop does not wait long.
constexpr std::int64_t kLeaveTimeoutMillis = 1'000;

}  // namespace

Registration::Registration(EventLoop& loop, Clock& clock, session::JobManagerClient& client,
                           std::int64_t redial_delay_ms, RegistrationHandler& handler)
    : loop_(loop),
      clock_(clock),
      client_(client),
      redial_delay_ms_(redial_delay_ms),
      handler_(handler),
      leader_(std::make_unique<proto::LeaderSession>()) {}

Registration::~Registration() {
  Stop();
}

void Registration::Start() {
  Dial();
}

void Registration::Stop() {
  state_ = RegistrationState::kStopped;
  loop_.Cancel(timer_);
  stream_.reset();
}

void Registration::Leave(const std::string& reason) {
  loop_.Cancel(timer_);
  proto::TaskManagerEvent event;
  event.mutable_leaving()->set_reason(reason);
  if (!Send(std::move(event))) stream_.reset();
  state_ = RegistrationState::kLeaving;
}

void Registration::ReportLeft(std::function<void()> done) {
  state_ = RegistrationState::kLeft;
  if (stream_ == nullptr) return done();
  left_ = std::move(done);
  proto::TaskManagerEvent event;
  event.mutable_left();
  SendUnderLeader(std::move(event));
  timer_ = loop_.Schedule(kLeaveTimeoutMillis, [this] { FinishLeaving(); });
}

void Registration::FinishLeaving() {
  loop_.Cancel(timer_);
  stream_.reset();
  if (left_) std::exchange(left_, nullptr)();
}

bool Registration::Send(proto::TaskManagerEvent event) {
  if (state_ != RegistrationState::kRegistered) return false;
  SendUnderLeader(std::move(event));
  return true;
}

void Registration::SendUnderLeader(proto::TaskManagerEvent event) {
  *event.mutable_leader() = *leader_;
  stream_->Send(std::move(event));
}

bool Registration::leaving() const {
  return state_ == RegistrationState::kLeaving || state_ == RegistrationState::kLeft;
}

bool Registration::Idle() const {
  return state_ == RegistrationState::kRegistered && stream_->queued() == 0;
}

void Registration::Dial() {
  state_ = RegistrationState::kRegistering;
  stream_ = client_.OpenTaskManagerSession(
      loop_,
      {.on_command = [this](proto::TaskManagerCommand command) { OnCommand(std::move(command)); },
       .on_closed = [this](const Status& reason) { OnClosed(reason); }});
  proto::TaskManagerEvent event;
  // Tells an older leader that it is one.
  if (!leader_->id().empty()) *event.mutable_leader() = *leader_;
  proto::TaskManagerHello* const hello = event.mutable_hello();
  proto::VersionRange* const protocol = hello->mutable_hello()->mutable_protocol();
  protocol->set_minimum(session::kMinimumProtocolVersion);
  protocol->set_maximum(session::kMaximumProtocolVersion);
  handler_.FillHello(hello);
  stream_->Send(std::move(event));
  timer_ = loop_.Schedule(kWelcomeTimeoutMillis, [this] {
    OnClosed(Status::Unavailable(Concat("the JobManager at ", client_.address(),
                                        " did not answer the registration within ",
                                        kWelcomeTimeoutMillis, " ms")));
  });
}

void Registration::OnCommand(proto::TaskManagerCommand command) {
  last_heard_ms_ = clock_.MonotonicMillis();
  using Kind = proto::TaskManagerCommand::CommandCase;
  if (leaving()) return;  // sent before the farewell came
  if (command.command_case() == Kind::kWelcome) return OnWelcome(command);
  if (command.command_case() == Kind::kRejected) {
    const Status reason =
        proto::StatusFromError(command.rejected().error())
            .WithContext("the JobManager at " + client_.address() + " refused the registration");
    if (!command.rejected().final()) return OnClosed(reason);
    Stop();
    return handler_.OnRefused(reason);
  }
  if (state_ != RegistrationState::kRegistered || command.leader().id() != leader_->id()) {
    log_.Warning("dropped a command of leader session '", command.leader().id(), "'; ours is '",
                 leader_->id(), "'");
    return;
  }
  switch (command.command_case()) {
    case Kind::kStartWorker:
      return handler_.OnStartWorker(command.leader(), command.start_worker());
    case Kind::kStopWorker:
      return handler_.OnStopWorker(command.stop_worker());
    case Kind::kHeartbeat:
      return;
    default:
      log_.Warning("dropped a command of unknown kind ", static_cast<int>(command.command_case()));
  }
}

void Registration::OnWelcome(const proto::TaskManagerCommand& command) {
  // Epochs come from a metadata store; a JobManager without one has 0, and no order.
  const std::uint64_t epoch = command.leader().epoch();
  if (epoch != 0 && epoch < leader_->epoch()) {
    return OnClosed(Status::Unavailable(
        "the JobManager at " + client_.address() + " has leader epoch " + std::to_string(epoch) +
        ", but a later one, " + std::to_string(leader_->epoch()) + ", has been met"));
  }
  *leader_ = command.leader();
  heartbeat_interval_ms_ = command.welcome().heartbeat_interval_ms();
  heartbeat_timeout_ms_ = command.welcome().heartbeat_timeout_ms();
  state_ = RegistrationState::kRegistered;
  reported_away_ = false;
  log_.Info("registered with the JobManager at ", client_.address(), ", leader session ",
            leader_->id());
  loop_.Cancel(timer_);
  timer_ = loop_.Schedule(heartbeat_interval_ms_, [this] { SendHeartbeat(); });
  handler_.OnRegistered();
}

void Registration::SendHeartbeat() {
  const std::int64_t silence_ms = clock_.MonotonicMillis() - last_heard_ms_;
  if (silence_ms > heartbeat_timeout_ms_) {
    return OnClosed(Status::Unavailable("the JobManager at " + client_.address() +
                                        " has been silent for " + std::to_string(silence_ms) +
                                        " ms"));
  }
  proto::TaskManagerEvent event;
  event.mutable_heartbeat()->set_sequence(++heartbeat_sequence_);
  Send(std::move(event));
  timer_ = loop_.Schedule(heartbeat_interval_ms_, [this] { SendHeartbeat(); });
}

void Registration::OnClosed(const Status& reason) {
  if (state_ == RegistrationState::kStopped) return;
  if (leaving()) return FinishLeaving();
  if (!reported_away_) {
    log_.Warning("no session with the JobManager, trying on: ",
                 reason.ok() ? "it ended the stream" : reason.message());
    reported_away_ = true;
  }
  RedialLater();
}

void Registration::RedialLater() {
  loop_.Cancel(timer_);
  stream_.reset();
  state_ = RegistrationState::kWaiting;
  timer_ = loop_.Schedule(redial_delay_ms_, [this] { Dial(); });
}

}  // namespace weir::supervisor
