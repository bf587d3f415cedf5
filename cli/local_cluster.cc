#include "cli/local_cluster.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/job_manager_client.h"
#include "common/clock.h"
#include "common/file_system.h"
#include "common/system_error.h"
#include "common/text.h"

namespace weir::cli {

namespace {

constexpr std::int64_t kPollIntervalMs = 50;
constexpr std::int64_t kLogTailBytes = 2000;

// The name of a process among those of its role: "jobmanager", "taskmanager-2".
std::string NameOf(const std::string& role, const LocalClusterState& state) {
  if (role == "jobmanager") return role;
  auto count = std::count_if(state.processes.begin(), state.processes.end(),
                             [&](const LocalClusterProcess& other) { return other.role == role; });
  return Concat(role, "-", count + 1);
}

// Adds what the user defines, but for keys that are among the arguments: a key given twice is an
// error to the servers.
void AddDefinitions(const std::vector<std::string>& definitions,
                    std::vector<std::string>& arguments) {
  const std::vector<std::string> ours = arguments;
  for (const std::string& definition : definitions) {
    std::string prefix = "-D" + definition.substr(0, definition.find('=') + 1);
    bool overridden = std::any_of(ours.begin(), ours.end(), [&](const std::string& argument) {
      return argument.starts_with(prefix);
    });
    if (!overridden) arguments.push_back("-D" + definition);
  }
}

Status Ended(const LocalClusterProcess& process) {
  Result<std::string> log = LocalFileSystem().ReadFileTail(process.log_file, kLogTailBytes);
  return Status::Internal(Concat("the ", process.role, " (pid ", process.identity.pid,
                                 ") has ended; the end of ", process.log_file, ":\n",
                                 log.ok() ? *log : log.status().message()));
}

}  // namespace

LocalCluster::LocalCluster(LocalClusterOptions options, Waiter& waiter)
    : options_(std::move(options)), waiter_(waiter) {}

Result<UniqueFd> LocalCluster::Lock() const {
  WEIR_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(options_.state_folder + "/log"));
  std::string path = options_.state_folder + "/lock";
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return SystemError(Concat("cannot open ", path), errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Status(StatusCode::kFailedPrecondition,
                  "another `weir cluster` command is at work on the local cluster");
  }
  return lock;
}

Result<LocalClusterState> LocalCluster::Read() const {
  Result<LocalClusterState> state = ReadLocalClusterState(options_.state_folder);
  if (!state.ok() && state.status().code() == StatusCode::kNotFound) {
    return Status::NotFound("there is no local cluster; `weir cluster start` starts one");
  }
  return state;
}

Result<LocalClusterState> LocalCluster::Start(const LocalClusterRequest& request) {
  WEIR_ASSIGN_OR_RETURN(UniqueFd lock, Lock());
  Result<LocalClusterState> earlier = ReadLocalClusterState(options_.state_folder);
  if (!earlier.ok() && earlier.status().code() != StatusCode::kNotFound) return earlier;
  if (earlier.ok()) {
    for (const LocalClusterProcess& process : earlier->processes) {
      if (!IsRunning(process.identity)) continue;
      return Status(StatusCode::kAlreadyExists,
                    Concat("a local cluster is running already (", process.role, ", pid ",
                           process.identity.pid, ", REST API at ", earlier->rest.ToString(),
                           "); `weir cluster stop` stops it"));
    }
  }
  waiter_.HoldInterrupts();
  LocalClusterState state;
  Status status = StartServers(request, state);
  if (status.ok()) return state;
  Status stopped = StopServers(state);
  if (!stopped.ok()) return status.WithContext(stopped.message());
  return status;
}

Status LocalCluster::StartServers(const LocalClusterRequest& request, LocalClusterState& state) {
  std::string address_file = options_.state_folder + "/jobmanager-address.json";
  WEIR_RETURN_IF_ERROR(LocalFileSystem().RemoveRecursively(address_file));
  WEIR_RETURN_IF_ERROR(StartServer("jobmanager", {"--address-file", address_file}, request, state));
  WEIR_ASSIGN_OR_RETURN(JobManagerAddresses addresses, WaitForJobManager(address_file, state));
  state.rest = addresses.rest;
  std::vector<std::string> arguments = {Concat("-Djobmanager.rpc.address=", addresses.rpc.host),
                                        Concat("-Djobmanager.rpc.port=", addresses.rpc.port)};
  if (request.slots > 0) {
    arguments.push_back(Concat("-Dtaskmanager.numberOfTaskSlots=", request.slots));
  }
  for (int i = 0; i < request.task_managers; ++i) {
    WEIR_RETURN_IF_ERROR(StartServer("taskmanager", arguments, request, state));
  }
  return WaitForTaskManagers(request.task_managers, state);
}

