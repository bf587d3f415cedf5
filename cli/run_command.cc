#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/job_manager_client.h"
#include "cli/text_table.h"

namespace weir::cli {

namespace {

constexpr std::int64_t kWatchTimeoutMs = 10'000;

ProgramRequest RequestOf(const RunOptions& options) {
  return {.entry_class = options.entry_class,
          .arguments = options.arguments,
          .parallelism = options.parallelism,
          .configuration = options.configuration,
          .savepoint_path = options.savepoint_path};
}

// Watches one job to its end and says what changes.
class JobFollower {
 public:
  JobFollower(std::string job_id, const RunOptions& options, JobManagerClient& client,
              CommandContext& context)
      : job_id_(std::move(job_id)), options_(options), client_(client), context_(context) {}

  ExitCode Follow() {
    while (true) {
      Result<JobDetailsReport> details = client_.GetJob(job_id_);
      if (details.ok()) {
        unreachable_ = 0;
        Say(*details);
        if (details->job.ended()) return Finish(details->job);
      } else if (Status lost = Tolerate(details.status()); !lost.ok()) {
        return Complain(lost, context_);
      }
      if (!context_.waiter.Wait(context_.poll_interval_ms)) return Interrupted();
    }
  }

 private:
  // A JobManager that restarts is away for a while.
  Status Tolerate(const Status& status) {
    if (ExitCodeOf(status) != ExitCode::kUnreachable) return status;
    if (++unreachable_ == 1) {
      context_.err << "weir: " << status.message() << "; trying again\n";
      state_.clear();
    }
    if (unreachable_ < context_.unreachable_limit) return Status::Ok();
    return status.WithContext("gave up following job " + job_id_);
  }

  void Say(const JobDetailsReport& details) {
    if (details.job.state != state_) {
      state_ = details.job.state;
      if (!details.job.ended()) context_.err << "Job " << job_id_ << " is " << state_ << "\n";
    }
    if (details.warnings == warnings_) return;
    for (const std::string& warning : details.warnings) {
      bool known = std::find(warnings_.begin(), warnings_.end(), warning) != warnings_.end();
      if (!known) context_.err << "Warning: " << warning << "\n";
    }
    warnings_ = details.warnings;
  }

  ExitCode Finish(const JobReport& job) {
    std::string cause = job.state == "FAILED" ? RootCause() : "";
    if (options_.json) context_.out << OutcomeAsJson(job_id_, job.state, cause);
    if (job.state == "FINISHED") {
      if (!options_.json) PrintFinished(job);
      return ExitCode::kSuccess;
    }
    if (job.state == "CANCELED") {
      context_.err << "weir: job " << job_id_ << " was canceled\n";
      return ExitCode::kJobCanceled;
    }
    context_.err << "weir: job " << job_id_ << " failed: " << cause << "\n";
    return ExitCode::kJobFailed;
  }

  void PrintFinished(const JobReport& job) {
    context_.out << "Job with JobID " << job_id_ << " has finished.\n"
                 << "Job Runtime: " << FormatDuration(job.duration_ms) << "\n";
    Result<std::vector<AccumulatorReport>> accumulators = client_.ListAccumulators(job_id_);
    if (!accumulators.ok()) {
      context_.err << "weir: cannot read the accumulators: " << accumulators.status().message()
                   << "\n";
      return;
    }
    if (!accumulators->empty()) context_.out << "Accumulator Results:\n";
    for (const AccumulatorReport& accumulator : *accumulators) {
      context_.out << "- " << accumulator.name << " (" << accumulator.type
                   << "): " << accumulator.value << "\n";
    }
  }

  std::string RootCause() {
    Result<std::vector<FailureReport>> failures = client_.ListFailures(job_id_);
    if (!failures.ok()) return "the cause cannot be read: " + failures.status().message();
    if (failures->empty()) return "no cause is recorded";
    const FailureReport& newest = failures->front();
    std::string cause = newest.task_name.empty() ? "" : newest.task_name + ": ";
    return cause + newest.message;
  }

  ExitCode Interrupted() {
    if (!options_.cancel_on_interrupt) {
      context_.err << "Detached. Job " << job_id_ << " goes on; `weir cancel " << job_id_
                   << "` ends it.\n";
      return ExitCode::kInterrupted;
    }
    Status canceled = client_.CancelJob(job_id_);
    if (!canceled.ok()) return Complain(canceled, context_);
    context_.err << "Job " << job_id_ << " is being canceled.\n";
    return ExitCode::kInterrupted;
  }

  const std::string job_id_;
  const RunOptions& options_;
  JobManagerClient& client_;
  CommandContext& context_;
  std::string state_;
  std::vector<std::string> warnings_;
  int unreachable_ = 0;
};

}  // namespace

ExitCode RunJob(const RunOptions& options, CommandContext& context) {
  Result<SocketAddress> server = FindServer(options.server.address, context.environment);
  if (!server.ok()) return Complain(server.status(), context);
  JobManagerClient client(*server);
  Result<std::string> plugin = client.Upload(options.plugin);
  if (!plugin.ok()) return Complain(plugin.status(), context);
  Result<std::string> job = client.Run(*plugin, RequestOf(options));
  if (!job.ok()) {
    // Nobody could use the upload any more.
    Status deleted = client.DeletePlugin(*plugin);
    if (!deleted.ok())
      context.err << "weir: cannot delete the upload: " << deleted.message() << "\n";
    return Complain(job.status(), context);
  }
  std::ostream& said = options.json ? context.err : context.out;
  said << "Job has been submitted with JobID " << *job << std::endl;
  if (!options.detached) {
    context.waiter.HoldInterrupts();
    // Small questions: an answer that takes longer than this will not come.
    JobManagerClient watching(*server, {.answer_timeout_ms = kWatchTimeoutMs});
    return JobFollower(*job, options, watching, context).Follow();
  }
  if (options.json) context.out << OutcomeAsJson(*job, "SUBMITTED", "");
  return ExitCode::kSuccess;
}

ExitCode PrintPlan(const InfoOptions& options, CommandContext& context) {
  const RunOptions& program = options.program;
  Result<SocketAddress> server = FindServer(program.server.address, context.environment);
  if (!server.ok()) return Complain(server.status(), context);
  JobManagerClient client(*server);
  Result<std::string> plugin = client.Upload(program.plugin);
  if (!plugin.ok()) return Complain(plugin.status(), context);
  Result<std::string> plan = client.GetPlan(*plugin, RequestOf(program));
  Status deleted = client.DeletePlugin(*plugin);
  if (!plan.ok()) return Complain(plan.status(), context);
  context.out << *plan;
  if (!deleted.ok()) return Complain(deleted.WithContext("cannot delete the upload"), context);
  return ExitCode::kSuccess;
}

}  // namespace weir::cli
