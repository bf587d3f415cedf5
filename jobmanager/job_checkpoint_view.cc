#include "jobmanager/job_checkpoint_view.h"

#include <utility>

namespace weir::jobmanager {
namespace {

std::string NameOf(CheckpointStatus status) {
  switch (status) {
    case CheckpointStatus::kInProgress:
      return "IN_PROGRESS";
    case CheckpointStatus::kCompleted:
      return "COMPLETED";
    case CheckpointStatus::kFailed:
      return "FAILED";
  }
  return {};
}

rest::CheckpointSubtask SubtaskOf(const SubtaskCheckpoint& subtask) {
  const proto::SubtaskCheckpointMetrics& metrics = subtask.metrics;
  rest::CheckpointSubtask info{.index = static_cast<int>(subtask.index.subtask)};
  info.acknowledged = subtask.acknowledged;
  info.finished = subtask.finished;
  info.acknowledge_time_ms = subtask.acknowledge_time_ms;
  info.end_to_end_ms = subtask.end_to_end_ms;
  info.start_delay_ms = metrics.start_delay_ms();
  info.alignment_ms = metrics.alignment_ms();
  info.sync_ms = metrics.sync_us() / 1'000;
  info.async_ms = metrics.async_ms();
  info.state_bytes = static_cast<std::int64_t>(metrics.state_bytes());
  info.written_bytes = static_cast<std::int64_t>(metrics.written_bytes());
  info.unaligned = metrics.unaligned();
  info.persisted_bytes = static_cast<std::int64_t>(metrics.alignment_bytes());
  return info;
}

rest::CheckpointDetails CheckpointDetailsOf(const CheckpointRecord& record,
                                            const ExecutionGraph& graph) {
  rest::CheckpointDetails details{.id = record.id, .status = NameOf(record.status)};
  details.trigger_time_ms = record.trigger_time_ms;
  details.latest_acknowledge_time_ms = record.latest_acknowledge_time_ms;
  details.end_time_ms = record.end_time_ms;
  details.duration_ms = record.duration_ms;
  details.state_bytes = static_cast<std::int64_t>(record.state_bytes);
  details.written_bytes = static_cast<std::int64_t>(record.written_bytes);
  details.path = record.path;
  details.failure = record.failure;
  details.discarded = record.discarded;
  for (const SubtaskCheckpoint& subtask : record.subtasks) {
    const std::string& vertex_id = graph.vertex(subtask.index.vertex).id();
    if (details.vertices.empty() || details.vertices.back().id != vertex_id) {
      details.vertices.push_back({.id = vertex_id, .subtasks = {}});
    }
    details.vertices.back().subtasks.push_back(SubtaskOf(subtask));
  }
  return details;
}

rest::Distribution DistributionOf(const SampleSummary& samples) {
  return {.minimum = samples.minimum(),
          .maximum = samples.maximum(),
          .average = samples.average(),
          .p50 = samples.Percentile(0.5),
          .p90 = samples.Percentile(0.9),
          .p95 = samples.Percentile(0.95),
          .p99 = samples.Percentile(0.99),
          .p999 = samples.Percentile(0.999)};
}

rest::CheckpointSettings SettingsOf(const std::optional<CheckpointConfiguration>& configuration) {
  rest::CheckpointSettings settings;
  settings.mode = "exactly_once";
  if (!configuration) return settings;
  if (configuration->mode == CheckpointingMode::kAtLeastOnce) settings.mode = "at_least_once";
  settings.interval_ms = configuration->policy.interval_ms;
  settings.timeout_ms = configuration->policy.timeout_ms;
  settings.min_pause_ms = configuration->policy.min_pause_ms;
  settings.max_concurrent = configuration->policy.max_concurrent;
  settings.tolerable_failures = configuration->policy.tolerable_failures;
  settings.unaligned = configuration->policy.unaligned;
  settings.aligned_timeout_ms = configuration->policy.aligned_timeout_ms;
  settings.retained = configuration->retention != CheckpointRetention::kNone;
  settings.deleted_on_cancellation =
      configuration->retention != CheckpointRetention::kRetainOnCancellation;
  return settings;
}

}  // namespace

std::optional<rest::JobCheckpointsInfo> CheckpointsOf(const JobMaster& job) {
  const JobCheckpoints* const checkpoints = job.checkpoints();
  if (checkpoints == nullptr) return std::nullopt;
  const CheckpointStatistics& statistics = checkpoints->statistics();
  rest::JobCheckpointsInfo info{.settings = SettingsOf(checkpoints->configuration())};
  info.restored = statistics.counts().restored;
  info.in_progress = statistics.counts().in_progress;
  info.completed = statistics.counts().completed;
  info.failed = statistics.counts().failed;
  info.state_bytes = DistributionOf(statistics.state_bytes());
  info.written_bytes = DistributionOf(statistics.written_bytes());
  info.duration_ms = DistributionOf(statistics.durations_ms());
  const auto details = [&](const std::optional<CheckpointRecord>& record) {
    return record ? std::optional(CheckpointDetailsOf(*record, job.graph())) : std::nullopt;
  };
  info.latest_completed = details(statistics.latest_completed());
  info.latest_failed = details(statistics.latest_failed());
  if (const auto& restored = statistics.latest_restored()) {
    info.latest_restored = {
        .id = restored->id, .restore_time_ms = restored->restore_time_ms, .path = restored->path};
  }
  for (const CheckpointRecord& record : statistics.history()) {
    info.history.push_back(CheckpointDetailsOf(record, job.graph()));
  }
  return info;
}

}  // namespace weir::jobmanager