Status LocalCluster::StartServer(const std::string& role, std::vector<std::string> arguments,
                                 const LocalClusterRequest& request, LocalClusterState& state) {
  if (!request.config_path.empty()) {
    arguments.insert(arguments.begin(), {"-c", request.config_path});
  }
  AddDefinitions(request.definitions, arguments);
  LocalClusterProcess process;
  process.role = role;
  process.log_file = Concat(options_.state_folder, "/log/", NameOf(role, state), ".log");
  WEIR_RETURN_IF_ERROR(LocalFileSystem().RemoveRecursively(process.log_file));
  WEIR_ASSIGN_OR_RETURN(
      process.identity,
      StartDetached(Concat(options_.program_folder, "/weir-", role), arguments, process.log_file));
  state.processes.push_back(std::move(process));
  return WriteLocalClusterState(options_.state_folder, state);
}

Status LocalCluster::WaitABit(const LocalClusterState& state) {
  for (const LocalClusterProcess& process : state.processes) {
    if (!IsRunning(process.identity)) return Ended(process);
  }
  if (waiter_.Wait(kPollIntervalMs)) return Status::Ok();
  return Status(StatusCode::kCanceled, "interrupted");
}

Result<JobManagerAddresses> LocalCluster::WaitForJobManager(const std::string& address_file,
                                                            const LocalClusterState& state) {
  const std::int64_t deadline_ms = SystemClock().MonotonicMillis() + options_.start_timeout_ms;
  while (SystemClock().MonotonicMillis() < deadline_ms) {
    Result<std::string> text = LocalFileSystem().ReadFile(address_file);
    if (text.ok()) return ParseAddressFile(*text);
    if (text.status().code() != StatusCode::kNotFound) return text.status();
    WEIR_RETURN_IF_ERROR(WaitABit(state));
  }
  return Status::Internal(Concat("the JobManager was not ready within ", options_.start_timeout_ms,
                                 " ms; see ", state.processes.front().log_file));
}

Status LocalCluster::WaitForTaskManagers(int count, const LocalClusterState& state) {
  WEIR_RETURN_IF_ERROR(WriteLocalClusterState(options_.state_folder, state));
  JobManagerClient client(state.rest);
  int registered = 0;
  const std::int64_t deadline_ms = SystemClock().MonotonicMillis() + options_.start_timeout_ms;
  while (SystemClock().MonotonicMillis() < deadline_ms) {
    Result<ClusterReport> cluster = client.GetCluster();
    if (!cluster.ok()) return cluster.status();
    registered = cluster->task_managers;
    if (registered >= count) return Status::Ok();
    WEIR_RETURN_IF_ERROR(WaitABit(state));
  }
  return Status::Internal(Concat("only ", registered, " of ", count,
                                 " TaskManagers registered within ", options_.start_timeout_ms,
                                 " ms; see ", options_.state_folder, "/log"));
}

Result<LocalClusterState> LocalCluster::Stop() {
  WEIR_ASSIGN_OR_RETURN(UniqueFd lock, Lock());
  WEIR_ASSIGN_OR_RETURN(LocalClusterState state, Read());
  WEIR_RETURN_IF_ERROR(StopServers(state));
  return state;
}

// The other way round than they were started, so that no TaskManager tries to reach a JobManager
// that is gone.
Status LocalCluster::StopServers(const LocalClusterState& state) {
  Status first_error;
  for (auto process = state.processes.rbegin(); process != state.processes.rend(); ++process) {
    Result<bool> killed = StopProcess(process->identity, options_.stop_grace_ms);
    if (!killed.ok() && first_error.ok()) first_error = killed.status();
  }
  // A process that does not end stays known, so that the next stop finds it.
  WEIR_RETURN_IF_ERROR(first_error);
  return RemoveLocalClusterState(options_.state_folder);
}

}  // namespace weir::cli
