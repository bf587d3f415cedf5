// The command line of `weir`, read into plain data.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace weir::cli {

// Flags that every command which talks to a JobManager takes.
struct ServerOptions {
  std::string address;  // -m host:port; empty: see server_address.h
};

struct RunOptions {
  ServerOptions server;
  std::string plugin;
  std::vector<std::string> arguments;
  std::string entry_class;  // empty: the only job of the plugin
  int parallelism = 0;      // 0: not given
  std::map<std::string, std::string> configuration;
  std::string savepoint_path;  // what the job starts from; empty: afresh
  bool detached = false;
  bool cancel_on_interrupt = false;
  bool json = false;
};

// Takes what decides the plan; prints it.
struct InfoOptions {
  RunOptions program;
};

struct ListOptions {
  ServerOptions server;
  bool running = false;
  bool scheduled = false;
  bool all = false;
  bool json = false;
};

struct CancelOptions {
  ServerOptions server;
  std::string job_id;
};

// Takes a checkpoint and waits for it.
struct CheckpointOptions {
  ServerOptions server;
  std::string job_id;
  bool json = false;
};

// Lists the job's newest checkpoints.
struct CheckpointsOptions {
  ServerOptions server;
  std::string job_id;
  bool json = false;
};

struct StatusOptions {
  ServerOptions server;
  std::string job_id;  // empty: the cluster's status
  bool json = false;
};

struct ClusterStartOptions {
  int task_managers = 1;
  int slots = 0;                         // per TaskManager; 0: as configured
  std::string config_path;               // file or folder; empty: the servers' default
  std::vector<std::string> definitions;  // "key=value"
};
struct ClusterStopOptions {};
struct ClusterStatusOptions {
  bool json = false;
};

using Command = std::variant<RunOptions, InfoOptions, ListOptions, CancelOptions, CheckpointOptions,
                             CheckpointsOptions, StatusOptions, ClusterStartOptions,
                             ClusterStopOptions, ClusterStatusOptions>;

// What the arguments ask for: a command, or text to print at once (help, version, or what is wrong
// with them).
struct CommandLine {
  Command command;
  bool print = false;
  std::string text;
  bool wrong = false;  // `text` goes to standard error and the exit code is kUsage
};

// `arguments` without the program's name.
CommandLine ParseCommandLine(std::vector<std::string> arguments);

}  // namespace weir::cli
