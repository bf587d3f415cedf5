#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <variant>

#include <weir/internal/testing/harness_tasks.h>
#include <weir/internal/watermark_merger.h>

namespace weir::testing {

using internal::AnyBatch;
using internal::ControlElement;
using internal::WatermarkMerger;

// One input of an operator: all edges that lead to it.
struct HarnessTasks::InputNumber {
  std::uint32_t first_edge = 0;  // position in Task::incoming
  std::uint32_t edges = 0;
  WatermarkMerger merger{0};
};

struct HarnessTasks::Incoming {
  std::uint32_t number = 0;
  std::uint32_t merged_as = 0;  // channel of the input's merger
  FakeOutputChannel* channel = nullptr;
};

struct HarnessTasks::Task {
  explicit Task(std::uint32_t output_count)
      : context(std::vector<std::uint32_t>(output_count, 1)) {}

  std::uint32_t vertex = 0;
  bool is_source = false;
  ElementConsumer* consumer = nullptr;  // in place of a chain
  FakeChainContext context;
  std::unique_ptr<internal::Chain> chain;
  std::vector<Incoming> incoming;
  std::vector<InputNumber> numbers;
  std::uint32_t open_edges = 0;
  bool input_ended = false;
  bool done = false;
};

HarnessTasks::HarnessTasks() = default;
HarnessTasks::~HarnessTasks() = default;

Status HarnessTasks::Open(std::unique_ptr<internal::CompiledJob> job,
                          const std::map<std::string, ElementConsumer*>& consumers) {
  job_ = std::move(job);
  for (const internal::JobVertex& vertex : job_->graph().vertices) {
    if (vertex.parallelism != 1) {
      return Status::InvalidArgument("a harness runs one subtask of each operator, but '" +
                                     vertex.name + "' has parallelism " +
                                     std::to_string(vertex.parallelism));
    }
  }
  MakeTasks(consumers);
  ConnectTasks();
  WEIR_RETURN_IF_ERROR(CheckAllRestored());
  for (auto& task : tasks_) {
    if (task->consumer == nullptr) WEIR_RETURN_IF_ERROR(OpenChain(*task));
  }
  restored_.clear();
  return Run();
}

Status HarnessTasks::RunAsSubtask(std::uint32_t subtask, std::uint32_t parallelism) {
  if (subtask >= parallelism) {
    return Status::InvalidArgument("there is no subtask " + std::to_string(subtask) + " of " +
                                   std::to_string(parallelism));
  }
  subtask_ = subtask;
  parallelism_ = parallelism;
  return Status::Ok();
}

Status HarnessTasks::OpenChain(Task& task) {
  task.chain = job_->CreateChain(task.vertex, task.context);
  if (!restored_.empty()) {
    WEIR_RETURN_IF_ERROR(StateSnapshot::Restore(restored_, job_->graph().vertices[task.vertex],
                                                task.context.fake_runtime.information,
                                                *task.chain));
  }
  return task.chain->Open();
}

// State that no operator takes would be lost in silence.
Status HarnessTasks::CheckAllRestored() const {
  std::set<std::string> known;
  for (const internal::JobVertex& vertex : job_->graph().vertices) {
    for (const auto& each : vertex.operators) known.insert(each.id);
  }
  for (const StateSnapshot& snapshot : restored_) {
    for (const std::string& id : snapshot.operator_ids()) {
      if (known.contains(id)) continue;
      return Status(StatusCode::kFailedPrecondition,
                    "the snapshot has state of operator " + id +
                        ", which the program does not have: has its uid changed?",
                    ErrorDomain::kUser, RetryHint::kNoRetry);
    }
  }
  return Status::Ok();
}

void HarnessTasks::MakeTasks(const std::map<std::string, ElementConsumer*>& consumers) {
  const internal::JobGraph& graph = job_->graph();
  for (std::uint32_t v = 0; v < graph.vertices.size(); ++v) {
    const auto outputs =
        std::count_if(graph.edges.begin(), graph.edges.end(),
                      [v](const internal::JobEdge& edge) { return edge.source_vertex == v; });
    auto& task = *tasks_.emplace_back(std::make_unique<Task>(static_cast<std::uint32_t>(outputs)));
    const internal::JobVertex& vertex = graph.vertices[v];
    task.vertex = v;
    task.is_source = vertex.is_source;
    task.context.fake_availability = std::make_shared<FakeAvailability>(notifications_);
    const auto consumer = consumers.find(vertex.operators.front().uid);
    if (consumer != consumers.end()) task.consumer = consumer->second;
    TaskInformation& information = task.context.fake_runtime.information;
    information.job_name = graph.name;
    information.task_name = vertex.name;
    information.subtask_index = subtask_;
    information.parallelism = parallelism_;
    information.max_parallelism = vertex.max_parallelism;
  }
  SetClocks(processing_time_ms_);
}

void HarnessTasks::ConnectTasks() {
  std::map<std::uint32_t, std::uint32_t> outputs_of_vertex;
  for (const internal::JobEdge& edge : job_->graph().edges) {
    Task& target = *tasks_[edge.target_vertex];
    if (target.numbers.size() <= edge.target_input) target.numbers.resize(edge.target_input + 1);
    InputNumber& number = target.numbers[edge.target_input];
    if (number.edges == 0) number.first_edge = static_cast<std::uint32_t>(target.incoming.size());
    const std::uint32_t output = outputs_of_vertex[edge.source_vertex]++;
    target.incoming.push_back({edge.target_input, number.edges++,
                               tasks_[edge.source_vertex]->context.outputs[output][0].get()});
    ++target.open_edges;
  }
  for (auto& task : tasks_) {
    for (InputNumber& number : task->numbers) number.merger = WatermarkMerger(number.edges);
  }
}

Status HarnessTasks::Run() {
  return RunFrom(0);
}

Status HarnessTasks::RunFrom(std::size_t first_task) {
  for (bool progress = true; progress;) {
    const std::uint64_t notified = notifications_->value();
    progress = false;
    for (std::size_t i = first_task; i < tasks_.size(); ++i) {
      WEIR_ASSIGN_OR_RETURN(const bool moved, Step(*tasks_[i]));
      progress = progress || moved;
    }
    progress = progress || notifications_->value() != notified;
  }
  return Status::Ok();
}

Status HarnessTasks::RunUntil(const std::function<bool()>& condition, std::int64_t timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  return WaitFor(0, deadline, [&] { return Result<bool>(condition()); })
      .WithContext("after " + std::to_string(timeout_ms) + " ms");
}

Status HarnessTasks::WaitFor(std::size_t first_task, std::chrono::steady_clock::time_point deadline,
                             const std::function<Result<bool>()>& condition) {
  for (;;) {
    const std::uint64_t notified = notifications_->value();
    WEIR_RETURN_IF_ERROR(RunFrom(first_task));
    WEIR_ASSIGN_OR_RETURN(const bool holds, condition());
    if (holds) return Status::Ok();
    if (!notifications_->WaitForMore(notified, deadline)) {
      return Status(StatusCode::kTimedOut, "what the test waits for has not come");
    }
  }
}

Result<bool> HarnessTasks::Settled(Task& task) {
  for (const Incoming& incoming : task.incoming) {
    if (!incoming.channel->written.empty()) return false;
  }
  if (task.done) return true;
  WEIR_ASSIGN_OR_RETURN(const bool drained, task.chain->Drain());
  return drained && !task.chain->timers_due();
}

// Upstream tasks come first and do nothing after their own snapshot: as with barriers, what is
// before the snapshot of one is before those of all behind it.
Result<StateSnapshot> HarnessTasks::TakeSnapshot(std::uint64_t checkpoint_id,
                                                 std::int64_t timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  const internal::Barrier barrier{checkpoint_id, processing_time_ms_};
  StateSnapshot snapshot;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    Task& task = *tasks_[i];
    if (task.consumer != nullptr) continue;
    WEIR_RETURN_IF_ERROR(WaitFor(i, deadline, [&] { return Settled(task); }));
    WEIR_RETURN_IF_ERROR(
        WaitFor(i + 1, deadline, [&] { return task.chain->PrepareCheckpoint(barrier); }));
    WEIR_RETURN_IF_ERROR(snapshot.Save(*task.chain, job_->graph().vertices[task.vertex],
                                       checkpoint_id, processing_time_ms_));
    task.chain->Flush();
  }
  WEIR_RETURN_IF_ERROR(Run());
  return snapshot;
}

