#include <exception>
#include <string>

#include <weir/job_plugin.h>

namespace weir::internal {

Result<std::unique_ptr<CompiledJob>> CompileJobFunction(
    const char* name, void (*function)(StreamExecutionEnvironment&), JobInputs& inputs) {
  const auto threw = [name](const std::string& what) {
    return Status::UserError("the function of job '" + std::string(name) + "' threw " + what);
  };
  try {
    StreamExecutionEnvironment environment(inputs);
    environment.SetJobName(name);
    function(environment);
    return environment.Compile();
  } catch (const std::exception& exception) {
    return threw(exception.what());
  } catch (...) {
    return threw("something that is no std::exception");
  }
}

}  // namespace weir::internal
