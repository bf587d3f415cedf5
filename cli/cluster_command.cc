#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/text_table.h"

namespace weir::cli {

namespace {

Result<LocalCluster> OpenCluster(CommandContext& context) {
  WEIR_ASSIGN_OR_RETURN(std::string folder, context.environment.StateFolder());
  return LocalCluster(
      {.state_folder = std::move(folder), .program_folder = context.environment.program_folder},
      context.waiter);
}

void PrintProcesses(const LocalClusterState& state, CommandContext& context) {
  TextTable table({{"PROCESS"}, {"PID", TextTable::Align::kRight}, {"STATE"}, {"LOG"}});
  for (const LocalClusterProcess& process : state.processes) {
    table.AddRow({process.role, std::to_string(process.identity.pid),
                  IsRunning(process.identity) ? "running" : "ended", process.log_file});
  }
  context.out << table.ToString();
}

}  // namespace

ExitCode StartCluster(const ClusterStartOptions& options, CommandContext& context) {
  Result<LocalCluster> cluster = OpenCluster(context);
  if (!cluster.ok()) return Complain(cluster.status(), context);
  std::string config_path = options.config_path;
  if (config_path.empty()) config_path = context.environment.configuration_folder;
  Result<LocalClusterState> state = cluster->Start({.task_managers = options.task_managers,
                                                    .slots = options.slots,
                                                    .config_path = std::move(config_path),
                                                    .definitions = options.definitions});
  if (!state.ok()) {
    ExitCode code = Complain(state.status(), context);
    return state.status().code() == StatusCode::kCanceled ? ExitCode::kInterrupted : code;
  }
  PrintProcesses(*state, context);
  context.out << "REST API at http://" << state->rest.ToString() << "\n";
  return ExitCode::kSuccess;
}

ExitCode StopCluster(const ClusterStopOptions&, CommandContext& context) {
  Result<LocalCluster> cluster = OpenCluster(context);
  if (!cluster.ok()) return Complain(cluster.status(), context);
  Result<LocalClusterState> state = cluster->Stop();
  if (!state.ok()) return Complain(state.status(), context);
  for (const LocalClusterProcess& process : state->processes) {
    context.out << "Stopped " << process.role << " (pid " << process.identity.pid << ").\n";
  }
  return ExitCode::kSuccess;
}

ExitCode PrintClusterStatus(const ClusterStatusOptions& options, CommandContext& context) {
  Result<LocalCluster> cluster = OpenCluster(context);
  if (!cluster.ok()) return Complain(cluster.status(), context);
  Result<LocalClusterState> state = cluster->Read();
  if (!state.ok()) return Complain(state.status(), context);
  if (options.json) {
    context.out << LocalClusterAsJson(*state);
    return ExitCode::kSuccess;
  }
  PrintProcesses(*state, context);
  if (state->rest.port == 0) {
    context.out << "The JobManager has not told its REST address.\n";
    return ExitCode::kSuccess;
  }
  context.out << "REST API at http://" << state->rest.ToString() << "\n";
  if (!IsRunning(state->processes.front().identity)) return ExitCode::kSuccess;
  return PrintStatus({.server = {state->rest.ToString()}}, context);
}

}  // namespace weir::cli
