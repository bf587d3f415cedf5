#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <weir/internal/operator_chain.h>
#include <weir/internal/state/keyed_state_backend.h>
#include <weir/internal/state/keyed_store.h>

namespace weir::internal {
namespace {

// Where the exception is to be one of this operator's, and others are still to be called or asked.
template <class Call>
Status CallUserFunction(std::string_view function, Call&& call) {
  try {
    return call();
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& exception) {
    return Status::UserError(std::string(function) + " threw: " + exception.what());
  } catch (...) {
    return Status::UserError(std::string(function) + " threw something that is no std::exception");
  }
}

}  // namespace

OperatorChain::OperatorChain(const ChainPlan& plan, ChainContext& context)
    : plan_(plan),
      context_(context),
      timers_(context, static_cast<std::uint32_t>(plan.operators.size())),
      first_opened_(static_cast<std::uint32_t>(plan.operators.size())) {
  operators_.resize(plan.operators.size());
  side_outputs_.resize(plan.operators.size());
  errors_.resize(plan.operators.size());
  outputs_.resize(plan.outputs.size());
  // Last one first: an operator is made with what it pushes into.
  for (auto i = static_cast<std::uint32_t>(plan.operators.size()); i-- > 0;) {
    ConnectSideOutputs(i);
    AnyInput* output = ConnectOutput(i);
    operators_[i] = plan.operators[i].factory->Create(
        {&context_, &failure_, i, &timers_, side_outputs_[i].get(), errors_[i].get(),
         plan.operators[i].id},
        output);
  }
  holding_ = operators_.empty() ? nullptr : operators_.front()->holding();
  for (const ChainedKeyedTable& table : OperatorChain::keyed_tables()) {
    if (table.in_store) stored_tables_.push_back(table.table);
  }
  for (std::uint32_t number : plan.input_numbers) {
    inputs_.push_back(operators_.front()->input(number));
    if (open_edges_.size() <= number) open_edges_.resize(number + 1);
    ++open_edges_[number];
  }
}

std::vector<AnyInput*> OperatorChain::Connect(std::uint32_t operator_index,
                                              const std::vector<ChainConsumer>& consumers) {
  std::vector<AnyInput*> inputs;
  for (const ChainConsumer& consumer : consumers) {
    inputs.push_back(consumer.chained ? operators_[consumer.index]->input(0)
                                      : CreateWriter(operator_index, consumer.index));
  }
  return inputs;
}

AnyInput* OperatorChain::Keep(std::unique_ptr<AnyInput> connection) {
  if (!connection) return nullptr;
  connections_.push_back(std::move(connection));
  return connections_.back().get();
}

AnyInput* OperatorChain::ConnectOutput(std::uint32_t operator_index) {
  const PlannedOperator& planned = plan_.operators[operator_index];
  std::vector<AnyInput*> consumers = Connect(operator_index, planned.consumers);
  AnyInput* output = nullptr;
  if (consumers.size() == 1) {
    output = consumers.front();
  } else if (consumers.empty()) {
    output = Keep(planned.factory->CreateDiscard());
  } else {
    output = Keep(planned.factory->CreateFork(std::move(consumers)));
  }
  if (!side_outputs_[operator_index]) return output;
  return Keep(planned.factory->CreateMainOutput(output, *side_outputs_[operator_index]));
}

void OperatorChain::ConnectSideOutputs(std::uint32_t operator_index) {
  const OperatorContext context{&context_, &failure_, operator_index,
                                &timers_,  nullptr,   CreateErrors(operator_index)};
  for (const PlannedSideOutput& planned : plan_.operators[operator_index].side_outputs) {
    const SideOutputFactory& factory = *planned.output.factory;
    std::vector<AnyInput*> consumers = Connect(operator_index, planned.consumers);
    if (consumers.empty()) continue;
    AnyInput* input =
        consumers.size() == 1 ? consumers.front() : Keep(factory.CreateFork(std::move(consumers)));
    auto& sides = side_outputs_[operator_index];
    if (!sides) sides = std::make_unique<SideOutputs>();
    sides->Add(planned.output.id, factory.type(), factory.CreateCollector(context, *input));
  }
  if (errors_[operator_index]) {
    errors_[operator_index]->SetSideOutputs(side_outputs_[operator_index].get());
  }
}

RecordErrors* OperatorChain::CreateErrors(std::uint32_t operator_index) {
  const PlannedOperator& planned = plan_.operators[operator_index];
  if (planned.error_policy != ErrorPolicy::kFail) {
    errors_[operator_index] =
        std::make_unique<RecordErrors>(planned.error_policy, planned.name, context_);
  }
  return errors_[operator_index].get();
}

AnyInput* OperatorChain::CreateWriter(std::uint32_t operator_index, std::uint32_t output) {
  const PlannedOutput& planned = plan_.outputs[output];
  EdgeWriter writer =
      planned.factory->CreateWriter({&context_, &failure_, operator_index, &timers_}, output,
                                    planned.partitioning, planned.target_max_parallelism);
  outputs_[output] = writer.output;
  connections_.push_back(std::move(writer.input));
  return connections_.back().get();
}

Status OperatorChain::Open() {
  while (first_opened_ > 0) {
    --first_opened_;
    context_.EnterOperator(first_opened_);
    const Status status = OpenOperator(first_opened_);
    if (!status.ok()) return status.WithContext(plan_.operators[first_opened_].name);
  }
  restored_.clear();
  return Status::Ok();
}

Status OperatorChain::OpenOperator(std::uint32_t operator_index) {
  const auto restored = std::find_if(restored_.begin(), restored_.end(), [&](const auto& each) {
    return each.operator_index == operator_index;
  });
  WEIR_RETURN_IF_ERROR(operators_[operator_index]->InitializeState(
      restored == restored_.end() ? nullptr : &restored->states));
  return operators_[operator_index]->Open();
}

std::vector<ChainedKeyedTable> OperatorChain::keyed_tables() {
  std::vector<ChainedKeyedTable> tables;
  for (std::uint32_t i = 0; i < operators_.size(); ++i) {
    KeyedStateBackend* const backend = operators_[i]->keyed_state_backend();
    if (backend == nullptr) continue;
    for (const auto& [name, table] : backend->tables()) {
      tables.push_back({i, name, table.get(), table->schema(), table->in_store()});
    }
  }
  return tables;
}

// Operators that nothing is chained behind prepare at the same time; another one may push out
// records while it does, so those behind it come after it.
Result<bool> OperatorChain::PrepareCheckpoint(const Barrier& barrier) {
  if (preparing_ != barrier.checkpoint_id) {
    preparing_ = barrier.checkpoint_id;
    prepared_.assign(operators_.size(), false);
  }
  bool all = true;
  for (std::uint32_t i = 0; i < operators_.size(); ++i) {
    if (prepared_[i]) continue;
    context_.EnterOperator(i);
    Result<bool> prepared = operators_[i]->PrepareCheckpoint(barrier);
    if (!prepared.ok()) return prepared.status().WithContext(plan_.operators[i].name);
    if (failure_.failed()) return failure_.status();
    if (side_outputs_[i]) side_outputs_[i]->Finish();
    prepared_[i] = *prepared;
    all = all && *prepared;
    const PlannedOperator& planned = plan_.operators[i];
    if (!*prepared && !(planned.consumers.empty() && planned.side_outputs.empty())) break;
  }
  if (all) preparing_.reset();
  return all;
}

void OperatorChain::EmitBarrier(const Barrier& barrier) {
  if (ended_) return;  // EndOfInput stands for all barriers to come
  for (OutputNode* output : outputs_) output->EmitBarrier(barrier);
}

bool OperatorChain::AwaitsCheckpoint() const {
  return std::any_of(operators_.begin(), operators_.end(),
                     [](const auto& each) { return each->AwaitsCheckpoint(); });
}

bool OperatorChain::AwaitsThaw() const {
  return std::any_of(stored_tables_.begin(), stored_tables_.end(),
                     [](const KeyedTable* table) { return table->must_wait(); });
}

void OperatorChain::RestoreOperatorState(std::vector<ChainedOperatorState> restored) {
  restored_ = std::move(restored);
}

Result<std::vector<ChainedOperatorState>> OperatorChain::SnapshotOperatorState(
    std::uint64_t checkpoint_id) {
  std::vector<ChainedOperatorState> snapshot;
  for (std::uint32_t i = 0; i < operators_.size(); ++i) {
    context_.EnterOperator(i);
    ChainedOperatorState state{i, {}};
    const Status status = CallUserFunction(
        "SnapshotState", [&] { return operators_[i]->SnapshotState(checkpoint_id, state.states); });
    if (!status.ok()) return status.WithContext(plan_.operators[i].name);
    if (!state.states.empty()) snapshot.push_back(std::move(state));
  }
  if (failure_.failed()) return failure_.status();
  return snapshot;
}

Status OperatorChain::NotifyCheckpointComplete(std::uint64_t checkpoint_id) {
  return EndCheckpoint(checkpoint_id, true);
}

Status OperatorChain::NotifyCheckpointAborted(std::uint64_t checkpoint_id) {
  return EndCheckpoint(checkpoint_id, false);
}

Status OperatorChain::EndCheckpoint(std::uint64_t checkpoint_id, bool complete) {
  if (!complete && preparing_ == checkpoint_id) preparing_.reset();
  for (std::uint32_t i = 0; i < operators_.size(); ++i) {
    context_.EnterOperator(i);
    Status status = operators_[i]->OnCheckpointEnd(checkpoint_id, complete);
    if (!status.ok()) return status.WithContext(plan_.operators[i].name);
  }
  return failure_.status();
}

void OperatorChain::InputBlockDone() {
  // The head's first: they may fill those of what is chained behind it.
  for (const auto& sides : side_outputs_) {
    if (sides) sides->Finish();
  }
  for (OutputNode* output : outputs_) output->InputBlockDone();
  EvictState();
}

Result<PollStatus> OperatorChain::Poll() {
  Result<PollStatus> polled = operators_.front()->Poll();
  if (!polled.ok()) return polled.status().WithContext(plan_.operators.front().name);
  if (failure_.failed()) return failure_.status();
  if (*polled == PollStatus::kProgress) InputBlockDone();
  return polled;
}

Status OperatorChain::OnBatch(std::uint32_t input, AnyBatch& batch) {
  inputs_[input]->PushBatch(batch);
  if (failure_.failed()) return failure_.status();
  InputBlockDone();
  return Status::Ok();
}

Status OperatorChain::OnWatermark(std::uint32_t input, Watermark watermark) {
  inputs_[input]->OnWatermark(watermark);
  EvictState();  // windows have fired
  return failure_.status();
}

Status OperatorChain::OnWatermarkStatus(std::uint32_t input, WatermarkStatus status) {
  inputs_[input]->OnWatermarkStatus(status);
  return failure_.status();
}

Status OperatorChain::OnEndOfInput(std::uint32_t input) {
  const std::uint32_t number = plan_.input_numbers[input];
  if (--open_edges_[number] == 0) operators_.front()->EndInput(number);
  return failure_.status();
}

Status OperatorChain::OnCoordinatorEvent(std::uint32_t operator_index, std::string_view payload) {
  if (operator_index >= operators_.size()) {
    return Status::Internal("coordinator event for operator " + std::to_string(operator_index) +
                            " of a chain of " + std::to_string(operators_.size()));
  }
  return operators_[operator_index]->OnCoordinatorEvent(payload).WithContext(
      plan_.operators[operator_index].name);
}

Status OperatorChain::OnProcessingTime(std::int64_t now_ms) {
  WEIR_RETURN_IF_ERROR(timers_.Fire(now_ms, [&](std::uint32_t index, std::int64_t time_ms) {
    context_.EnterOperator(index);
    return operators_[index]->OnProcessingTime(time_ms).WithContext(plan_.operators[index].name);
  }));
  if (failure_.failed()) return failure_.status();
  InputBlockDone();
  return Status::Ok();
}

Status OperatorChain::FireTimers() {
  if (!timers_.any_due()) return Status::Ok();
  const std::uint32_t index = timers_.last_due();
  context_.EnterOperator(index);
  WEIR_RETURN_IF_ERROR(operators_[index]->FireTimers().WithContext(plan_.operators[index].name));
  if (failure_.failed()) return failure_.status();
  InputBlockDone();
  return Status::Ok();
}

Result<bool> OperatorChain::Drain() {
  bool drained = true;
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    Result<bool> result = operators_[i]->Drain();
    if (!result.ok()) return result.status().WithContext(plan_.operators[i].name);
    drained = drained && *result;
  }
  if (!drained || holding_ == nullptr) return drained;
  // What it passes on would wait in front of the due timers, or come to a sink that is prepared.
  if (timers_.any_due() || preparing_) return true;
  Result<bool> resumed = holding_->Resume();
  if (!resumed.ok()) return resumed.status().WithContext(plan_.operators.front().name);
  if (failure_.failed()) return failure_.status();
  if (*resumed) InputBlockDone();
  return true;
}

