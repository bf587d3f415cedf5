#include "tests/unit/sdk/job_runner.h"

#include <algorithm>
#include <limits>

#include <weir/internal/channel_layout.h>

namespace weir::testing {

using internal::AnyBatch;
using internal::JobEdge;

// An incoming edge of a task: the source subtasks' channels.
struct JobRunner::Input {
  std::uint32_t edge = 0;
  std::uint32_t number = 0;
  std::vector<FakeOutputChannel*> channels;
  std::vector<std::int64_t> watermarks;
  std::vector<bool> ended;
  bool announced_end = false;
};

struct JobRunner::Task {
  std::uint32_t vertex = 0;
  std::uint32_t subtask = 0;
  std::unique_ptr<FakeChainContext> context;
  std::vector<Input> inputs;
  std::map<std::uint32_t, std::int64_t> watermark_of_number;
  std::unique_ptr<internal::Chain> chain;
  std::deque<std::pair<std::uint32_t, std::string>> events;
  bool input_ended = false;
  bool done = false;
};

class JobRunner::Coordinator final : public internal::CoordinatorContext {
 public:
  Coordinator(JobRunner& runner, std::uint32_t vertex, std::uint32_t operator_index)
      : runner_(runner), vertex_(vertex), operator_index_(operator_index) {}
  std::uint32_t parallelism() const override {
    return runner_.job_.graph().vertices[vertex_].parallelism;
  }
  void SendToSubtask(std::uint32_t subtask, std::string payload) override {
    for (auto& task : runner_.tasks_) {
      if (task->vertex == vertex_ && task->subtask == subtask) {
        task->events.emplace_back(operator_index_, std::move(payload));
      }
    }
  }
  void Fail(Status status) override { failure = std::move(status); }
  void RunBlocking(std::function<void()> work, std::function<void()> done) override {
    work();
    done();
  }
  void Schedule(std::int64_t, std::function<void()> task) override { task(); }
  Logger& logger() override { return logger_; }

  std::unique_ptr<internal::OperatorCoordinator> peer;
  Status failure;

