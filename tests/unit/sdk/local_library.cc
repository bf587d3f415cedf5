// A local executor that runs nothing and says what it was given.
#include <weir/internal/local_executor.h>
#include <weir/internal/plugin.h>

namespace {

class EchoingExecutor final : public weir::internal::LocalExecutor {
 public:
  weir::Result<weir::JobExecutionResult> Execute(
      std::shared_ptr<const weir::internal::CompiledJob> job,
      const std::map<std::string, std::string>& options) const override {
    weir::JobExecutionResult result;
    result.job_id = job->graph().name;
    result.final_state = options.at("restart-strategy.type");
    return result;
  }
};
const EchoingExecutor kExecutor;

}  // namespace

extern "C" [[gnu::visibility("default")]] const weir::internal::LocalExecutor* weir_local_executor(
    std::uint32_t abi_number) {
  return abi_number == weir::internal::kAbiNumber ? &kExecutor : nullptr;
}