Status HarnessTasks::EndCheckpoint(std::uint64_t checkpoint_id, bool complete) {
  for (auto& task : tasks_) {
    if (!task->chain) continue;
    WEIR_RETURN_IF_ERROR(complete ? task->chain->NotifyCheckpointComplete(checkpoint_id)
                                  : task->chain->NotifyCheckpointAborted(checkpoint_id));
  }
  return Run();
}

Result<bool> HarnessTasks::Step(Task& task) {
  if (task.done) return false;
  if (task.consumer == nullptr) return StepChain(task);
  WEIR_ASSIGN_OR_RETURN(const bool moved, StepInputs(task));
  task.done = task.open_edges == 0;
  return moved;
}

Result<bool> HarnessTasks::StepChain(Task& task) {
  WEIR_ASSIGN_OR_RETURN(const bool drained, task.chain->Drain());
  if (!drained) return false;
  if (task.chain->timers_due()) {
    WEIR_RETURN_IF_ERROR(task.chain->FireTimers());
    task.chain->Flush();
    return true;
  }
  if (task.input_ended) {
    WEIR_ASSIGN_OR_RETURN(task.done, task.chain->Finish());
    return task.done || task.chain->timers_due();
  }
  bool moved = false;
  if (task.is_source) {
    WEIR_ASSIGN_OR_RETURN(const internal::PollStatus polled, task.chain->Poll());
    moved = polled != internal::PollStatus::kIdle;
    task.input_ended = polled == internal::PollStatus::kEndOfInput;
  } else {
    WEIR_ASSIGN_OR_RETURN(moved, StepInputs(task));
    task.input_ended = task.open_edges == 0;
  }
  task.chain->Flush();
  return moved;
}

