#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/job_manager_client.h"
#include "cli/text_table.h"

namespace weir::cli {

namespace {

constexpr std::size_t kShownFailures = 3;

Status PrintCluster(JobManagerClient& client, CommandContext& context) {
  WEIR_ASSIGN_OR_RETURN(ClusterReport cluster, client.GetCluster());
  context.out << "JobManager:    http://" << client.server().ToString() << " (version "
              << cluster.version << ")\n"
              << "TaskManagers:  " << cluster.task_managers << "\n"
              << "Slots:         " << cluster.slots_available << " of " << cluster.slots_total
              << " free\n"
              << "Jobs:          " << cluster.jobs_running << " running, " << cluster.jobs_finished
              << " finished, " << cluster.jobs_canceled << " canceled, " << cluster.jobs_failed
              << " failed\n";
  return Status::Ok();
}

void PrintVertices(const std::vector<VertexReport>& vertices, CommandContext& context) {
  using enum TextTable::Align;
  TextTable table(
      {{"VERTEX"}, {"STATE"}, {"TASKS", kRight}, {"RECORDS IN", kRight}, {"RECORDS OUT", kRight}});
  for (const VertexReport& vertex : vertices) {
    table.AddRow({vertex.name, vertex.state,
                  std::to_string(vertex.running) + "/" + std::to_string(vertex.parallelism),
                  std::to_string(vertex.read_records), std::to_string(vertex.write_records)});
  }
  context.out << "\n" << table.ToString();
}

// Subtasks that do not get on, each with the reason.
Status PrintStuckSubtasks(JobManagerClient& client, const JobDetailsReport& details,
                          CommandContext& context) {
  for (const VertexReport& vertex : details.vertices) {
    WEIR_ASSIGN_OR_RETURN(std::vector<SubtaskReport> subtasks,
                          client.ListSubtasks(details.job.id, vertex.id));
    for (const SubtaskReport& subtask : subtasks) {
      if (subtask.status_details.empty()) continue;
      context.out << vertex.name << " (" << subtask.index + 1 << "/" << vertex.parallelism << ")";
      if (!subtask.endpoint.empty()) context.out << " at " << subtask.endpoint;
      context.out << ": " << subtask.status_details << "\n";
    }
  }
  return Status::Ok();
}

Status PrintFailures(JobManagerClient& client, const std::string& job_id, CommandContext& context) {
  WEIR_ASSIGN_OR_RETURN(std::vector<FailureReport> failures, client.ListFailures(job_id));
  if (failures.empty()) return Status::Ok();
  context.out << "\nFailures, newest first:\n";
  for (std::size_t i = 0; i < failures.size() && i < kShownFailures; ++i) {
    const FailureReport& failure = failures[i];
    context.out << FormatTime(failure.timestamp_ms) << "  ";
    if (!failure.task_name.empty()) context.out << failure.task_name << "  ";
    context.out << failure.name << ": " << failure.message << "\n";
  }
  if (failures.size() > kShownFailures) {
    context.out << "and " << failures.size() - kShownFailures << " earlier\n";
  }
  return Status::Ok();
}

Status PrintJob(JobManagerClient& client, const std::string& job_id, CommandContext& context) {
  WEIR_ASSIGN_OR_RETURN(JobDetailsReport details, client.GetJob(job_id));
  context.out << "Job:       " << details.job.name << "\n"
              << "JobID:     " << details.job.id << "\n"
              << "State:     " << details.job.state << "\n"
              << "Started:   " << FormatTime(details.job.start_time_ms) << "\n"
              << "Duration:  " << FormatDuration(details.job.duration_ms) << "\n"
              << "Restarts:  " << details.restarts << "\n";
  for (const std::string& warning : details.warnings) {
    context.out << "Warning:   " << warning << "\n";
  }
  if (!details.vertices.empty()) PrintVertices(details.vertices, context);
  WEIR_RETURN_IF_ERROR(PrintStuckSubtasks(client, details, context));
  return PrintFailures(client, job_id, context);
}

Status PrintJson(JobManagerClient& client, const std::string& job_id, CommandContext& context) {
  std::string target = job_id.empty() ? "/v1/overview" : "/v1/jobs/" + job_id;
  WEIR_ASSIGN_OR_RETURN(std::string json, client.GetJsonText(target));
  context.out << json;
  return Status::Ok();
}

}  // namespace

ExitCode PrintStatus(const StatusOptions& options, CommandContext& context) {
  Result<SocketAddress> server = FindServer(options.server.address, context.environment);
  if (!server.ok()) return Complain(server.status(), context);
  JobManagerClient client(*server);
  Status status;
  if (options.json) {
    status = PrintJson(client, options.job_id, context);
  } else if (options.job_id.empty()) {
    status = PrintCluster(client, context);
  } else {
    status = PrintJob(client, options.job_id, context);
  }
  return status.ok() ? ExitCode::kSuccess : Complain(status, context);
}

}  // namespace weir::cli
