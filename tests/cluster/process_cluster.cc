#include "tests/cluster/process_cluster.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/text.h"
#include "tests/cluster/raw_connection.h"
#include "tests/cluster/wait.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kStartTimeout = 30s;
// Longer than a TaskManager gives its workers.
constexpr auto kStopTimeout = 20s;
// A process that was killed needs a moment until the kernel has cleared it away.
constexpr auto kVanishTimeout = 10s;
constexpr char kMarkVariable[] = "WEIR_TEST_CLUSTER";
// ThreadSanitizer writes each process's reports to a file <this>.<process id>.
constexpr char kReportName[] = "sanitizer";
constexpr std::size_t kReportLines = 400;

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> SettingArguments(const std::map<std::string, std::string>& settings) {
  std::vector<std::string> arguments;
  for (const auto& [key, value] : settings) arguments.push_back(Concat("-D", key, "=", value));
  return arguments;
}

bool IsServer(pid_t pid) {
  const std::string command = ReadWhole(Concat("/proc/", pid, "/cmdline"));
  const std::string_view program = std::string_view(command).substr(0, command.find('\0'));
  return program.ends_with("/weir-jobmanager") || program.ends_with("/weir-taskmanager");
}

// Sets what the processes of the cluster in this folder inherit. ThreadSanitizer's reports go to
// files: nobody keeps the error output of a process that describes a job and succeeds. By itself it
// holds each process for a second when it ends, for the sake of threads that outlive main.
void SetEnvironmentOfProcesses(const std::string& folder) {
  static const std::string given = [] {
    const char* const options = std::getenv("TSAN_OPTIONS");
    return options == nullptr ? std::string() : Concat(options, ":");
  }();
  ::setenv(kMarkVariable, folder.c_str(), 1);
  ::setenv("TSAN_OPTIONS",
           Concat(given, "atexit_sleep_ms=0:log_path=", folder, "/", kReportName).c_str(), 1);
}

bool IsLog(const std::filesystem::path& path) {
  const std::string extension = path.extension();
  return path.stem() == kReportName || extension == ".log" || extension == ".out" ||
         extension == ".err";
}

// The lines that say what a sanitizer reports: processes of ours end by _exit, so that no exit code
// tells of a report of ThreadSanitizer.
std::string SanitizerReports(const std::string& folder) {
  std::string reports;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!IsLog(entry.path())) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      for (const char* sign : {"Sanitizer: ", "runtime error: "}) {
        if (line.find(sign) == std::string::npos) continue;
        reports += Concat("\n", entry.path().filename().string(), ": ", line);
      }
    }
  }
  return reports;
}

// Waits for the end of a server that was asked to end; what is wrong with it, or nothing. One that
// a test killed is fine.
std::string EndInOrder(test::ChildProcess& server, const std::string& name) {
  const auto status = server.Wait(kStopTimeout);
  if (!status) return Concat("\n", name, " did not end after SIGTERM");
  const bool killed = WIFSIGNALED(*status) && WTERMSIG(*status) == SIGKILL;
  if (*status != 0 && !killed) return Concat("\n", name, " ended with wait status ", *status);
  return "";
}

// A zombie has no command line and holds nothing.
std::string Describe(pid_t pid) {
  std::string command = ReadWhole(Concat("/proc/", pid, "/cmdline"));
  std::replace(command.begin(), command.end(), '\0', ' ');
  return Concat(pid, " ", command);
}

}  // namespace

std::string BuildFolder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path().string();
}

std::string ProgramPath(const std::string& name) {
  return BuildFolder() + "/bin/" + name;
}
std::string PluginPath(const std::string& name) {
  return BuildFolder() + "/jobs/" + name + ".so";
}

ProcessCluster::ProcessCluster(ClusterOptions options, TemporaryDirectory directory)
    : options_(std::move(options)),
      directory_(std::move(directory)),
      mark_(Concat(kMarkVariable, "=", directory_.path())) {}

Result<std::unique_ptr<ProcessCluster>> ProcessCluster::Start(const ClusterOptions& options) {
  WEIR_ASSIGN_OR_RETURN(TemporaryDirectory directory, TemporaryDirectory::Create("weir-cluster-"));
  std::unique_ptr<ProcessCluster> cluster(new ProcessCluster(options, std::move(directory)));
  WEIR_RETURN_IF_ERROR(cluster->StartJobManager("0", "0"));
  for (std::size_t i = 0; i < options.task_managers; ++i) {
    WEIR_RETURN_IF_ERROR(cluster->StartTaskManager(options.slots, {}));
  }
  return cluster;
}

ProcessCluster::~ProcessCluster() {
  KillEverything();
}

std::string ProcessCluster::Program(const std::string& name) const {
  return options_.program_folder.empty() ? ProgramPath(name) : options_.program_folder + "/" + name;
}

