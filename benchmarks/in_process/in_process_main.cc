// Runs a job of a plugin in this process and prints wall and CPU time as one line of JSON:
//   benchmark_in_process chain|steps|engine PLUGIN JOB PARALLELISM --records N [argument…]
//
// chain: the SDK alone; steps: the same with the longest step timed; engine: the task engine, which
// takes the argument --batch-records N.
//
// A first run with few records is not measured: it makes what the process keeps (tables, records in
// memory) and touches the code, as a loop by hand does before its time begins.
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/in_process/allocations.h"
#include "benchmarks/in_process/run_job.h"
#include "benchmarks/limits/stopwatch.h"
#include "taskmanager/worker/plugin.h"

namespace {

constexpr char kWarmUpRecords[] = "100000";

struct Command {
  std::string through;
  const weir::internal::JobEntry* entry = nullptr;
  std::uint32_t parallelism = 1;
  std::vector<std::string> arguments;
};

// Of `name VALUE`; empty where it is missing.
std::string ValueOf(const std::vector<std::string>& arguments, const std::string& name) {
  const auto found = std::find(arguments.begin(), arguments.end(), name);
  return found == arguments.end() || found + 1 == arguments.end() ? "" : *(found + 1);
}

weir::Result<std::unique_ptr<weir::internal::CompiledJob>> Compile(
    const Command& command, std::vector<std::string> arguments) {
  weir::internal::JobInputs inputs;
  inputs.recording = true;
  inputs.default_parallelism = command.parallelism;
  inputs.arguments = std::move(arguments);
  return command.entry->compile(inputs);
}

// `longest_step_ms`: grows where steps are timed.
weir::Status RunOnce(const Command& command, std::unique_ptr<weir::internal::CompiledJob> job,
                     double& longest_step_ms) {
  if (command.through == "engine") {
    const std::string batch_records = ValueOf(command.arguments, "--batch-records");
    return benchmarks::RunTaskEngine(std::move(job),
                                     static_cast<std::uint32_t>(std::atoi(batch_records.c_str())));
  }
  return benchmarks::RunChain(*job, command.through == "steps" ? &longest_step_ms : nullptr);
}

weir::Status WarmUp(const Command& command) {
  std::vector<std::string> arguments = command.arguments;
  const auto records = std::find(arguments.begin(), arguments.end(), "--records");
  if (records == arguments.end() || records + 1 == arguments.end()) {
    return weir::Status::InvalidArgument("--records is missing");
  }
  *(records + 1) = kWarmUpRecords;
  WEIR_ASSIGN_OR_RETURN(auto job, Compile(command, std::move(arguments)));
  double longest_step_ms = 0;
  return RunOnce(command, std::move(job), longest_step_ms);
}

weir::Status Run(int argc, char** argv) {
  WEIR_ASSIGN_OR_RETURN(const weir::worker::Plugin plugin, weir::worker::Plugin::Load(argv[2]));
  Command command{.through = argv[1],
                  .parallelism = static_cast<std::uint32_t>(std::atoi(argv[4])),
                  .arguments = std::vector<std::string>(argv + 5, argv + argc)};
  WEIR_ASSIGN_OR_RETURN(command.entry, plugin.Find(argv[3]));
  WEIR_RETURN_IF_ERROR(WarmUp(command));
  WEIR_ASSIGN_OR_RETURN(auto job, Compile(command, command.arguments));
  const auto start = std::chrono::steady_clock::now();
  const double cpu_at_start = benchmarks::CpuSeconds(RUSAGE_SELF);
  const std::uint64_t allocations_at_start = benchmarks::Allocations();
  double longest_step_ms = 0;
  WEIR_RETURN_IF_ERROR(RunOnce(command, std::move(job), longest_step_ms));
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const double cpu_s = benchmarks::CpuSeconds(RUSAGE_SELF) - cpu_at_start;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("{\"wall_s\": %.6f, \"cpu_s\": %.6f, \"peak_mib\": %.1f, \"allocations\": %" PRIu64
              ", \"longest_step_ms\": %.3f}\n",
              wall.count(), cpu_s, static_cast<double>(usage.ru_maxrss) / 1024,
              benchmarks::Allocations() - allocations_at_start, longest_step_ms);
  return weir::Status::Ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr,
                 "usage: %s chain|steps|engine PLUGIN JOB PARALLELISM --records N [argument…]\n",
                 argv[0]);
    return 2;
  }
  const weir::Status status = Run(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
