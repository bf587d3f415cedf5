#include "jobmanager/rest/checkpoint_json.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/text.h"
#include "jobmanager/rest/json_text.h"

namespace weir::rest {

namespace {

Json DistributionJson(const Distribution& of) {
  return {{"min", of.minimum}, {"max", of.maximum}, {"avg", of.average}, {"p50", of.p50},
          {"p90", of.p90},     {"p95", of.p95},     {"p99", of.p99},     {"p999", of.p999}};
}

// Of one figure over the subtasks that have acknowledged.
template <class Figure>
Json Summarize(const CheckpointVertex& vertex, Figure figure) {
  std::vector<std::int64_t> values;
  for (const CheckpointSubtask& subtask : vertex.subtasks) {
    if (subtask.acknowledged) values.push_back(figure(subtask));
  }
  if (values.empty()) return DistributionJson({});
  std::ranges::sort(values);
  std::int64_t sum = 0;
  for (const std::int64_t value : values) sum += value;
  const auto count = static_cast<double>(values.size());
  const auto at = [&](double part) {
    const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(part * count)));
    return values[std::min(rank, values.size()) - 1];
  };
  return DistributionJson({.minimum = values.front(),
                           .maximum = values.back(),
                           .average = std::llround(static_cast<double>(sum) / count),
                           .p50 = at(0.5),
                           .p90 = at(0.9),
                           .p95 = at(0.95),
                           .p99 = at(0.99),
                           .p999 = at(0.999)});
}

struct Totals {
  std::int64_t subtasks = 0;
  std::int64_t acknowledged = 0;
  std::int64_t latest_acknowledge_time_ms = -1;
  std::int64_t end_to_end_ms = 0;
  std::int64_t state_bytes = 0;
  std::int64_t written_bytes = 0;
  std::int64_t persisted_bytes = 0;
};

Totals TotalsOf(const CheckpointVertex& vertex) {
  Totals totals;
  for (const CheckpointSubtask& subtask : vertex.subtasks) {
    ++totals.subtasks;
    // As Flink: a finished subtask counts as one that has answered.
    if (subtask.acknowledged || subtask.finished) ++totals.acknowledged;
    totals.latest_acknowledge_time_ms =
        std::max(totals.latest_acknowledge_time_ms, subtask.acknowledge_time_ms);
    totals.end_to_end_ms = std::max(totals.end_to_end_ms, subtask.end_to_end_ms);
    totals.state_bytes += subtask.state_bytes;
    totals.written_bytes += subtask.written_bytes;
    totals.persisted_bytes += subtask.persisted_bytes;
  }
  return totals;
}

// Nothing is held back or passed by while barriers are waited for: two are 0.
void AddSizes(Json& json, std::int64_t written_bytes, std::int64_t state_bytes,
              std::int64_t end_to_end_ms, std::int64_t persisted_bytes) {
  json["checkpointed_size"] = written_bytes;
  json["state_size"] = state_bytes;
  json["end_to_end_duration"] = end_to_end_ms;
  json["alignment_buffered"] = 0;
  json["processed_data"] = 0;
  json["persisted_data"] = persisted_bytes;
}

Json VertexJson(const CheckpointDetails& checkpoint, const CheckpointVertex& vertex) {
  const Totals totals = TotalsOf(vertex);
  Json json = {{"id", checkpoint.id},
               {"status", totals.acknowledged == totals.subtasks ? "COMPLETED" : checkpoint.status},
               {"latest_ack_timestamp", totals.latest_acknowledge_time_ms}};
  AddSizes(json, totals.written_bytes, totals.state_bytes, totals.end_to_end_ms,
           totals.persisted_bytes);
  json["num_subtasks"] = totals.subtasks;
  json["num_acknowledged_subtasks"] = totals.acknowledged;
  return json;
}