 private:
  JobRunner& runner_;
  const std::uint32_t vertex_;
  const std::uint32_t operator_index_;
  FakeLogger logger_;
};

JobRunner::JobRunner(const internal::CompiledJob& job, std::uint64_t seed, std::uint32_t capacity)
    : job_(job), random_(seed), capacity_(capacity) {
  const auto& graph = job.graph();
  for (std::uint32_t v = 0; v < graph.vertices.size(); ++v) {
    for (std::uint32_t s = 0; s < graph.vertices[v].parallelism; ++s) {
      auto& task = *tasks_.emplace_back(std::make_unique<Task>());
      task.vertex = v;
      task.subtask = s;
      std::vector<std::uint32_t> channels;
      for (const JobEdge& edge : graph.edges) {
        if (edge.source_vertex != v) continue;
        channels.push_back(internal::TargetsOf(edge.partitioning, s, graph.vertices[v].parallelism,
                                               graph.vertices[edge.target_vertex].parallelism)
                               .size());
      }
      task.context = std::make_unique<FakeChainContext>(channels, capacity);
      auto& information = task.context->fake_runtime.information;
      information.subtask_index = s;
      information.parallelism = graph.vertices[v].parallelism;
      information.max_parallelism = graph.vertices[v].max_parallelism;
    }
  }
  std::map<std::uint32_t, std::uint32_t> outputs_of_vertex;
  for (std::uint32_t e = 0; e < graph.edges.size(); ++e) {
    const JobEdge& edge = graph.edges[e];
    const std::uint32_t sources = graph.vertices[edge.source_vertex].parallelism;
    const std::uint32_t targets = graph.vertices[edge.target_vertex].parallelism;
    const std::uint32_t output = outputs_of_vertex[edge.source_vertex]++;
    for (auto& target : tasks_) {
      if (target->vertex != edge.target_vertex) continue;
      Input& input = target->inputs.emplace_back();
      input.edge = e;
      input.number = edge.target_input;
      for (auto& source : tasks_) {
        if (source->vertex != edge.source_vertex) continue;
        const auto range =
            internal::TargetsOf(edge.partitioning, source->subtask, sources, targets);
        if (target->subtask < range.first || target->subtask >= range.end) continue;
        input.channels.push_back(
            source->context->outputs[output][target->subtask - range.first].get());
        input.watermarks.push_back(internal::Watermark().timestamp_ms);
        input.ended.push_back(false);
      }
    }
  }
}

JobRunner::~JobRunner() = default;

Status JobRunner::Open() {
  const auto& vertices = job_.graph().vertices;
  for (std::uint32_t v = 0; v < vertices.size(); ++v) {
    for (std::uint32_t o = 0; o < vertices[v].operators.size(); ++o) {
      if (!vertices[v].operators[o].has_coordinator) continue;
      auto coordinator = std::make_unique<Coordinator>(*this, v, o);
      coordinator->peer = job_.CreateCoordinator(v, o, *coordinator);
      WEIR_RETURN_IF_ERROR(coordinator->peer->Start());
      coordinators_.emplace(std::pair(v, o), std::move(coordinator));
    }
  }
  for (auto& task : tasks_) {
    task->chain = job_.CreateChain(task->vertex, *task->context);
    WEIR_RETURN_IF_ERROR(task->chain->Open());
    for (auto& [key, coordinator] : coordinators_) {
      if (key.first != task->vertex) continue;
      WEIR_RETURN_IF_ERROR(coordinator->peer->SubtaskReady(task->subtask, 0));
    }
  }
  return Status::Ok();
}

Status JobRunner::Run() {
  WEIR_RETURN_IF_ERROR(Open());
  for (;;) {
    bool progress = false;
    WEIR_RETURN_IF_ERROR(DeliverEvents(progress));
    std::shuffle(tasks_.begin(), tasks_.end(), random_);
    bool all_done = true;
    for (auto& task : tasks_) {
      if (!task->done) WEIR_RETURN_IF_ERROR(Step(*task, progress));
      all_done = all_done && task->done;
    }
    if (all_done) break;
    if (!progress) return Status::Internal("the job makes no progress");
  }
  for (auto& task : tasks_) WEIR_RETURN_IF_ERROR(task->chain->Close());
  return Status::Ok();
}

Status JobRunner::DeliverEvents(bool& progress) {
  for (auto& task : tasks_) {
    auto sent = std::exchange(task->context->sent, {});
    for (auto& [operator_index, payload] : sent) {
      auto& coordinator = *coordinators_.at({task->vertex, operator_index});
      WEIR_RETURN_IF_ERROR(coordinator.peer->OnEvent(task->subtask, payload));
      WEIR_RETURN_IF_ERROR(coordinator.failure);
      progress = true;
    }
    while (!task->events.empty() && !task->done) {
      auto [operator_index, payload] = std::move(task->events.front());
      task->events.pop_front();
      WEIR_RETURN_IF_ERROR(task->chain->OnCoordinatorEvent(operator_index, payload));
      progress = true;
    }
  }
  return Status::Ok();
}

Status JobRunner::Step(Task& task, bool& progress) {
  WEIR_ASSIGN_OR_RETURN(const bool drained, task.chain->Drain());
  if (!drained) {
    progress = true;  // the test's sink takes more when asked again
    return Status::Ok();
  }
  if (task.chain->timers_due()) {
    progress = true;
    return task.chain->FireTimers();
  }
  if (task.chain->HoldsInput()) {
    progress = true;  // until what it waits for has come
    return Status::Ok();
  }
  if (task.input_ended) {
    WEIR_ASSIGN_OR_RETURN(task.done, task.chain->Finish());
    progress = true;
    return Status::Ok();
  }
  return StepInput(task, progress);
}

Status JobRunner::StepInput(Task& task, bool& progress) {
  if (task.inputs.empty()) {
    WEIR_ASSIGN_OR_RETURN(const internal::PollStatus polled, task.chain->Poll());
    task.input_ended = polled == internal::PollStatus::kEndOfInput;
    if (polled == internal::PollStatus::kIdle) task.chain->Flush();
    progress = progress || polled != internal::PollStatus::kIdle;
    return Status::Ok();
  }
  std::vector<std::pair<std::size_t, std::size_t>> ready;
  for (std::size_t i = 0; i < task.inputs.size(); ++i) {
    for (std::size_t c = 0; c < task.inputs[i].channels.size(); ++c) {
      if (!task.inputs[i].channels[c]->written.empty()) ready.emplace_back(i, c);
    }
  }
  if (ready.empty()) {
    task.chain->Flush();
    return Status::Ok();
  }
  progress = true;
  const auto [input, channel] = ready[random_() % ready.size()];
  WEIR_RETURN_IF_ERROR(TakeElement(task, task.inputs[input], channel));
  task.input_ended = std::all_of(task.inputs.begin(), task.inputs.end(),
                                 [](const Input& each) { return each.announced_end; });
  return Status::Ok();
}

Status JobRunner::TakeElement(Task& task, Input& input, std::size_t channel) {
  FakeOutputChannel& from = *input.channels[channel];
  FakeOutputChannel::Element element = std::move(from.written.front());
  from.written.pop_front();
  const auto position = static_cast<std::uint32_t>(&input - task.inputs.data());
  if (auto* batch = std::get_if<std::unique_ptr<AnyBatch>>(&element)) {
    CarryOver(input.edge, *batch);
    WEIR_RETURN_IF_ERROR(task.chain->OnBatch(position, **batch));
    (*batch)->Clear();
    from.recycled.push_back(std::move(*batch));
    return Status::Ok();
  }
  const auto& control = std::get<internal::ControlElement>(element);
  if (const auto* watermark = std::get_if<internal::Watermark>(&control)) {
    if (watermark->timestamp_ms <= input.watermarks[channel]) {
      return Status::Internal("a watermark goes back");
    }
    input.watermarks[channel] = watermark->timestamp_ms;
    return MergeWatermark(task, position);
  }
  if (!std::holds_alternative<internal::EndOfInput>(control)) return Status::Ok();
  input.ended[channel] = true;
  if (std::find(input.ended.begin(), input.ended.end(), false) != input.ended.end()) {
    return Status::Ok();
  }
  input.announced_end = true;
  return task.chain->OnEndOfInput(position);
}

Status JobRunner::MergeWatermark(Task& task, std::uint32_t edge) {
  const std::uint32_t number = task.inputs[edge].number;
  std::int64_t minimum = std::numeric_limits<std::int64_t>::max();
  for (const Input& input : task.inputs) {
    if (input.number != number) continue;
    for (std::int64_t watermark : input.watermarks) minimum = std::min(minimum, watermark);
  }
  auto [known, inserted] =
      task.watermark_of_number.emplace(number, internal::Watermark().timestamp_ms);
  if (minimum <= known->second) return Status::Ok();
  known->second = minimum;
  return task.chain->OnWatermark(edge, {minimum});
}

// Half of the batches cross as bytes, in pieces of random size.
void JobRunner::CarryOver(std::uint32_t edge, std::unique_ptr<AnyBatch>& batch) {
  if (random_() % 2 == 0) return;
  const internal::ChannelType& type = job_.channel_type(edge);
  std::vector<std::byte> bytes;
  const std::size_t piece = 1 + random_() % 4096;
  std::size_t used = 0;
  for (std::uint32_t from = 0; from < batch->size();) {
    from = type.Encode(*batch, from, used + piece, bytes, used);
  }
  bytes.resize(used);
  const std::uint32_t size = batch->size();
  auto copy = type.NewBatch(std::max(capacity_, size));
  const Result<std::size_t> consumed = type.Decode(bytes, *copy);
  if (consumed.ok() && *consumed == bytes.size() && copy->size() == size) batch = std::move(copy);
  // Otherwise the records would be missing from the result.
  else
    batch->Clear();
}

}  // namespace weir::testing
