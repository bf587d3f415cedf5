#include <algorithm>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/job_manager_client.h"
#include "cli/text_table.h"

namespace weir::cli {

namespace {

// Flink calls jobs that wait for their first slots scheduled.
bool IsScheduled(const JobReport& job) {
  return job.state == "CREATED" || job.state == "INITIALIZING";
}

bool IsListed(const JobReport& job, const ListOptions& options) {
  if (options.all) return true;
  if (job.ended()) return false;
  if (options.running == options.scheduled) return true;
  return options.scheduled == IsScheduled(job);
}

void PrintJobs(const std::vector<JobReport>& jobs, const ListOptions& options,
               CommandContext& context) {
  if (jobs.empty()) {
    context.out << (options.all ? "No jobs.\n" : "No jobs. `weir list -a` lists ended ones too.\n");
    return;
  }
  using enum TextTable::Align;
  TextTable table(
      {{"JOB ID"}, {"STATE"}, {"STARTED"}, {"DURATION", kRight}, {"TASKS", kRight}, {"NAME"}});
  for (const JobReport& job : jobs) {
    table.AddRow({job.id, job.state, FormatTime(job.start_time_ms), FormatDuration(job.duration_ms),
                  std::to_string(job.tasks_running) + "/" + std::to_string(job.tasks_total),
                  job.name});
  }
  context.out << table.ToString();
  for (const JobReport& job : jobs) {
    if (job.status_details.empty()) continue;
    context.out << "Job " << job.id << ": " << job.status_details << "\n";
  }
}

}  // namespace

ExitCode ListJobs(const ListOptions& options, CommandContext& context) {
  Result<SocketAddress> server = FindServer(options.server.address, context.environment);
  if (!server.ok()) return Complain(server.status(), context);
  Result<std::vector<JobReport>> jobs = JobManagerClient(*server).ListJobs();
  if (!jobs.ok()) return Complain(jobs.status(), context);
  std::erase_if(*jobs, [&](const JobReport& job) { return !IsListed(job, options); });
  if (options.json) {
    context.out << JobsAsJson(*jobs);
  } else {
    PrintJobs(*jobs, options, context);
  }
  return ExitCode::kSuccess;
}

ExitCode CancelJob(const CancelOptions& options, CommandContext& context) {
  Result<SocketAddress> server = FindServer(options.server.address, context.environment);
  if (!server.ok()) return Complain(server.status(), context);
  Status status = JobManagerClient(*server).CancelJob(options.job_id);
  if (!status.ok()) return Complain(status, context);
  context.out << "Cancelling job " << options.job_id << ".\n";
  return ExitCode::kSuccess;
}

}  // namespace weir::cli
