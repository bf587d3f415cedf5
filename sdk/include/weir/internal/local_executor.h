// How ExecuteLocal() reaches a cluster in the same process: libweir-local.so, opened at run time,
// so that the SDK links nothing. The library exports one C function,
//   extern "C" const weir::internal::LocalExecutor* weir_local_executor(std::uint32_t abi_number);
// which returns null for an ABI number it does not speak. The object lives as long as the process.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <weir/internal/compiled_job.h>
#include <weir/internal/stream_graph.h>
#include <weir/job_execution_result.h>
#include <weir/status.h>

namespace weir::internal {

inline constexpr char kLocalExecutorSymbol[] = "weir_local_executor";
inline constexpr char kLocalLibraryName[] = "libweir-local.so";
// Names another library file.
inline constexpr char kLocalLibraryVariable[] = "WEIR_LOCAL_LIBRARY";

class LocalExecutor {
 public:
  virtual ~LocalExecutor() = default;
  // Runs the job to its end; blocks. `options`: configuration of the cluster and the job by its
  // keys ("taskmanager.numberOfTaskSlots", …); absent ones have their defaults, and there are as
  // many slots as the job needs. A job that fails is a result with final_state FAILED; a Status
  // says that it could not be run at all. Any thread.
  virtual Result<JobExecutionResult> Execute(
      std::shared_ptr<const CompiledJob> job,
      const std::map<std::string, std::string>& options) const = 0;
};

using LocalExecutorFunction = const LocalExecutor* (*)(std::uint32_t abi_number);

// Opens the library (once per process) and asks for its executor. Looked for: the file that
// WEIR_LOCAL_LIBRARY names and nothing else, if set; next to the executable; in ../lib of it; where
// the loader looks.
Result<const LocalExecutor*> OpenLocalExecutor();

// Compiles the program and runs it in this process; blocks. Only for programs with a main().
Result<JobExecutionResult> ExecuteGraph(const std::shared_ptr<StreamGraph>& graph,
                                        const std::string& job_name);

}  // namespace weir::internal
