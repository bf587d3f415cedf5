#include "taskmanager/worker/describe.h"

#include <cstdio>
#include <memory>
#include <utility>

#include <unistd.h>

#include "common/unique_fd.h"
#include "proto/job_graph.pb.h"
#include "taskmanager/worker/job_graph_conversion.h"
#include "taskmanager/worker/plugin.h"

namespace weir::worker {
namespace {

proto::JobDescription ErrorDescription(const Status& status) {
  proto::JobDescription description;
  description.mutable_error()->set_code(static_cast<std::uint32_t>(status.code()));
  description.mutable_error()->set_domain(static_cast<std::uint32_t>(status.domain()));
  description.mutable_error()->set_message(status.message());
  return description;
}

}  // namespace

proto::JobDescription Describe(const DescribeOptions& options) {
  const Result<Plugin> plugin = Plugin::Load(options.plugin_path);
  if (!plugin.ok()) return ErrorDescription(plugin.status());
  const internal::PluginRecord& record = plugin->record();
  if (options.job_name.empty() && record.job_count > 1) {
    proto::JobDescription description;
    for (std::uint32_t i = 0; i < record.job_count; ++i)
      description.mutable_jobs()->add_names(record.jobs[i].name);
    return description;
  }
  const Result<const internal::JobEntry*> entry = plugin->Find(options.job_name);
  if (!entry.ok()) return ErrorDescription(entry.status());
  internal::JobInputs inputs{.arguments = options.arguments,
                             .environment = {},
                             .files = {},
                             .recording = true,
                             .configuration = options.configuration,
                             .default_parallelism = options.default_parallelism};
  const Result<std::unique_ptr<internal::CompiledJob>> job = (*entry)->compile(inputs);
  if (!job.ok())
    return ErrorDescription(job.status().WithContext(std::string("job '") + (*entry)->name + "'"));
  proto::JobDescription description;
  description.mutable_described()->set_entry((*entry)->name);
  ToProto((*job)->graph(), description.mutable_described()->mutable_graph());
  ToProto(inputs, description.mutable_described()->mutable_inputs());
  return description;
}

int DescribeToStandardOutput(const DescribeOptions& options) {
  const UniqueFd output(::dup(STDOUT_FILENO));
  if (!output.valid() || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    std::perror("weir-worker: standard output");
    return 1;
  }
  const proto::JobDescription description = Describe(options);
  std::fflush(stdout);
  if (!description.SerializeToFileDescriptor(output.get())) {
    std::fputs("weir-worker: the description cannot be written to standard output\n", stderr);
    return 1;
  }
  return 0;
}

}  // namespace weir::worker