Json CheckpointJson(const CheckpointDetails& checkpoint, bool with_vertices) {
  Totals all;
  Json tasks = Json::object();
  for (const CheckpointVertex& vertex : checkpoint.vertices) {
    const Totals totals = TotalsOf(vertex);
    all.subtasks += totals.subtasks;
    all.acknowledged += totals.acknowledged;
    all.persisted_bytes += totals.persisted_bytes;
    if (with_vertices) tasks[vertex.id] = VertexJson(checkpoint, vertex);
  }
  Json json = {{"className", ToLower(checkpoint.status)},
               {"id", checkpoint.id},
               {"status", checkpoint.status},
               {"is_savepoint", false},
               {"savepointFormat", nullptr},
               {"trigger_timestamp", checkpoint.trigger_time_ms},
               {"latest_ack_timestamp", checkpoint.latest_acknowledge_time_ms}};
  AddSizes(json, checkpoint.written_bytes, checkpoint.state_bytes, checkpoint.duration_ms,
           all.persisted_bytes);
  json["num_subtasks"] = all.subtasks;
  json["num_acknowledged_subtasks"] = all.acknowledged;
  json["checkpoint_type"] = "CHECKPOINT";
  json["tasks"] = std::move(tasks);
  if (checkpoint.status == "COMPLETED") {
    json["external_path"] = checkpoint.path;
    json["discarded"] = checkpoint.discarded;
  } else if (checkpoint.status == "FAILED") {
    json["failure_timestamp"] = checkpoint.end_time_ms;
    json["failure_message"] = checkpoint.failure;
  }
  return json;
}

Json LatestJson(const std::optional<CheckpointDetails>& checkpoint) {
  return checkpoint ? CheckpointJson(*checkpoint, false) : Json(nullptr);
}

Json RestoredJson(const std::optional<RestoredCheckpointInfo>& restored) {
  if (!restored) return nullptr;
  return {{"id", restored->id},
          {"restore_timestamp", restored->restore_time_ms},
          {"is_savepoint", false},
          {"external_path", restored->path}};
}

Json SubtaskJson(const CheckpointSubtask& subtask) {
  if (!subtask.acknowledged) {
    return {{"index", subtask.index},
            {"status", subtask.finished ? "finished" : "pending_or_failed"}};
  }
  return {{"index", subtask.index},
          {"status", "completed"},
          {"ack_timestamp", subtask.acknowledge_time_ms},
          {"end_to_end_duration", subtask.end_to_end_ms},
          {"checkpointed_size", subtask.written_bytes},
          {"state_size", subtask.state_bytes},
          {"checkpoint", {{"sync", subtask.sync_ms}, {"async", subtask.async_ms}}},
          {"alignment",
           {{"buffered", 0},
            {"processed", 0},
            {"persisted", subtask.persisted_bytes},
            {"duration", subtask.alignment_ms}}},
          {"start_delay", subtask.start_delay_ms},
          {"unaligned_checkpoint", subtask.unaligned},
          {"aborted", false}};
}

Json VertexSummaryJson(const CheckpointVertex& vertex) {
  const auto of = [&](auto figure) { return Summarize(vertex, figure); };
  const Json none = of([](const CheckpointSubtask&) { return std::int64_t{0}; });
  return {{"checkpointed_size", of([](const auto& task) { return task.written_bytes; })},
          {"state_size", of([](const auto& task) { return task.state_bytes; })},
          {"end_to_end_duration", of([](const auto& task) { return task.end_to_end_ms; })},
          {"checkpoint_duration",
           {{"sync", of([](const auto& task) { return task.sync_ms; })},
            {"async", of([](const auto& task) { return task.async_ms; })}}},
          {"alignment",
           {{"buffered", none},
            {"processed", none},
            {"persisted", of([](const auto& task) { return task.persisted_bytes; })},
            {"duration", of([](const auto& task) { return task.alignment_ms; })}}},
          {"start_delay", of([](const auto& task) { return task.start_delay_ms; })}};
}

Result<const CheckpointDetails*> FindCheckpoint(const JobCheckpointsInfo& checkpoints,
                                                std::uint64_t id) {
  for (const CheckpointDetails& checkpoint : checkpoints.history) {
    if (checkpoint.id == id) return &checkpoint;
  }
  for (const auto* const latest : {&checkpoints.latest_completed, &checkpoints.latest_failed}) {
    if (*latest && (*latest)->id == id) return &**latest;
  }
  return Status::NotFound(Concat("checkpoint ", id, " is not among those that are remembered"));
}

}  // namespace

std::string JobCheckpointsJson(const JobCheckpointsInfo& checkpoints) {
  Json history = Json::array();
  for (const CheckpointDetails& checkpoint : checkpoints.history) {
    history.push_back(CheckpointJson(checkpoint, false));
  }
  const Json none = DistributionJson({});
  return JsonText(
      {{"counts",
        {{"restored", checkpoints.restored},
         {"total", checkpoints.in_progress + checkpoints.completed + checkpoints.failed},
         {"in_progress", checkpoints.in_progress},
         {"completed", checkpoints.completed},
         {"failed", checkpoints.failed}}},
       {"summary",
        {{"checkpointed_size", DistributionJson(checkpoints.written_bytes)},
         {"state_size", DistributionJson(checkpoints.state_bytes)},
         {"end_to_end_duration", DistributionJson(checkpoints.duration_ms)},
         {"alignment_buffered", none},
         {"processed_data", none},
         {"persisted_data", none}}},
       {"latest",
        {{"completed", LatestJson(checkpoints.latest_completed)},
         {"savepoint", nullptr},
         {"failed", LatestJson(checkpoints.latest_failed)},
         {"restored", RestoredJson(checkpoints.latest_restored)}}},
       {"history", std::move(history)}});
}

