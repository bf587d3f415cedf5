#include "jobmanager/job_view.h"

#include <algorithm>
#include <map>
#include <utility>

#include <weir/internal/job_graph.h>
#include <weir/runtime_context.h>

#include "common/text.h"

namespace weir::jobmanager {
namespace {

// When the last of the states that end it was entered; -1 while it is alive.
std::int64_t EndOf(const TaskStateMachine& machine) {
  return IsTerminal(machine.state()) ? machine.entered_ms(machine.state()) : -1;
}

std::int64_t EndOf(const JobStateMachine& machine) {
  const bool ended = IsTerminal(machine.state()) || machine.state() == JobState::kSuspended;
  return ended ? machine.last_change_ms() : -1;
}

rest::StateCounts CountsOf(const ExecutionGraph::StateCounts& counts) {
  rest::StateCounts result;
  for (std::size_t state = 0; state < kTaskStateCount; ++state) {
    if (counts[state] == 0) continue;
    result[ToString(static_cast<TaskState>(state))] = static_cast<int>(counts[state]);
  }
  return result;
}

rest::IoMetrics MetricsOf(const Execution& execution) {
  rest::IoMetrics metrics;
  if (!execution.statistics) return metrics;
  const proto::TaskStatistics& statistics = *execution.statistics;
  metrics.read_bytes = statistics.bytes_in();
  metrics.write_bytes = statistics.bytes_out();
  metrics.read_records = statistics.records_in();
  metrics.write_records = statistics.records_out();
  metrics.accumulated_backpressured_time_ms = statistics.back_pressured_ms();
  metrics.accumulated_idle_time_ms = statistics.idle_ms();
  metrics.accumulated_busy_time_ms = statistics.busy_ms();
  metrics.complete = true;
  return metrics;
}

// How long the attempt was in each state: states are entered in the order of time, so each lasts
// until the next one's entry.
std::map<std::string, std::int64_t> DurationsOf(const TaskStateMachine& machine,
                                                std::int64_t now_ms) {
  std::vector<std::pair<std::int64_t, std::size_t>> entered;
  for (std::size_t state = 0; state < kTaskStateCount; ++state) {
    const std::int64_t at = machine.entered_ms(static_cast<TaskState>(state));
    if (at >= 0) entered.emplace_back(at, state);
  }
  std::ranges::sort(entered);
  std::map<std::string, std::int64_t> durations;
  for (std::size_t index = 0; index < entered.size(); ++index) {
    const auto state = static_cast<TaskState>(entered[index].second);
    if (IsTerminal(state)) continue;
    const std::int64_t until = index + 1 < entered.size() ? entered[index + 1].first : now_ms;
    durations[ToString(state)] = std::max<std::int64_t>(0, until - entered[index].first);
  }
  return durations;
}

rest::SubtaskDetails SubtaskOf(const JobMaster& job, const Execution& execution,
                               std::int64_t now_ms) {
  rest::SubtaskDetails details;
  details.index = static_cast<int>(execution.subtask);
  details.state = ToString(execution.state());
  details.attempt = static_cast<int>(execution.attempt);
  if (execution.place) {
    details.endpoint = execution.place->endpoint;
    details.task_manager_id = execution.place->task_manager_id;
    details.worker_pid = execution.place->process_id;
  }
  details.start_time_ms = execution.machine.entered_ms(TaskState::kDeploying);
  details.end_time_ms = EndOf(execution.machine);
  details.status_duration_ms = DurationsOf(execution.machine, now_ms);
  details.metrics = MetricsOf(execution);
  details.status_details = job.stuck_tasks().DetailsOf(job.graph(), execution);
  return details;
}

rest::VertexDetails VertexOf(const JobMaster& job, std::uint32_t index, std::int64_t now_ms) {
  const ExecutionGraph& graph = job.graph();
  const proto::JobVertex& vertex = graph.vertex(index);
  const ExecutionGraph::StateCounts counts = graph.VertexCounts(index);
  rest::VertexDetails details{.id = vertex.id(),
                              .name = vertex.name(),
                              .slot_sharing_group = vertex.slot_sharing_group(),
                              .parallelism = static_cast<int>(vertex.parallelism()),
                              .max_parallelism = static_cast<int>(vertex.max_parallelism()),
                              .state = ToString(AggregateState(counts))};
  bool all_ended = true;
  for (const Execution& execution : graph.executions(index)) {
    details.subtasks.push_back(SubtaskOf(job, execution, now_ms));
    const rest::SubtaskDetails& subtask = details.subtasks.back();
    if (subtask.start_time_ms >= 0 &&
        (details.start_time_ms < 0 || subtask.start_time_ms < details.start_time_ms)) {
      details.start_time_ms = subtask.start_time_ms;
    }
    all_ended &= subtask.end_time_ms >= 0;
    details.end_time_ms = std::max(details.end_time_ms, subtask.end_time_ms);
    if (details.status_details.empty() && !subtask.status_details.empty()) {
      details.status_details =
          Concat(graph.TaskName(index, execution.subtask), ": ", subtask.status_details);
    }
  }
  if (!all_ended) details.end_time_ms = -1;
  return details;
}

rest::ExceptionEntry EntryOf(const JobFailure& failure) {
  rest::ExceptionEntry entry;
  entry.name = failure.name;
  entry.stacktrace = failure.status.message();
  if (!failure.last_output.empty()) {
    entry.stacktrace += Concat("\nIts last output:\n", failure.last_output);
  }
  entry.timestamp_ms = failure.time_ms;
  entry.task_name = failure.task_name;
  entry.endpoint = failure.endpoint;
  entry.task_manager_id = failure.task_manager_id;
  entry.failure_labels["domain"] = ToLower(ToString(failure.status.domain()));
  if (!failure.operator_name.empty()) entry.failure_labels["operator"] = failure.operator_name;
  for (const JobFailure& concurrent : failure.concurrent) {
    entry.concurrent.push_back(EntryOf(concurrent));
  }
  return entry;
}

// As a vertex is named, with what Description() said in the place of an operator's name.
std::string DescriptionOf(const proto::JobVertex& vertex) {
  std::string text;
  bool described = false;
  for (const proto::OperatorDescription& entry : vertex.operators()) {
    if (!text.empty()) text += " -> ";
    text += entry.description().empty() ? entry.name() : entry.description();
    described = described || !entry.description().empty();
  }
  return described ? text : vertex.name();
}

}  // namespace

rest::JobSummary SummaryOf(const JobMaster& job) {
  const JobStateMachine& machine = job.graph().job();
  rest::JobSummary summary{.id = job.job_id(),
                           .name = job.submission().graph.name(),
                           .state = ToString(job.state()),
                           .start_time_ms = machine.entered_ms(JobState::kInitializing),
                           .end_time_ms = EndOf(machine),
                           .last_modification_ms = machine.last_change_ms(),
                           .tasks = CountsOf(job.graph().counts())};
  if (summary.end_time_ms < 0) {
    summary.status_details = job.StatusDetails();
    if (summary.status_details.empty()) {
      if (std::vector<std::string> warnings = job.Warnings(); !warnings.empty()) {
        summary.status_details = std::move(warnings.front());
      }
    }
  }
  return summary;
}

rest::JobDetails DetailsOf(const JobMaster& job, std::int64_t now_ms) {
  rest::JobDetails details;
  details.summary = SummaryOf(job);
  details.now_ms = now_ms;
  details.restarts = job.restarts();
  for (std::size_t state = 0; state < kJobStateCount; ++state) {
    const auto named = static_cast<JobState>(state);
    const std::int64_t entered_ms = job.graph().job().entered_ms(named);
    if (entered_ms >= 0) details.timestamps[ToString(named)] = entered_ms;
  }
  for (std::uint32_t vertex = 0; vertex < job.graph().vertex_count(); ++vertex) {
    details.vertices.push_back(VertexOf(job, vertex, now_ms));
  }
  details.plan = PlanOf(job.graph().job_graph(), job.job_id());
  if (job.has_coordinators()) {
    const JobWorker* const coordinator = job.coordinator();
    details.coordinator.state = ToString(WorkerState::kGone);
    if (coordinator != nullptr) {
      details.coordinator.state = ToString(coordinator->state);
      details.coordinator.task_manager_id = coordinator->task_manager_id;
      details.coordinator.pid = coordinator->process_id;
    }
  }
  details.warnings = job.Warnings();
  return details;
}

rest::JobExceptions ExceptionsOf(const JobMaster& job) {
  rest::JobExceptions exceptions;
  for (const JobFailure& failure : job.exceptions().entries()) {
    exceptions.entries.push_back(EntryOf(failure));
  }
  exceptions.truncated = job.exceptions().truncated();
  return exceptions;
}

std::vector<rest::AccumulatorInfo> AccumulatorsOf(const JobMaster& job) {
  struct Merged {
    Accumulator::Kind kind;
    double value;
  };
  std::map<std::string, Merged> merged;
  for (std::uint32_t vertex = 0; vertex < job.graph().vertex_count(); ++vertex) {
    for (const Execution& execution : job.graph().executions(vertex)) {
      if (!execution.statistics) continue;
      for (const proto::AccumulatorValue& reported : execution.statistics->accumulators()) {
        const auto kind = reported.kind() <= 2 ? static_cast<Accumulator::Kind>(reported.kind())
                                               : Accumulator::Kind::kSum;
        const auto [found, is_new] =
            merged.try_emplace(reported.name(), Merged{kind, reported.value()});
        if (is_new) continue;
        double& value = found->second.value;
        switch (found->second.kind) {
          case Accumulator::Kind::kSum:
            value += reported.value();
            break;
          case Accumulator::Kind::kMinimum:
            value = std::min(value, reported.value());
            break;
          case Accumulator::Kind::kMaximum:
            value = std::max(value, reported.value());
            break;
        }
      }
    }
  }
  constexpr const char* kKindNames[] = {"Sum", "Minimum", "Maximum"};
  std::vector<rest::AccumulatorInfo> accumulators;
  for (const auto& [name, entry] : merged) {
    accumulators.push_back({.name = name,
                            .type = kKindNames[static_cast<std::size_t>(entry.kind)],
                            .value = Concat(entry.value)});
  }
  return accumulators;
}

rest::JobPlan PlanOf(const proto::JobGraph& graph, const std::string& job_id) {
  rest::JobPlan plan{.job_id = job_id, .name = graph.name()};
  for (const proto::JobVertex& vertex : graph.vertices()) {
    plan.nodes.push_back({.id = vertex.id(),
                          .parallelism = static_cast<int>(vertex.parallelism()),
                          .description = DescriptionOf(vertex)});
  }
  for (const proto::JobEdge& edge : graph.edges()) {
    std::vector<rest::PlanInput>& inputs = plan.nodes[edge.target_vertex()].inputs;
    inputs.push_back({.number = static_cast<int>(inputs.size()),
                      .source_id = graph.vertices(static_cast<int>(edge.source_vertex())).id(),
                      .ship_strategy = internal::ToString(
                          static_cast<internal::Partitioning>(edge.partitioning()))});
  }
  return plan;
}

rest::TaskManagerDetails TaskManagerDetailsOf(const RegisteredTaskManager& registered,
                                              const SlotManager& slots,
                                              const std::vector<const JobMaster*>& jobs) {
  const proto::TaskManagerHello& hello = registered.hello;
  rest::TaskManagerDetails details;
  details.id = hello.task_manager_id();
  details.host = hello.host();
  details.data_port = static_cast<int>(hello.data_port());
  if (hello.process_id() != 0) details.pid = hello.process_id();
  details.last_heartbeat_ms = registered.last_heard_wall_ms;
  details.slots_number = static_cast<int>(hello.slot_count());
  details.free_slots = static_cast<int>(slots.FreeOf(details.id));
  details.cpu_cores = hello.cpu_cores();
  details.physical_memory_bytes = static_cast<std::int64_t>(hello.memory_bytes());
  std::uint64_t resident_bytes = registered.statistics.process().resident_bytes();
  for (const auto& [id, worker] : registered.statistics.workers()) {
    resident_bytes += worker.resident_bytes();
  }
  details.process_memory_bytes = static_cast<std::int64_t>(hello.memory_bytes());
  details.free_memory_bytes = std::max<std::int64_t>(
      0, details.physical_memory_bytes - static_cast<std::int64_t>(resident_bytes));
  for (const JobMaster* const job : jobs) {
    for (std::uint32_t slot = 0; slot < job->slots().size(); ++slot) {
      const SlotId& id = job->slots()[slot];
      if (id.task_manager_id != details.id || !slots.Holds(job->job_id(), id)) continue;
      rest::TaskManagerSlot allocated{.job_id = job->job_id()};
      for (std::uint32_t vertex = 0; vertex < job->graph().vertex_count(); ++vertex) {
        for (const Execution& execution : job->graph().executions(vertex)) {
          if (job->slot_sharing().SlotOf(vertex, execution.subtask) != slot) continue;
          allocated.tasks.push_back(job->graph().TaskName(vertex, execution.subtask));
        }
      }
      details.allocated_slots.push_back(std::move(allocated));
    }
  }
  return details;
}

}  // namespace weir::jobmanager
