#include "jobmanager/process_job_describer.h"

#include <csignal>
#include <memory>
#include <utility>

#include "common/configuration_value.h"
#include "common/file_system.h"
#include "common/text.h"

namespace weir::jobmanager {
namespace {

// A description holds the files that the job function read; more than this is not a description.
constexpr std::size_t kMostOutputBytes = std::size_t{64} << 20;
constexpr std::size_t kErrorTailBytes = 4096;
// A child that eats the machine's memory is what the kernel shall kill first.
constexpr int kOomScoreAdjustment = 1000;

struct Child {
  std::string plugin_name;
  std::unique_ptr<ChildProcess> process;
  JobDescriber::Callback callback;
  TimerId timer = kNoTimer;
  bool timed_out = false;
};

Status Failure(const Child& child, const std::string& what) {
  const std::string tail(Trim(child.process->StandardErrorTail(kErrorTailBytes).text));
  return Status::InvalidArgument(
      Concat("the job function of '", child.plugin_name, "' ", what,
             tail.empty() ? std::string() : Concat("\nIts last output:\n", tail)));
}

Result<proto::DescribedJob> ReadDescription(const Child& child, const ExitStatus& exit,
                                            std::int64_t timeout_ms) {
  if (child.timed_out) {
    return Failure(
        child, Concat("did not end within ", FormatDuration(std::chrono::milliseconds(timeout_ms)),
                      " and was killed"));
  }
  if (exit.signal != 0) return Failure(child, Concat("was ", exit.ToString()));
  const OutputTail output = child.process->StandardOutputTail();
  proto::JobDescription description;
  if (output.truncated() || output.text.empty() || !description.ParseFromString(output.text)) {
    return Failure(child, Concat(exit.ToString(),
                                 output.truncated() ? " after it described a job of more than 64 mb"
                                                    : " without a description of the job"));
  }
  return ToDescribedJob(std::move(description), child.plugin_name);
}

std::vector<std::string> ArgumentsFor(const DescribeRequest& request) {
  std::vector<std::string> arguments = {"--role=describe", "--plugin", request.plugin_path,
                                        "--parallelism", Concat(request.parallelism)};
  if (!request.entry.empty()) {
    arguments.push_back("--job");
    arguments.push_back(request.entry);
  }
  // In one word, and behind a sign: what is the user's may begin with a dash or be empty.
  for (const std::string& argument : request.arguments) {
    arguments.push_back("--argument==" + argument);
  }
  for (const auto& [key, text] : request.configuration) {
    arguments.insert(arguments.end(), {"--configuration", key, "=" + text});
  }
  return arguments;
}

}  // namespace

ProcessJobDescriber::ProcessJobDescriber(std::map<std::uint32_t, std::string> programs,
                                         ProcessSpawner& spawner, EventLoop& loop,
                                         std::int64_t timeout_ms)
    : programs_(std::move(programs)), spawner_(spawner), loop_(loop), timeout_ms_(timeout_ms) {}

std::vector<std::uint32_t> ProcessJobDescriber::abi_numbers() const {
  std::vector<std::uint32_t> numbers;
  for (const auto& [number, program] : programs_) numbers.push_back(number);
  return numbers;
}

void ProcessJobDescriber::Describe(const DescribeRequest& request, Callback callback) {
  const auto program = programs_.find(request.abi_number);
  if (program == programs_.end()) {
    return callback(Status::InvalidArgument(
        Concat("'", request.plugin_name, "' was built for ABI ", request.abi_number,
               ", for which no weir-worker is installed here")));
  }
  auto child = std::make_shared<Child>();
  child->plugin_name = request.plugin_name;
  child->callback = std::move(callback);
  ChildProcessOptions options{.program = program->second,
                              .arguments = ArgumentsFor(request),
                              .standard_output = StandardStream::Capture(kMostOutputBytes),
                              .standard_error = StandardStream::Capture(kErrorTailBytes),
                              .new_process_group = true,
                              .oom_score_adjustment = kOomScoreAdjustment};
  // Posted, so that it runs after Spawn returned and the child is filled in.
  options.on_exit = [child, &loop = loop_, timeout_ms = timeout_ms_](const ExitStatus& exit) {
    loop.Post([child, exit, &loop, timeout_ms] {
      if (child->callback == nullptr) return;
      loop.Cancel(child->timer);
      std::exchange(child->callback, nullptr)(ReadDescription(*child, exit, timeout_ms));
    });
  };
  Result<std::unique_ptr<ChildProcess>> spawned = spawner_.Spawn(std::move(options));
  if (!spawned.ok()) {
    return std::exchange(child->callback,
                         nullptr)(spawned.status().WithContext("cannot describe the job"));
  }
  child->process = *std::move(spawned);
  child->timer = loop_.Schedule(timeout_ms_, [child] {
    child->timed_out = true;
    // Fails only when the child has ended meanwhile, and then there is nothing to kill.
    static_cast<void>(child->process->KillGroup(SIGKILL));
  });
}

}  // namespace weir::jobmanager
