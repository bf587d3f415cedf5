// What each command does. A file each: run_command.cc, job_commands.cc, checkpoint_commands.cc,
// status_command.cc, cluster_command.cc.
#pragma once

#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/server_address.h"
#include "cli/waiter.h"

namespace weir::cli {

// Where a command reads and writes. Results go to `out`, everything said about the work to `err`.
struct CommandContext {
  std::ostream& out;
  std::ostream& err;
  Waiter& waiter;
  const CliEnvironment& environment;
  // Between two looks at a job, and how many looks in a row may find no server before an attached
  // run gives up.
  std::int64_t poll_interval_ms = 250;
  int unreachable_limit = 40;
};

ExitCode RunJob(const RunOptions& options, CommandContext& context);
ExitCode PrintPlan(const InfoOptions& options, CommandContext& context);
ExitCode ListJobs(const ListOptions& options, CommandContext& context);
ExitCode CancelJob(const CancelOptions& options, CommandContext& context);
ExitCode TakeCheckpoint(const CheckpointOptions& options, CommandContext& context);
ExitCode ListCheckpoints(const CheckpointsOptions& options, CommandContext& context);
ExitCode PrintStatus(const StatusOptions& options, CommandContext& context);
ExitCode StartCluster(const ClusterStartOptions& options, CommandContext& context);
ExitCode StopCluster(const ClusterStopOptions& options, CommandContext& context);
ExitCode PrintClusterStatus(const ClusterStatusOptions& options, CommandContext& context);

// Writes "weir: <message>" and, where a person can do something, what; returns the exit code for
// it.
ExitCode Complain(const Status& status, CommandContext& context);

// The whole program: reads the arguments, runs the command.
ExitCode RunCli(const std::vector<std::string>& arguments, CommandContext& context);

}  // namespace weir::cli
