// Runs a job of a plugin in this process and prints wall and CPU time as one line of JSON:
//   benchmark_in_process chain|engine PLUGIN JOB PARALLELISM [argument…]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "benchmarks/in_process/run_job.h"
#include "benchmarks/limits/stopwatch.h"
#include "taskmanager/worker/plugin.h"

namespace {

weir::Result<std::unique_ptr<weir::internal::CompiledJob>> Load(int argc, char** argv) {
  WEIR_ASSIGN_OR_RETURN(const weir::worker::Plugin plugin, weir::worker::Plugin::Load(argv[2]));
  WEIR_ASSIGN_OR_RETURN(const weir::internal::JobEntry* entry, plugin.Find(argv[3]));
  weir::internal::JobInputs inputs;
  inputs.recording = true;
  inputs.default_parallelism = static_cast<std::uint32_t>(std::atoi(argv[4]));
  inputs.arguments.assign(argv + 5, argv + argc);
  return entry->compile(inputs);
}

weir::Status Run(int argc, char** argv) {
  WEIR_ASSIGN_OR_RETURN(auto job, Load(argc, argv));
  const auto start = std::chrono::steady_clock::now();
  const double cpu_at_start = benchmarks::CpuSeconds(RUSAGE_SELF);
  if (std::string(argv[1]) == "chain") {
    WEIR_RETURN_IF_ERROR(benchmarks::RunChain(*job));
  } else {
    WEIR_RETURN_IF_ERROR(benchmarks::RunTaskEngine(std::move(job)));
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  std::printf("{\"wall_s\": %.6f, \"cpu_s\": %.6f}\n", wall.count(),
              benchmarks::CpuSeconds(RUSAGE_SELF) - cpu_at_start);
  return weir::Status::Ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: %s chain|engine PLUGIN JOB PARALLELISM [argument…]\n", argv[0]);
    return 2;
  }
  const weir::Status status = Run(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