void OperatorChain::Flush() {
  for (OutputNode* output : outputs_) output->Flush();
}

Result<bool> OperatorChain::Finish() {
  for (; finished_ < operators_.size(); ++finished_) {
    if (timers_.any_due()) return false;  // by what an operator before it emitted
    Result<bool> result = operators_[finished_]->Finish();
    if (!result.ok()) return result.status().WithContext(plan_.operators[finished_].name);
    if (failure_.failed()) return failure_.status();
    EvictState();
    if (!*result) return false;
    if (side_outputs_[finished_]) side_outputs_[finished_]->Finish();
  }
  if (!std::exchange(ended_, true)) {
    for (OutputNode* output : outputs_) output->End();
  }
  return true;
}

Status OperatorChain::Close() {
  Status first;
  std::uint32_t failed = 0;
  for (std::size_t i = first_opened_; i < operators_.size(); ++i) {
    context_.EnterOperator(static_cast<std::uint32_t>(i));
    const Status status = CallUserFunction("Close", [&] { return operators_[i]->Close(); });
    if (!first.ok() || status.ok()) continue;
    first = status.WithContext(plan_.operators[i].name);
    failed = static_cast<std::uint32_t>(i);
  }
  first_opened_ = static_cast<std::uint32_t>(operators_.size());
  if (!first.ok()) context_.EnterOperator(failed);  // whose failure this is
  return first;
}

}  // namespace weir::internal