std::string CheckpointSettingsJson(const JobCheckpointsInfo& checkpoints) {
  const CheckpointSettings& settings = checkpoints.settings;
  return JsonText({{"mode", settings.mode},
                   {"interval", settings.interval_ms},
                   {"timeout", settings.timeout_ms},
                   {"min_pause", settings.min_pause_ms},
                   {"max_concurrent", settings.max_concurrent},
                   {"externalization",
                    {{"enabled", settings.retained},
                     {"delete_on_cancellation", settings.deleted_on_cancellation}}},
                   {"state_backend", "HashMapStateBackend"},
                   {"checkpoint_storage", "FileSystemCheckpointStorage"},
                   {"unaligned_checkpoints", settings.unaligned},
                   {"tolerable_failed_checkpoints", settings.tolerable_failures},
                   {"aligned_checkpoint_timeout", settings.aligned_timeout_ms},
                   {"checkpoints_after_tasks_finish", true},
                   {"state_changelog_enabled", false},
                   {"changelog_periodic_materialization_interval", 0},
                   {"changelog_storage", nullptr}});
}

Result<std::string> CheckpointDetailsJson(const JobCheckpointsInfo& checkpoints, std::uint64_t id) {
  WEIR_ASSIGN_OR_RETURN(const CheckpointDetails* const checkpoint, FindCheckpoint(checkpoints, id));
  return JsonText(CheckpointJson(*checkpoint, true));
}

Result<std::string> CheckpointVertexJson(const JobCheckpointsInfo& checkpoints, std::uint64_t id,
                                         const std::string& vertex_id) {
  WEIR_ASSIGN_OR_RETURN(const CheckpointDetails* const checkpoint, FindCheckpoint(checkpoints, id));
  const auto found = std::ranges::find(checkpoint->vertices, vertex_id, &CheckpointVertex::id);
  if (found == checkpoint->vertices.end()) {
    return Status::NotFound(Concat("checkpoint ", id, " has no vertex ", vertex_id));
  }
  Json json = VertexJson(*checkpoint, *found);
  json["summary"] = VertexSummaryJson(*found);
  Json subtasks = Json::array();
  for (const CheckpointSubtask& subtask : found->subtasks) subtasks.push_back(SubtaskJson(subtask));
  json["subtasks"] = std::move(subtasks);
  return JsonText(json);
}

std::string CheckpointTriggeredJson(const std::string& trigger_id) {
  return JsonText({{"request-id", trigger_id}});
}

std::string CheckpointTriggerJson(const CheckpointTriggerInfo& trigger) {
  if (!trigger.ended) {
    return JsonText({{"status", {{"id", "IN_PROGRESS"}}}, {"operation", nullptr}});
  }
  Json operation = {{"checkpointId", nullptr}, {"failureCause", nullptr}};
  if (trigger.failure.ok()) {
    operation["checkpointId"] = trigger.checkpoint_id;
  } else {
    operation["failureCause"] = {{"class", ToString(trigger.failure.code())},
                                 {"stack-trace", trigger.failure.message()}};
  }
  return JsonText({{"status", {{"id", "COMPLETED"}}}, {"operation", std::move(operation)}});
}

Status CheckCheckpointRequest(std::string_view body) {
  if (Trim(body).empty()) return Status::Ok();
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Status::InvalidArgument("the body is not a JSON object");
  for (const auto& [name, value] : json.items()) {
    // Ids are made here, so that two clients never meet under one.
    if (value.is_null()) continue;
    if (name != "checkpointType") {
      return Status::InvalidArgument(
          Concat("unknown member '", name, "'; known is checkpointType"));
    }
    if (value == "CONFIGURED" || value == "FULL") continue;
    if (value == "INCREMENTAL") {
      return Status(StatusCode::kUnsupported, "incremental checkpoints are not supported yet",
                    ErrorDomain::kUser, RetryHint::kNoRetry);
    }
    return Status::InvalidArgument("'checkpointType' must be CONFIGURED, FULL or INCREMENTAL");
  }
  return Status::Ok();
}

}  // namespace weir::rest
