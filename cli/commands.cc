#include "cli/commands.h"

#include <variant>

namespace weir::cli {

namespace {

struct Dispatcher {
  CommandContext& context;

  ExitCode operator()(const RunOptions& options) { return RunJob(options, context); }
  ExitCode operator()(const InfoOptions& options) { return PrintPlan(options, context); }
  ExitCode operator()(const ListOptions& options) { return ListJobs(options, context); }
  ExitCode operator()(const CancelOptions& options) { return CancelJob(options, context); }
  ExitCode operator()(const CheckpointOptions& options) { return TakeCheckpoint(options, context); }
  ExitCode operator()(const CheckpointsOptions& options) {
    return ListCheckpoints(options, context);
  }
  ExitCode operator()(const StatusOptions& options) { return PrintStatus(options, context); }
  ExitCode operator()(const ClusterStartOptions& options) { return StartCluster(options, context); }
  ExitCode operator()(const ClusterStopOptions& options) { return StopCluster(options, context); }
  ExitCode operator()(const ClusterStatusOptions& options) {
    return PrintClusterStatus(options, context);
  }
};

}  // namespace

ExitCode Complain(const Status& status, CommandContext& context) {
  context.err << "weir: " << status.message() << "\n";
  ExitCode code = ExitCodeOf(status);
  if (code == ExitCode::kUnreachable) {
    context.err << "Is a JobManager running there? `weir cluster start` starts a local cluster; "
                   "-m host:port names another.\n";
  }
  return code;
}

ExitCode RunCli(const std::vector<std::string>& arguments, CommandContext& context) {
  CommandLine line = ParseCommandLine(arguments);
  if (line.print) {
    (line.wrong ? context.err : context.out) << line.text;
    return line.wrong ? ExitCode::kUsage : ExitCode::kSuccess;
  }
  return std::visit(Dispatcher{context}, line.command);
}

}  // namespace weir::cli