Status ProcessCluster::StartJobManager(const std::string& rpc_port, const std::string& rest_port) {
  const std::string address_file = directory() + "/addresses.json";
  std::filesystem::remove(address_file);
  std::vector<std::string> command = {Program("weir-jobmanager"), "--address-file", address_file};
  std::map<std::string, std::string> settings = {
      {"jobmanager.rpc.port", rpc_port},
      {"rest.port", rest_port},
      {"process.working-dir", directory() + "/jobmanager"}};
  settings.insert(options_.settings.begin(), options_.settings.end());
  for (std::string& argument : SettingArguments(settings)) command.push_back(std::move(argument));

  SetEnvironmentOfProcesses(directory());
  job_manager_ = std::make_unique<test::ChildProcess>();
  WEIR_RETURN_IF_ERROR(job_manager_->Start(command, directory(), directory() + "/jobmanager.log"));
  nlohmann::json addresses;
  const bool started = WaitFor(kStartTimeout, [&] {
    addresses = nlohmann::json::parse(ReadWhole(address_file), nullptr, /*allow_exceptions=*/false);
    return addresses.is_object() || !job_manager_->running();
  });
  if (!started || !addresses.is_object()) {
    return Status::Unavailable(Concat("the JobManager did not start:\n", LogTails(20)));
  }
  WEIR_ASSIGN_OR_RETURN(rpc_, ParseSocketAddress(addresses.at("rpc").get<std::string>()));
  WEIR_ASSIGN_OR_RETURN(rest_, ParseSocketAddress(addresses.at("rest").get<std::string>()));
  return Status::Ok();
}

Status ProcessCluster::StartTaskManager(std::uint32_t slots,
                                        const std::map<std::string, std::string>& settings) {
  const std::string name = Concat("tm-", task_managers_.size());
  std::map<std::string, std::string> all = {
      {"jobmanager.rpc.address", rpc_.host},
      {"jobmanager.rpc.port", Concat(rpc_.port)},
      {"taskmanager.id", name},
      {"taskmanager.numberOfTaskSlots", Concat(slots)},
      {"process.working-dir", Concat(directory(), "/", name)}};
  for (const auto& [key, value] : options_.settings) all[key] = value;
  for (const auto& [key, value] : settings) all[key] = value;
  std::vector<std::string> command = {Program("weir-taskmanager")};
  for (std::string& argument : SettingArguments(all)) command.push_back(std::move(argument));
  SetEnvironmentOfProcesses(directory());
  task_managers_.push_back(std::make_unique<test::ChildProcess>());
  return task_managers_.back()->Start(command, directory(), Concat(directory(), "/", name, ".log"));
}

Status ProcessCluster::KillTaskManager(std::size_t number) {
  task_managers_[number]->Signal(SIGKILL);
  if (task_managers_[number]->Wait(kVanishTimeout)) return Status::Ok();
  return Status::Internal(Concat("tm-", number, " survived a SIGKILL"));
}

Status ProcessCluster::StopTaskManager(std::size_t number) {
  task_managers_[number]->Signal(SIGTERM);
  const std::string wrong = EndInOrder(*task_managers_[number], Concat("tm-", number));
  return wrong.empty() ? Status::Ok() : Status::Internal(wrong);
}

Status ProcessCluster::KillJobManager() {
  job_manager_->Signal(SIGKILL);
  if (job_manager_->Wait(kVanishTimeout)) return Status::Ok();
  return Status::Internal("the JobManager survived a SIGKILL");
}

Status ProcessCluster::RestartJobManager() {
  return StartJobManager(Concat(rpc_.port), Concat(rest_.port));
}

std::vector<pid_t> ProcessCluster::MarkedProcesses() const {
  std::vector<pid_t> marked;
  std::error_code ignored;  // processes come and go while we look
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    const Result<std::int64_t> pid = ParseInt64(name);
    if (!pid.ok() || *pid == ::getpid()) continue;
    const std::string environment = ReadWhole("/proc/" + name + "/environ");
    for (const std::string_view variable : Split(environment, '\0')) {
      if (variable == mark_) marked.push_back(static_cast<pid_t>(*pid));
    }
  }
  return marked;
}

std::vector<pid_t> ProcessCluster::WorkerPids() const {
  std::vector<pid_t> pids = MarkedProcesses();
  std::erase_if(pids, IsServer);
  return pids;
}

Status ProcessCluster::Stop() {
  std::string left;
  for (auto& task_manager : task_managers_) task_manager->Signal(SIGTERM);
  for (std::size_t i = 0; i < task_managers_.size(); ++i) {
    left += EndInOrder(*task_managers_[i], Concat("tm-", i));
  }
  job_manager_->Signal(SIGTERM);
  left += EndInOrder(*job_manager_, "the JobManager");
  WaitFor(kVanishTimeout, [this] { return MarkedProcesses().empty(); });
  for (const pid_t pid : MarkedProcesses()) left += "\nprocess left behind: " + Describe(pid);
  for (const SocketAddress& address : {rpc_, rest_}) {
    if (const Status status = CheckPortIsFree(address); !status.ok())
      left += "\n" + status.message();
  }
  left += SanitizerReports(directory());
  if (left.empty()) return Status::Ok();
  KillEverything();
  return Status::Internal("after the end of the cluster:" + left);
}

void ProcessCluster::KillEverything() {
  task_managers_.clear();
  job_manager_.reset();
  for (const pid_t pid : MarkedProcesses()) ::kill(pid, SIGKILL);
}

std::string ProcessCluster::LogTails(std::size_t lines) const {
  std::string text;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory(), ignored)) {
    if (!IsLog(entry.path())) continue;
    const std::size_t kept = entry.path().stem() == kReportName ? kReportLines : lines;
    text += Concat("--- ", entry.path().string(), "\n", test::LastLines(entry.path(), kept), "\n");
  }
  return text;
}

}  // namespace weir::cluster_test
