#include "cli/command_line.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <utility>

#include <CLI/CLI.hpp>

#include "common/socket_address.h"
#include "common/text.h"

namespace weir::cli {

namespace {

constexpr int kMaxTaskManagers = 64;
constexpr int kMaxSlots = 1024;
constexpr int kMaxParallelism = 32768;

// What the parser fills; the subcommand that was named decides which part counts.
struct Parsed {
  RunOptions run;
  ListOptions list;
  CancelOptions cancel;
  CheckpointOptions checkpoint;
  CheckpointsOptions checkpoints;
  StatusOptions status;
  ClusterStartOptions start;
  ClusterStatusOptions cluster_status;
  std::vector<std::string> definitions;
};

std::string CheckDefinition(const std::string& text) {
  std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals > 0) return "";
  return "'" + text + "' is not key=value";
}

std::string CheckAddress(const std::string& text) {
  Result<SocketAddress> address = ParseSocketAddress(text);
  if (address.ok() && address->port != 0) return "";
  return "'" + text + "' is not host:port";
}

std::string CheckJobId(const std::string& text) {
  bool hex =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (hex && text.size() == 32) return "";
  return "'" + text + "' is not a job id (32 hex digits, as `weir list` shows them)";
}

void AddServer(CLI::App* app, ServerOptions& server) {
  app->add_option("-m,--jobmanager", server.address,
                  "REST address of the JobManager (default: the local cluster, else rest.address "
                  "and rest.port of the configuration)")
      ->type_name("HOST:PORT")
      ->check(CheckAddress);
}

// A command about one job that can print JSON.
template <class Options>
void AddJob(CLI::App* app, Options& options) {
  AddServer(app, options.server);
  app->add_option("job", options.job_id, "The job's id")
      ->required()
      ->type_name("JOBID")
      ->check(CheckJobId);
  app->add_flag("--json", options.json, "As JSON");
}

// Everything behind the plugin belongs to the job.
void AddProgram(CLI::App* app, Parsed& parsed) {
  RunOptions& run = parsed.run;
  app->add_option("-c,--class", run.entry_class, "Name of the job in the plugin")
      ->type_name("NAME");
  app->add_option("-p,--parallelism", run.parallelism, "Default parallelism of the job")
      ->type_name("N")
      ->check(CLI::Range(1, kMaxParallelism));
  app->add_option("-D", parsed.definitions, "Setting of this job, over the cluster's")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->check(CheckDefinition);
  AddServer(app, run.server);
  app->positionals_at_end();
  app->add_option("plugin", run.plugin, "The compiled job (.so)")->required()->type_name("JOB.SO");
  app->add_option("arguments", run.arguments, "Arguments of the job")->type_name("ARGS");
}

void AddRun(CLI::App& app, Parsed& parsed) {
  CLI::App* run = app.add_subcommand("run", "Uploads and runs a job and follows it to its end");
  AddProgram(run, parsed);
  run->add_option("-s,--fromSavepoint", parsed.run.savepoint_path,
                  "Folder of a completed checkpoint that the job starts from (chk-N)")
      ->type_name("PATH")
      ->check([](const std::string& path) { return path.empty() ? "the path is empty" : ""; });
  run->add_flag("-d,--detached", parsed.run.detached, "Return once the job is submitted");
  run->add_flag("--shutdownOnAttachedExit", parsed.run.cancel_on_interrupt,
                "(-sae) Ctrl-C cancels the job; without it the job goes on");
  run->add_flag("--json", parsed.run.json, "Print the outcome as one JSON object");
}

void AddJobCommands(CLI::App& app, Parsed& parsed) {
  CLI::App* info = app.add_subcommand("info", "Prints the plan of a job as JSON");
  AddProgram(info, parsed);

  CLI::App* list = app.add_subcommand("list", "Lists running and scheduled jobs");
  AddServer(list, parsed.list.server);
  list->add_flag("-r,--running", parsed.list.running, "Only jobs that run");
  list->add_flag("-s,--scheduled", parsed.list.scheduled, "Only jobs that wait to run");
  list->add_flag("-a,--all", parsed.list.all, "Also jobs that have ended");
  list->add_flag("--json", parsed.list.json, "As JSON");

  CLI::App* cancel = app.add_subcommand("cancel", "Cancels a job");
  AddServer(cancel, parsed.cancel.server);
  cancel->add_option("job", parsed.cancel.job_id, "The job's id")
      ->required()
      ->type_name("JOBID")
      ->check(CheckJobId);

  CLI::App* checkpoint =
      app.add_subcommand("checkpoint", "Takes a checkpoint of a job now and waits for it");
  AddJob(checkpoint, parsed.checkpoint);
  CLI::App* checkpoints =
      app.add_subcommand("checkpoints", "Lists the newest checkpoints of a job");
  AddJob(checkpoints, parsed.checkpoints);

  CLI::App* status = app.add_subcommand(
      "status", "Shows the cluster, or one job: what runs, what is stuck, what failed");
  AddServer(status, parsed.status.server);
  status->add_option("job", parsed.status.job_id, "The job's id")
      ->type_name("JOBID")
      ->check(CheckJobId);
  status->add_flag("--json", parsed.status.json, "As JSON");
}

void AddCluster(CLI::App& app, Parsed& parsed) {
  CLI::App* cluster = app.add_subcommand("cluster", "Starts and stops a cluster on this machine");
  cluster->require_subcommand(1);
  CLI::App* start = cluster->add_subcommand("start", "Starts a JobManager and TaskManagers");
  start
      ->add_option("--taskmanagers", parsed.start.task_managers,
                   "How many TaskManagers (default 1)")
      ->type_name("N")
      ->check(CLI::Range(1, kMaxTaskManagers));
  start
      ->add_option("--slots", parsed.start.slots, "Slots of each TaskManager (default: configured)")
      ->type_name("N")
      ->check(CLI::Range(1, kMaxSlots));
  start->add_option("-c,--config", parsed.start.config_path, "Configuration file, or its folder")
      ->type_name("PATH");
  start->add_option("-D", parsed.start.definitions, "Setting of all servers")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->check(CheckDefinition);
  cluster->add_subcommand("stop", "Stops it");
  CLI::App* status = cluster->add_subcommand("status", "Shows its processes");
  status->add_flag("--json", parsed.cluster_status.json, "As JSON");
}

Command CommandOf(const CLI::App& app, Parsed parsed) {
  for (const std::string& definition : parsed.definitions) {
    std::size_t equals = definition.find('=');
    parsed.run.configuration[definition.substr(0, equals)] = definition.substr(equals + 1);
  }
  if (app.got_subcommand("run")) return parsed.run;
  if (app.got_subcommand("info")) return InfoOptions{parsed.run};
  if (app.got_subcommand("list")) return parsed.list;
  if (app.got_subcommand("cancel")) return parsed.cancel;
  if (app.got_subcommand("checkpoint")) return parsed.checkpoint;
  if (app.got_subcommand("checkpoints")) return parsed.checkpoints;
  if (app.got_subcommand("status")) return parsed.status;
  const CLI::App* cluster = app.get_subcommand("cluster");
  if (cluster->got_subcommand("start")) return parsed.start;
  if (cluster->got_subcommand("stop")) return ClusterStopOptions();
  return parsed.cluster_status;
}

// CLI11 knows short flags of one letter; Flink's -sae has three. What follows the plugin is the
// job's.
void SpellOut(std::vector<std::string>& arguments) {
  for (std::string& argument : arguments) {
    if (argument == "--") break;
    if (argument == "-sae") argument = "--shutdownOnAttachedExit";
    if (argument.ends_with(".so")) break;
  }
}

// What is wrong with the word that should be a command of `app`; empty when it is one, or a flag.
std::string UnknownCommand(const CLI::App& app, const std::vector<std::string>& arguments,
                           std::size_t at) {
  if (at >= arguments.size() || arguments[at].starts_with('-')) return "";
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == arguments[at]) {
      return command->get_name() == "cluster" ? UnknownCommand(*command, arguments, at + 1) : "";
    }
    names.push_back(command->get_name());
  }
  return Concat("'", arguments[at], "' is no command; there are ", Join(names, ", "));
}

}  // namespace

CommandLine ParseCommandLine(std::vector<std::string> arguments) {
  Parsed parsed;
  CLI::App app("Runs and watches stream-processing jobs on a Weir cluster.", "weir");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("weir ") + WEIR_VERSION);
  app.failure_message(CLI::FailureMessage::simple);
  AddRun(app, parsed);
  AddJobCommands(app, parsed);
  AddCluster(app, parsed);
  CommandLine line;
  if (std::string unknown = UnknownCommand(app, arguments, 0);
      !unknown.empty() || arguments.empty()) {
    line.print = line.wrong = true;
    line.text = unknown.empty() ? app.help() : "weir: " + unknown + "\n";
    return line;
  }
  SpellOut(arguments);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
    line.command = CommandOf(app, std::move(parsed));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream problems;
    line.wrong = app.exit(error, out, problems) != 0;
    line.print = true;
    line.text = line.wrong ? "weir: " + problems.str() : out.str();
  }
  return line;
}

}  // namespace weir::cli