Result<bool> HarnessTasks::StepInputs(Task& task) {
  bool moved = false;
  for (std::size_t i = 0; i < task.incoming.size(); ++i) {
    auto& written = task.incoming[i].channel->written;
    while (!written.empty() &&
           !(task.chain && (task.chain->timers_due() || task.chain->HoldsInput()))) {
      FakeOutputChannel::Element element = std::move(written.front());
      written.pop_front();
      moved = true;
      WEIR_RETURN_IF_ERROR(Deliver(task, i, std::move(element)));
    }
  }
  return moved;
}

Status HarnessTasks::Deliver(Task& task, std::size_t incoming, FakeOutputChannel::Element element) {
  auto* batch = std::get_if<std::unique_ptr<AnyBatch>>(&element);
  if (batch == nullptr) return DeliverControl(task, incoming, std::get<ControlElement>(element));
  if (task.consumer != nullptr) {
    task.consumer->OnBatch(**batch);
  } else {
    WEIR_RETURN_IF_ERROR(task.chain->OnBatch(static_cast<std::uint32_t>(incoming), **batch));
  }
  (*batch)->Clear();
  task.incoming[incoming].channel->recycled.push_back(std::move(*batch));
  return Status::Ok();
}

Status HarnessTasks::DeliverControl(Task& task, std::size_t incoming,
                                    const ControlElement& control) {
  const Incoming& from = task.incoming[incoming];
  InputNumber& number = task.numbers[from.number];
  const auto announce_status = [&](bool idle) {
    if (task.chain) return task.chain->OnWatermarkStatus(number.first_edge, {idle});
    task.consumer->OnWatermarkStatus(idle);
    return Status::Ok();
  };
  WatermarkMerger::Outcome outcome;
  if (const auto* watermark = std::get_if<internal::Watermark>(&control)) {
    outcome = number.merger.OnWatermark(from.merged_as, watermark->timestamp_ms);
  } else if (const auto* status = std::get_if<internal::WatermarkStatus>(&control)) {
    outcome = number.merger.OnStatus(from.merged_as, status->idle);
  } else if (std::holds_alternative<internal::EndOfInput>(control)) {
    outcome = number.merger.OnFinished(from.merged_as);
  }
  if (outcome.became_active) WEIR_RETURN_IF_ERROR(announce_status(false));
  if (outcome.watermark_ms && task.chain) {
    WEIR_RETURN_IF_ERROR(task.chain->OnWatermark(number.first_edge, {*outcome.watermark_ms}));
  } else if (outcome.watermark_ms) {
    task.consumer->OnWatermark(*outcome.watermark_ms);
  }
  if (outcome.became_idle) WEIR_RETURN_IF_ERROR(announce_status(true));
  if (!std::holds_alternative<internal::EndOfInput>(control)) return Status::Ok();
  --task.open_edges;
  return task.chain ? task.chain->OnEndOfInput(static_cast<std::uint32_t>(incoming)) : Status::Ok();
}

