#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <dlfcn.h>

#include <weir/internal/job_compiler.h>
#include <weir/internal/local_executor.h>
#include <weir/internal/plugin.h>

namespace weir::internal {
namespace {

std::string DirectoryOfExecutable() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string() : path.parent_path().string();
}

std::vector<std::string> Candidates() {
  const char* named = std::getenv(kLocalLibraryVariable);
  if (named != nullptr && *named != '\0') return {named};
  std::vector<std::string> candidates;
  const std::string directory = DirectoryOfExecutable();
  if (!directory.empty()) {
    candidates.push_back(directory + "/" + kLocalLibraryName);
    candidates.push_back(directory + "/../lib/" + kLocalLibraryName);
  }
  candidates.push_back(kLocalLibraryName);
  return candidates;
}

}  // namespace

// dlopen counts its handles, so opening the library again is cheap and gives the same one; it is
// never closed: its threads run code of it.
Result<const LocalExecutor*> OpenLocalExecutor() {
  std::string tried;
  for (const std::string& candidate : Candidates()) {
    void* library = ::dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      tried += std::string("\n  ") + ::dlerror();
      continue;
    }
    void* symbol = ::dlsym(library, kLocalExecutorSymbol);
    if (symbol == nullptr) {
      return Status::NotFound("'" + candidate +
                              "' is no local execution library of Weir: " + ::dlerror());
    }
    const LocalExecutor* executor = reinterpret_cast<LocalExecutorFunction>(symbol)(kAbiNumber);
    if (executor == nullptr) {
      return Status(StatusCode::kUnsupported, "'" + candidate + "' does not speak ABI number " +
                                                  std::to_string(kAbiNumber) + " of this program");
    }
    return executor;
  }
  return Status::NotFound("ExecuteLocal() needs " + std::string(kLocalLibraryName) +
                          " and cannot load it (set " + kLocalLibraryVariable +
                          " to name the file). Tried:" + tried);
}

Result<JobExecutionResult> ExecuteGraph(const std::shared_ptr<StreamGraph>& graph,
                                        const std::string& job_name) {
  if (!graph->has_main) {
    return Status(StatusCode::kFailedPrecondition,
                  "ExecuteLocal() and ExecuteAndCollect() are for programs with a main() of their "
                  "own; this environment belongs to a job that a cluster runs",
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  graph->job_name = job_name;
  WEIR_ASSIGN_OR_RETURN(auto job, CompileStreamGraph(graph));
  WEIR_ASSIGN_OR_RETURN(const LocalExecutor* executor, OpenLocalExecutor());
  return executor->Execute(std::move(job), graph->configuration);
}

}  // namespace weir::internal
