// weir-worker: the process in which user code runs. Started by weir-taskmanager (roles worker and
// coordinator) and by weir-jobmanager (role describe), never by people.
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "taskmanager/worker/describe.h"
#include "taskmanager/worker/worker_process.h"

namespace {

void AddDescribeOptions(CLI::App& app, weir::worker::DescribeOptions& options,
                        std::vector<std::pair<std::string, std::string>>& configuration) {
  app.add_option("--job", options.job_name, "the job in the plugin; needed when it has several");
  app.add_option("--argument", options.arguments, "=ARGUMENT of the job")->allow_extra_args(false);
  app.add_option("--parallelism", options.default_parallelism, "the default parallelism");
  app.add_option("--configuration", configuration, "a setting that the job may read: KEY =VALUE");
}

void AddWorkerOptions(CLI::App& app, weir::worker::WorkerProcessOptions& options) {
  app.add_option("--parent-pid", options.parent_process_id, "the supervisor's process id");
  app.add_option("--job-manager", options.job_manager_address, "host:port");
  app.add_option("--cluster-id", options.identity.cluster_id);
  app.add_option("--task-manager-id", options.identity.task_manager_id);
  app.add_option("--worker-id", options.identity.worker_id);
  app.add_option("--job-id", options.identity.job_id);
  app.add_option("--job-epoch", options.identity.job_epoch);
  app.add_option("--leader-epoch", options.identity.leader_epoch);
  app.add_option("--leader-id", options.identity.leader_id);
  app.add_option("--data-host", options.data_host);
  app.add_option("--slots", options.slots.count);
  app.add_option("--job-slots", options.slots.of_job);
  app.add_option("--floating-entries", options.floating_entries);
  app.add_option("--first-lease-ms", options.first_lease_ms);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"weir-worker: runs the user code of one job; started by the servers of a cluster"};
  std::string role;
  std::string plugin;
  weir::worker::DescribeOptions describe;
  std::vector<std::pair<std::string, std::string>> configuration;
  weir::worker::WorkerProcessOptions worker;
  app.add_option("--role", role)
      ->required()
      ->check(CLI::IsMember({"worker", "coordinator", "describe"}));
  app.add_option("--plugin", plugin, "the plugin's file")->required();
  AddDescribeOptions(app, describe, configuration);
  AddWorkerOptions(app, worker);
  CLI11_PARSE(app, argc, argv);
  if (role == "describe") {
    describe.plugin_path = plugin;
    for (std::string& argument : describe.arguments) argument.erase(0, 1);
    for (const auto& [key, value] : configuration) describe.configuration[key] = value.substr(1);
    return weir::worker::DescribeToStandardOutput(describe);
  }
  worker.plugin_path = plugin;
  worker.identity.role = role == "coordinator" ? weir::worker::WorkerRole::kCoordinator
                                               : weir::worker::WorkerRole::kWorker;
  return weir::worker::RunWorkerProcess(std::move(worker));
}