Status HarnessTasks::Inject(const std::string& source_uid, const ControlElement& element) {
  // What the source was given before goes first.
  WEIR_RETURN_IF_ERROR(Run());
  for (auto& task : tasks_) {
    if (job_->graph().vertices[task->vertex].operators.front().uid != source_uid) continue;
    for (auto& output : task->context.outputs) output.front()->WriteControl(element);
  }
  return Run();
}

Status HarnessTasks::AdvanceProcessingTime(std::int64_t to_ms) {
  if (to_ms < processing_time_ms_) {
    return Status::InvalidArgument("processing time is " + std::to_string(processing_time_ms_) +
                                   " and cannot go back to " + std::to_string(to_ms));
  }
  for (;;) {
    std::int64_t next_ms = internal::kNoTimer;
    for (auto& task : tasks_) next_ms = std::min(next_ms, task->context.timer_ms);
    if (next_ms > to_ms || next_ms == internal::kNoTimer) break;
    SetClocks(std::max(next_ms, processing_time_ms_));
    for (auto& task : tasks_) {
      if (task->context.timer_ms > processing_time_ms_ || task->done || !task->chain) continue;
      if (task->chain->timers_due()) {
        return Status::Internal("timers are due that an operator, waiting for room, cannot fire");
      }
      task->context.timer_ms = internal::kNoTimer;
      WEIR_RETURN_IF_ERROR(task->chain->OnProcessingTime(processing_time_ms_));
      task->chain->Flush();
    }
    WEIR_RETURN_IF_ERROR(Run());
  }
  SetClocks(to_ms);
  return Run();
}

void HarnessTasks::SetClocks(std::int64_t time_ms) {
  processing_time_ms_ = time_ms;
  for (auto& task : tasks_) {
    task->context.processing_time = time_ms;
    task->context.unhindered_ms = time_ms;
    if (task->done) task->context.timer_ms = internal::kNoTimer;
  }
}

Status HarnessTasks::Close() {
  Status first;
  for (auto& task : tasks_) {
    if (!task->chain) continue;
    Status closed = task->chain->Close();
    task->chain.reset();
    if (first.ok()) first = std::move(closed);
  }
  return first;
}

bool HarnessTasks::finished() const {
  return std::all_of(tasks_.begin(), tasks_.end(), [](const auto& task) { return task->done; });
}

std::uint64_t HarnessTasks::counter(std::string_view name) const {
  std::uint64_t sum = 0;
  for (const auto& task : tasks_) {
    const auto found = task->context.fake_runtime.counters.find(name);
    if (found != task->context.fake_runtime.counters.end()) sum += found->second.value();
  }
  return sum;
}

std::vector<std::string> HarnessTasks::logged() const {
  std::vector<std::string> lines;
  for (const auto& task : tasks_) {
    const auto& of_task = task->context.fake_runtime.fake_logger.lines;
    lines.insert(lines.end(), of_task.begin(), of_task.end());
  }
  return lines;
}

}  // namespace weir::testing
