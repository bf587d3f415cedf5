#include "taskmanager/task/task.h"

#include <algorithm>
#include <utility>

#include "taskmanager/task/finished_chain.h"
#include "taskmanager/task/task_restore.h"
#include "taskmanager/task/user_code.h"

namespace weir::task {

namespace {

// A source's turn: as many blocks as make what a step costs by itself (about 70 ns: a reading of
// the clock, the page, statistics) small beside them, and nobody wait for long.
constexpr std::int64_t kShortTurnNs = 5'000;
constexpr std::int64_t kLongTurnNs = 20'000;
constexpr std::uint32_t kMostBlocksOfATurn = 16;

TimeUse UseOf(StepOutcome outcome) {
  switch (outcome) {
    case StepOutcome::kIdle:
      return TimeUse::kIdle;
    case StepOutcome::kBlocked:
      return TimeUse::kBackPressured;
    case StepOutcome::kProgress:
    case StepOutcome::kDone:
      break;
  }
  return TimeUse::kBusy;
}

// Bytes that cannot be read and faults of the engine do not name the operator that ran last.
bool IsOperatorsFault(const Status& status) {
  if (status.code() == StatusCode::kCorruption) return false;
  return status.code() != StatusCode::kInternal || status.domain() != ErrorDomain::kSystem;
}

}  // namespace

Task::Task(const TaskResources& resources, const TaskAttempt& attempt, std::uint32_t slot,
           std::shared_ptr<TaskRunner> runner, std::shared_ptr<TaskMailbox> mailbox)
    : resources_(resources),
      attempt_(attempt),
      runner_(std::move(runner)),
      mailbox_(std::move(mailbox)),
      context_(resources, attempt, slot, *runner_, mailbox_),
      checkpoint_(resources, attempt, mailbox_),
      is_source_(resources.job.graph().vertices[attempt.vertex].is_source) {}

void Task::SetInputs(std::vector<InputGate::Edge> edges, std::shared_ptr<ReadyList> ready) {
  gate_ = std::make_unique<InputGate>(std::move(edges), std::move(ready), checkpoint_, records_in_);
  checkpoint_.SetGate(*gate_);
}

void Task::Deployed() {
  Handle(TaskEvent::kDeployed);
}

void Task::Start() {
  {
    MutexLock lock(mutex_);
    if (machine_.state() != TaskState::kDeploying) return;
  }
  Handle(TaskEvent::kStarted);
  const Status started = resources_.pool.Run([self = shared_from_this()] { self->Open(); });
  if (started.ok()) return;
  Handle(TaskEvent::kErred, Named(started));
  Close();
}

void Task::Cancel() {
  // In this order: whoever sees the mail closes the chain, which counts only when that is waited
  // for.
  Handle(TaskEvent::kCancelRequested);
  mailbox_->Cancel();
}

void Task::Fail(const Status& status) {
  Handle(TaskEvent::kErred, Named(status));
}

bool Task::terminal() const {
  MutexLock lock(mutex_);
  return IsTerminal(machine_.state());
}

bool Task::running() const {
  MutexLock lock(mutex_);
  return machine_.running();
}

void Task::Open() {
  if (mailbox_->canceled()) {
    Close();
    return;
  }
  SlotPageEntry* entry = resources_.page != nullptr ? resources_.page->TakeFloating() : nullptr;
  context_.Enter(RunningPhase::kOpen, entry, resources_.clock.MonotonicNanos());
  Status opened = MakeAndOpenChain();
  if (opened.ok() && context_.failure()) opened = *context_.failure();
  const std::int64_t now_ns = resources_.clock.MonotonicNanos();
  context_.Exit(now_ns, TimeUse::kBusy);
  if (entry != nullptr) resources_.page->GiveBack(entry);
  if (opened.ok()) {
    context_.time().Begin(now_ns);
    flushed_ns_ = now_ns;
    Handle(TaskEvent::kOpened);
    context_.SendHeldEvents();
    // What was shipped in Open() is flushed when the task is first out of input.
    flush_wanted_ = true;
    // A task that was canceled meanwhile says done at its first step: there is one way to its end.
    opened = runner_->Add(shared_from_this());
    if (opened.ok()) return;
  } else {
    // A restore fails before any operator has run.
    if (!restore_failed_) failed_operator_ = context_.entered_operator();
  }
  Handle(TaskEvent::kErred, Named(opened));
  Close();
}

Status Task::MakeAndOpenChain() {
  return RunUserCode([this]() -> Status {
    WEIR_RETURN_IF_ERROR(MakeAndRestoreChain());
    WEIR_RETURN_IF_ERROR(chain_->Open());
    SetMeasuredStores(stores_.get());
    return Status::Ok();
  });
}

Status Task::MakeAndRestoreChain() {
  if (restore_) context_.SetStartsFromCheckpoint();
  if (restore_ && restore_->finished) {
    chain_ = std::make_unique<FinishedChain>(context_);
    restore_.reset();
    return Status::Ok();
  }
  stores_ = std::make_unique<TaskStores>(resources_, attempt_);
  context_.SetStores(stores_.get());
  if (restore_) {
    // Until it is known to have worked.
    restore_failed_ = true;
    WEIR_RETURN_IF_ERROR(stores_->Restore(*restore_));
    restore_failed_ = false;
  }
  chain_ = resources_.job.CreateChain(attempt_.vertex, context_);
  if (chain_ == nullptr) return Status::Internal("the plugin made no chain");
  std::vector<internal::ChainedKeyedTable> tables = chain_->keyed_tables();
  if (restore_) {
    restore_failed_ = true;
    WEIR_RETURN_IF_ERROR(RestoreTables(tables));
    restore_failed_ = false;
    restore_.reset();
  }
  checkpoint_.SetTables(std::move(tables), *stores_);
  return Status::Ok();
}

Status Task::RestoreTables(const std::vector<internal::ChainedKeyedTable>& tables) {
  WEIR_RETURN_IF_ERROR(stores_->MoveIntoMemory(tables));
  ChannelStateRestore channels(resources_.job, attempt_.vertex, attempt_.subtask);
  WEIR_RETURN_IF_ERROR(RestoreChain(*restore_, resources_.job.graph().vertices[attempt_.vertex],
                                    attempt_.subtask, resources_.files, resources_.pool, tables,
                                    channels, *chain_));
  gate_->SetRestored(channels.Take());
  return Status::Ok();
}

StepOutcome Task::Step(SlotPageEntry* entry, std::int64_t now_ns) {
  if (mailbox_->canceled()) return StepOutcome::kDone;
  if (mailbox_->failed()) {
    failed_operator_.reset();
    return Fault(mailbox_->failure());
  }
  flush_wanted_ |= mailbox_->TakeNotified();
  context_.Enter(RunningPhase::kStep, entry, now_ns);
  Result<StepOutcome> outcome = RunUserCode([this] { return StepChain(); });
  Status status = outcome.ok() ? Status::Ok() : context_.NameRecord(outcome.status());
  if (status.ok()) status = FlushIfDue(*outcome, now_ns);
  if (status.ok() && context_.failure()) status = *context_.failure();
  stepped_ns_ = resources_.clock.MonotonicNanos();
  context_.Exit(stepped_ns_, status.ok() ? UseOf(*outcome) : TimeUse::kBusy);
  if (is_source_) FitTurn(stepped_ns_ - now_ns);
  if (!status.ok()) {
    failed_operator_.reset();
    if (IsOperatorsFault(status)) failed_operator_ = context_.entered_operator();
    return Fault(status);
  }
  blocked_ = *outcome == StepOutcome::kBlocked;
  if (*outcome == StepOutcome::kDone) Handle(TaskEvent::kEnded);
  return *outcome;
}

Result<StepOutcome> Task::StepChain() {
  holds_input_ = false;
  if (checkpoint_.saving()) checkpoint_.ThawIfSaved();
  if (mailbox_->HasMail()) {
    WEIR_ASSIGN_OR_RETURN(const bool taken, TakeMail());
    if (taken) return StepOutcome::kProgress;
  }
  if (checkpoint_.recording()) {
    WEIR_ASSIGN_OR_RETURN(const bool read, gate_->ReadAhead());
    if (read) return StepOutcome::kProgress;
  }
  // What an unaligned snapshot emits joins what is held back.
  if (!context_.outputs().Drain() && !checkpoint_.urgent()) return StepOutcome::kBlocked;
  if (phase_ == Phase::kEnding) return StepEnding();
  WEIR_ASSIGN_OR_RETURN(const bool drained, chain_->Drain());
  if (!drained) return StepOutcome::kBlocked;
  if (checkpoint_.chain_preparing()) return StepCheckpoint();
  if (checkpoint_.tables_frozen() && chain_->AwaitsThaw()) return StepOutcome::kBlocked;
  if (chain_->timers_due()) {
    WEIR_RETURN_IF_ERROR(chain_->FireTimers());
    return StepOutcome::kProgress;
  }
  if (context_.TakeDueTimer()) {
    WEIR_RETURN_IF_ERROR(chain_->OnProcessingTime(context_.processing_time_ms()));
    return StepOutcome::kProgress;
  }
  if (checkpoint_.preparing()) return StepCheckpoint();
  if (phase_ == Phase::kInput) {
    holds_input_ = chain_->HoldsInput();
    return holds_input_ ? StepOutcome::kBlocked : StepInput();
  }
  // Who has ended its output may still pass barriers on.
  WEIR_ASSIGN_OR_RETURN(const bool late, gate_->Deliver(*chain_));
  if (late) return StepOutcome::kProgress;
  WEIR_ASSIGN_OR_RETURN(const bool finished, chain_->Finish());
  if (!finished) return chain_->timers_due() ? StepOutcome::kProgress : StepOutcome::kIdle;
  phase_ = Phase::kEnding;
  return StepOutcome::kProgress;
}

// False: there was nothing that may be taken now.
Result<bool> Task::TakeMail() {
  if (const std::optional<CheckpointEnd> end = mailbox_->TakeCheckpointEnd()) {
    if (!end->complete) checkpoint_.OnAborted(end->checkpoint_id);
    if (stores_ != nullptr) stores_->CheckpointEnded(end->checkpoint_id, end->complete);
    WEIR_RETURN_IF_ERROR(end->complete ? chain_->NotifyCheckpointComplete(end->checkpoint_id)
                                       : chain_->NotifyCheckpointAborted(end->checkpoint_id));
    return true;
  }
  if (const auto announced = mailbox_->TakeAnnounced(checkpoint_.takes_announced())) {
    checkpoint_.Announce(*announced);
    return true;
  }
  // What a coordinator sent behind a trigger must not get into that checkpoint's state.
  if (checkpoint_.preparing()) return false;
  const auto mail = mailbox_->TakeOrdered(TakesTriggers());
  if (!mail) return false;
  if (const auto* trigger = std::get_if<internal::Barrier>(&*mail)) {
    checkpoint_.Trigger(*trigger);
    return true;
  }
  const auto& event = std::get<CoordinatorEvent>(*mail);
  WEIR_RETURN_IF_ERROR(chain_->OnCoordinatorEvent(event.operator_index, event.payload));
  return true;
}

bool Task::TakesTriggers() const {
  // What is still in the channels belongs to the checkpoint of whoever has sent it and ended.
  return checkpoint_.takes_triggers() && gate_->ended();
}

Result<StepOutcome> Task::StepCheckpoint() {
  WEIR_ASSIGN_OR_RETURN(
      const bool advanced,
      checkpoint_.Advance(*chain_, phase_ == Phase::kEnding ? &context_.outputs() : nullptr));
  if (advanced) return StepOutcome::kProgress;
  // Timers go on until the chain prepares.
  holds_input_ = phase_ != Phase::kEnding && !checkpoint_.chain_preparing();
  return StepOutcome::kBlocked;
}

Result<StepOutcome> Task::StepEnding() {
  // Barriers that are written from then on may find nobody who reads them.
  drained_ |= context_.outputs().empty();
  if (!drained_ && !checkpoint_.urgent()) return StepOutcome::kBlocked;
  // A sink that waits for its commit says here that it failed.
  WEIR_ASSIGN_OR_RETURN(const bool drained, chain_->Drain());
  if (!drained) return StepOutcome::kBlocked;
  if (checkpoint_.preparing()) return StepCheckpoint();
  if (!drained_) return StepOutcome::kBlocked;
  WEIR_ASSIGN_OR_RETURN(const bool late, gate_->Deliver(*chain_));
  if (late) return StepOutcome::kProgress;
  if (chain_->AwaitsCheckpoint()) {
    if (!std::exchange(checkpoint_requested_, true)) {
      resources_.events.OnCheckpointRequested(attempt_);
    }
    return StepOutcome::kIdle;
  }
  return checkpoint_.saving() ? StepOutcome::kIdle : StepOutcome::kDone;
}

Result<StepOutcome> Task::StepInput() {
  if (is_source_) return StepSource();
  bool delivered = false;
  if (!gate_->ended()) {
    WEIR_ASSIGN_OR_RETURN(delivered, gate_->Deliver(*chain_));
    input_watermark_ms_.store(gate_->watermark_ms(), std::memory_order_relaxed);
  }
  if (gate_->ended()) {
    phase_ = Phase::kFinishing;
    return StepOutcome::kProgress;
  }
  return delivered ? StepOutcome::kProgress : StepOutcome::kIdle;
}

Result<StepOutcome> Task::StepSource() {
  const std::uint64_t records_out = context_.outputs().records_out().value();
  for (std::uint32_t blocks = 1;; ++blocks) {
    WEIR_ASSIGN_OR_RETURN(const internal::PollStatus polled, chain_->Poll());
    if (polled == internal::PollStatus::kIdle) {
      return blocks == 1 ? StepOutcome::kIdle : StepOutcome::kProgress;
    }
    if (polled == internal::PollStatus::kEndOfInput) {
      phase_ = Phase::kFinishing;
      return StepOutcome::kProgress;
    }
    if (blocks >= blocks_of_a_turn_) return StepOutcome::kProgress;
    // A batch that has left is in the cache of whoever is next, or credit is short.
    if (context_.outputs().records_out().value() != records_out) return StepOutcome::kProgress;
    if (mailbox_->canceled() || mailbox_->HasMail()) return StepOutcome::kProgress;
    WEIR_ASSIGN_OR_RETURN(const bool drained, chain_->Drain());
    if (!drained || chain_->timers_due()) return StepOutcome::kProgress;
    if (checkpoint_.tables_frozen() && chain_->AwaitsThaw()) return StepOutcome::kProgress;
  }
}

void Task::FitTurn(std::int64_t turn_ns) {
  if (turn_ns < kShortTurnNs) {
    blocks_of_a_turn_ = std::min(2 * blocks_of_a_turn_, kMostBlocksOfATurn);
  } else if (turn_ns > kLongTurnNs) {
    blocks_of_a_turn_ = std::max(blocks_of_a_turn_ / 2, 1u);
  }
}

Status Task::FlushIfDue(StepOutcome outcome, std::int64_t now_ns) {
  if (outcome == StepOutcome::kDone) return Status::Ok();
  flush_wanted_ |= outcome == StepOutcome::kProgress;
  if (!flush_wanted_) return Status::Ok();
  // Only a task without input ships at once: one that is blocked would fill the channels with tiny
  // batches. Both ship after the time-out.
  const bool idle = outcome == StepOutcome::kIdle;
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  if (!idle && now_ns - flushed_ns_ < resources_.options.buffer_timeout_ms * kNanosPerMilli) {
    return Status::Ok();
  }
  flushed_ns_ = now_ns;
  // Flushing a blocked task leaves out channels without credit; they are tried again.
  if (idle) flush_wanted_ = false;
  return RunUserCode([this]() -> Status {
    chain_->Flush();
    return Status::Ok();
  });
}

std::optional<std::int64_t> Task::next_wake_ns() const {
  std::optional<std::int64_t> timer_ns = context_.timer_ns();
  if (phase_ == Phase::kEnding) timer_ns.reset();
  if (!blocked_) return timer_ns;
  if (!flush_wanted_) return holds_input_ ? timer_ns : std::nullopt;
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  const std::int64_t timeout_ms = std::max<std::int64_t>(resources_.options.buffer_timeout_ms, 1);
  const std::int64_t flush_ns = flushed_ns_ + timeout_ms * kNanosPerMilli;
  return holds_input_ && timer_ns ? std::min(flush_ns, *timer_ns) : flush_ns;
}

StepOutcome Task::Fault(const Status& cause) {
  Handle(TaskEvent::kErred, Named(cause));
  return StepOutcome::kDone;
}

void Task::Retire() {
  const Status started = resources_.pool.Run([self = shared_from_this()] { self->Close(); });
  // Without a thread the slot's own has to wait for Close().
  if (!started.ok()) Close();
}

void Task::SetMeasuredStores(const TaskStores* stores) {
  MutexLock lock(measured_mutex_);
  measured_stores_ = stores;
}

void Task::Close() {
  Status closed;
  checkpoint_.Close();
  SetMeasuredStores(nullptr);
  if (chain_ != nullptr) {
    SlotPageEntry* entry = resources_.page != nullptr ? resources_.page->TakeFloating() : nullptr;
    context_.Enter(RunningPhase::kClose, entry, resources_.clock.MonotonicNanos());
    // Nothing was opened where the restore failed.
    if (!restore_failed_) closed = RunUserCode([this] { return chain_->Close(); });
    if (closed.ok() && context_.failure()) closed = *context_.failure();
    if (!closed.ok() && !failed_operator_) failed_operator_ = context_.entered_operator();
    chain_.reset();
    stores_.reset();
    context_.Exit(resources_.clock.MonotonicNanos(), TimeUse::kBusy);
    if (entry != nullptr) resources_.page->GiveBack(entry);
  }
  stores_.reset();  // where no chain was made
  context_.time().End(resources_.clock.MonotonicNanos());
  if (gate_ != nullptr) gate_->Close();
  // A finished task keeps its outputs: what was handed to the network may still be on its way.
  if (!drained_) context_.outputs().Close();
  Handle(TaskEvent::kClosed, closed.ok() ? closed : Named(closed));
}

Status Task::Named(const Status& cause) const {
  const internal::JobVertex& vertex = resources_.job.graph().vertices[attempt_.vertex];
  std::string name = DescribeTask(vertex, attempt_);
  if (failed_operator_ && *failed_operator_ < vertex.operators.size()) {
    name += ", operator '" + vertex.operators[*failed_operator_].name + "'";
  }
  return cause.WithContext(name);
}

void Task::Handle(TaskEvent event, const Status& error) {
  TaskState state;
  Status failure;
  {
    MutexLock lock(mutex_);
    if (!machine_.Handle(event, error)) return;
    state = machine_.state();
    failure = machine_.failure();
  }
  Report(state, failure);
}

void Task::Report(TaskState state, const Status& failure) {
  // Whoever deployed or canceled it knows that.
  if (state == TaskState::kDeploying || state == TaskState::kCanceling) return;
  TaskStateChange change{.task = attempt_, .state = state};
  if (state == TaskState::kFailed) {
    const internal::JobVertex& vertex = resources_.job.graph().vertices[attempt_.vertex];
    change.failure = TaskFailure{.cause = failure,
                                 .vertex_id = vertex.id,
                                 .task_name = vertex.name,
                                 .subtask = attempt_.subtask,
                                 .attempt = attempt_.attempt,
                                 .time_ms = resources_.clock.WallMillis(),
                                 .restore_failed = restore_failed_};
    if (failed_operator_ && *failed_operator_ < vertex.operators.size()) {
      change.failure->operator_index = *failed_operator_;
      change.failure->operator_name = vertex.operators[*failed_operator_].name;
    }
  }
  if (IsTerminal(state)) change.final_statistics = Statistics();
  resources_.events.OnTaskState(std::move(change));
}

TaskStatistics Task::Statistics() const {
  const TaskOutputs& outputs = context_.outputs();
  TaskStatistics statistics{.task = attempt_,
                            .records_in = records_in_.value(),
                            .records_out = outputs.records_out().value(),
                            .bytes_in = bytes_in_.value(),
                            .bytes_out = outputs.bytes_out().value()};
  const TimeAccounting::Times times = context_.time().Read(resources_.clock.MonotonicNanos());
  statistics.busy_ms = times.busy_ms;
  statistics.idle_ms = times.idle_ms;
  statistics.back_pressured_ms = times.back_pressured_ms;
  statistics.current_watermark_ms =
      is_source_ ? outputs.watermark_ms() : input_watermark_ms_.load(std::memory_order_relaxed);
  context_.task_metrics().AddTo(statistics);
  MutexLock lock(measured_mutex_);
  if (measured_stores_ != nullptr) measured_stores_->AddMetrics(statistics.gauges);
  return statistics;
}

}  // namespace weir::task
