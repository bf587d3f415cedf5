#include "taskmanager/task/task_context.h"

#include <algorithm>
#include <utility>

namespace weir::task {

namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;

TaskInformation Describe(const TaskResources& resources, const TaskAttempt& attempt) {
  const internal::JobGraph& graph = resources.job.graph();
  const internal::JobVertex& vertex = graph.vertices[attempt.vertex];
  return {.job_id = resources.options.job_id,
          .job_name = graph.name,
          .task_name = vertex.name,
          .subtask_index = attempt.subtask,
          .parallelism = vertex.parallelism,
          .max_parallelism = vertex.max_parallelism,
          .attempt = attempt.attempt};
}

}  // namespace

TaskContext::TaskContext(const TaskResources& resources, const TaskAttempt& attempt,
                         std::uint32_t slot, TaskRunner& runner,
                         std::shared_ptr<TaskMailbox> mailbox)
    : resources_(resources),
      attempt_(attempt),
      slot_(slot),
      runner_(runner),
      mailbox_(std::move(mailbox)),
      information_(Describe(resources, attempt)),
      logger_(resources.make_logger(information_)),
      metrics_([this](Status status) { FailTask(std::move(status)); }),
      outputs_(*this, resources.options.overdraft_batches) {}

void TaskContext::EnterPage(std::int64_t now_ns) {
  turn_began_ns_ = now_ns;
  processing_time_ms_.reset();
  if (entry_ == nullptr) return;
  entry_->Enter(attempt_, slot_, phase_, operator_index_, now_ns / kNanosPerMilli);
}

void TaskContext::Enter(RunningPhase phase, SlotPageEntry* entry, std::int64_t now_ns) {
  phase_ = phase;
  entry_ = entry;
  operator_index_ = 0;
  if (held_up_since_ns_) hindered_ns_ += now_ns - *held_up_since_ns_;
  time_.Switch(now_ns, TimeUse::kBusy);
  EnterPage(now_ns);
}

void TaskContext::Exit(std::int64_t now_ns, TimeUse use) {
  time_.Account(now_ns, use, use);
  held_up_since_ns_.reset();
  // An idle task waits for input; another one could go on and waits for room or for its turn.
  if (use != TimeUse::kIdle) held_up_since_ns_ = now_ns;
  if (entry_ != nullptr) entry_->Exit();
  entry_ = nullptr;
}

void TaskContext::EnterOperator(std::uint32_t operator_index) {
  operator_index_ = operator_index;
  if (entry_ != nullptr) entry_->SetOperator(operator_index);
}

void TaskContext::NoteRecord(std::uint32_t operator_index, std::string description) {
  // Where an operator behind it runs, that one has thrown.
  if (operator_index == operator_index_) noted_record_ = std::move(description);
}

Status TaskContext::NameRecord(Status error) {
  if (error.domain() != ErrorDomain::kUser || noted_record_.empty()) return error;
  return error.WithContext(std::exchange(noted_record_, {}));
}

void TaskContext::SendToCoordinator(std::uint32_t operator_index, std::string payload) {
  CoordinatorEvent event{
      .task = attempt_, .operator_index = operator_index, .payload = std::move(payload)};
  if (phase_ == RunningPhase::kOpen) {
    held_events_.push_back(std::move(event));
  } else {
    resources_.events.OnEventToCoordinator(std::move(event));
  }
}

void TaskContext::SendHeldEvents() {
  for (CoordinatorEvent& event : held_events_) {
    resources_.events.OnEventToCoordinator(std::move(event));
  }
  held_events_.clear();
}

std::int64_t TaskContext::processing_time_ms() const {
  if (!processing_time_ms_) processing_time_ms_ = resources_.clock.WallMillis();
  return *processing_time_ms_;
}

void TaskContext::SetTimer(std::int64_t time_ms) {
  timer_ns_.reset();
  if (time_ms == internal::kNoTimer) return;
  // Nanoseconds do not hold every wait in milliseconds; whoever is called too early sets it again.
  constexpr std::int64_t kLongestWaitMs = std::int64_t{100} * 365 * 24 * 3600 * 1000;
  const std::int64_t now_ms = resources_.clock.WallMillis();
  const std::int64_t wait_ms = std::clamp(time_ms, now_ms, now_ms + kLongestWaitMs) - now_ms;
  timer_ns_ = resources_.clock.MonotonicNanos() + wait_ms * kNanosPerMilli;
}

bool TaskContext::TakeDueTimer() {
  if (!timer_ns_ || *timer_ns_ > turn_began_ns_) return false;
  timer_ns_.reset();
  return true;
}

void TaskContext::FailTask(Status status) {
  if (!failure_) failure_ = std::move(status);
}

bool TaskContext::ParkUntil(const std::function<bool()>& ready) {
  for (;;) {
    if (dropping()) return false;
    if (ready()) return true;
    Park(Wait::kNotification, nullptr);
  }
}

void TaskContext::WaitForRoom(QueuedOutputChannel& channel) {
  Park(Wait::kRoom, &channel);
}

void TaskContext::AfterWrite() {
  if (phase_ != RunningPhase::kStep || !runner_.RunsOthers()) return;
  const std::int64_t now_ns = resources_.clock.MonotonicNanos();
  if (now_ns - turn_began_ns_ < resources_.options.yield_interval_ms * kNanosPerMilli) return;
  Park(Wait::kTurn, nullptr);
}

void TaskContext::Park(Wait wait, QueuedOutputChannel* channel) {
  if (phase_ != RunningPhase::kStep) {
    FailTask(Status::UserError(std::string("more was emitted in ") +
                               (phase_ == RunningPhase::kOpen ? "Open()" : "Close()") +
                               " than the channels hold"));
    return;
  }
  wait_ = wait;
  wait_channel_ = channel;
  const std::uint32_t operator_index = operator_index_;
  const bool waits_for_turn = wait == Wait::kTurn;
  const std::int64_t parked_ns = resources_.clock.MonotonicNanos();
  time_.Switch(parked_ns, waits_for_turn ? TimeUse::kBusy : TimeUse::kBackPressured);
  if (entry_ != nullptr) entry_->Exit();
  const Status parked = runner_.Park(*this);
  const std::int64_t now_ns = resources_.clock.MonotonicNanos();
  hindered_ns_ += now_ns - parked_ns;
  time_.Switch(now_ns, TimeUse::kBusy);
  operator_index_ = operator_index;
  EnterPage(now_ns);
  // Without a thread for the others a turn is simply not given away.
  if (!parked.ok() && !waits_for_turn) FailTask(parked);
}

bool TaskContext::MayResume() {
  outputs_.Drain();
  if (dropping()) return true;
  switch (wait_) {
    case Wait::kRoom:
      return outputs_.RoomAfterWait() ||
             (!wait_channel_->holds_back() && wait_channel_->TakesWholeBatch());
    case Wait::kNotification:
      return mailbox_->TakeNotified();
    case Wait::kTurn:
      return true;
  }
  return true;
}

}  // namespace weir::task
