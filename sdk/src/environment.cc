#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>

#include <weir/environment.h>
#include <weir/internal/job_compiler.h>
#include <weir/internal/local_executor.h>

namespace weir {
namespace {

Result<std::string> ReadWholeFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int error = errno;
    const std::string message = "cannot open '" + path + "': " + std::strerror(error);
    return error == ENOENT ? Status::NotFound(message) : Status::IoError(message);
  }
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return Status::IoError("cannot read '" + path + "': " + std::strerror(errno));
  return content;
}

std::unique_ptr<internal::JobInputs> InputsOfProgram(int count, const char* const* arguments) {
  auto inputs = std::make_unique<internal::JobInputs>();
  if (count > 1) inputs->arguments.assign(arguments + 1, arguments + count);
  inputs->recording = true;
  return inputs;
}

}  // namespace

StreamExecutionEnvironment::StreamExecutionEnvironment(internal::JobInputs& inputs)
    : inputs_(&inputs), graph_(std::make_shared<internal::StreamGraph>()) {
  graph_->default_parallelism = inputs.default_parallelism;
  const auto chaining = inputs.configuration.find(internal::kOperatorChainingKey);
  graph_->operator_chaining = chaining == inputs.configuration.end() || chaining->second != "false";
  graph_->default_max_parallelism = internal::MaxParallelismSetting(inputs.configuration);
}

StreamExecutionEnvironment::StreamExecutionEnvironment(int argument_count,
                                                       const char* const* arguments)
    : own_inputs_(InputsOfProgram(argument_count, arguments)),
      inputs_(own_inputs_.get()),
      graph_(std::make_shared<internal::StreamGraph>()) {
  graph_->has_main = true;
}

StreamExecutionEnvironment::~StreamExecutionEnvironment() = default;

std::string StreamExecutionEnvironment::EnvironmentVariable(const std::string& name,
                                                            const std::string& default_value) {
  const auto recorded = inputs_->environment.find(name);
  if (recorded != inputs_->environment.end()) return recorded->second;
  if (!inputs_->recording) {
    graph_->Fail(Status::InvalidArgument(
        "the job function asked for environment variable '" + name +
        "' only when its graph was rebuilt in a worker: it must do the same each time"));
    return default_value;
  }
  const char* value = std::getenv(name.c_str());
  // What the program saw is recorded, be it the default.
  return inputs_->environment[name] = value != nullptr ? value : default_value;
}

Result<std::string> StreamExecutionEnvironment::ReadFile(const std::string& path) {
  const auto recorded = inputs_->files.find(path);
  if (recorded != inputs_->files.end()) return recorded->second;
  if (!inputs_->recording) {
    return Status::NotFound("file '" + path +
                            "' was not read when the job was submitted, so workers do not have it");
  }
  Result<std::string> content = ReadWholeFile(path);
  if (content.ok()) inputs_->files[path] = *content;
  return content;
}

std::string StreamExecutionEnvironment::Configuration(const std::string& key,
                                                      const std::string& default_value) const {
  const auto own = graph_->configuration.find(key);
  if (own != graph_->configuration.end()) return own->second;
  const auto given = inputs_->configuration.find(key);
  return given != inputs_->configuration.end() ? given->second : default_value;
}

void StreamExecutionEnvironment::EnableCheckpointing(std::int64_t interval_ms,
                                                     CheckpointingMode mode) {
  Set("execution.checkpointing.interval", std::to_string(interval_ms) + " ms");
  Set("execution.checkpointing.mode",
      mode == CheckpointingMode::kExactlyOnce ? "EXACTLY_ONCE" : "AT_LEAST_ONCE");
}

void StreamExecutionEnvironment::SetFixedDelayRestart(std::uint32_t attempts,
                                                      std::int64_t delay_ms) {
  Set("restart-strategy.type", "fixed-delay");
  Set("restart-strategy.fixed-delay.attempts", std::to_string(attempts));
  Set("restart-strategy.fixed-delay.delay", std::to_string(delay_ms) + " ms");
}

void StreamExecutionEnvironment::SetNoRestart() {
  Set("restart-strategy.type", "none");
}

void StreamExecutionEnvironment::SetBufferTimeout(std::int64_t timeout_ms) {
  Set("execution.buffer-timeout.interval", std::to_string(timeout_ms) + " ms");
}

SingleOutputStreamOperator<std::int64_t> StreamExecutionEnvironment::FromSequence(
    std::int64_t first, std::int64_t last) {
  if (last == std::numeric_limits<std::int64_t>::max()) {
    graph_->Fail(Status::InvalidArgument("FromSequence: the last number must be below 2^63 - 1"));
  }
  return FromSource(SequenceSource(first, last));
}

Result<std::unique_ptr<internal::CompiledJob>> StreamExecutionEnvironment::Compile() const {
  return internal::CompileStreamGraph(graph_);
}

Result<JobExecutionResult> StreamExecutionEnvironment::ExecuteLocal(const std::string& job_name) {
  return internal::ExecuteGraph(graph_, job_name);
}

}  // namespace weir
