// `weir-worker --role=describe`: makes the JobGraph of a job in a plugin, in a process of its own,
// so that neither the JobManager nor the CLI ever runs user code.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::proto {
class JobDescription;
}  // namespace weir::proto

namespace weir::worker {

struct DescribeOptions {
  std::string plugin_path;
  std::string job_name;  // empty: the plugin's only job
  std::vector<std::string> arguments;
  std::map<std::string, std::string> configuration;
  std::uint32_t default_parallelism = 1;
};

// The description, or an error in it. Where no job is named and the plugin has several, their
// names.
proto::JobDescription Describe(const DescribeOptions& options);

// Describes and writes the serialized message to standard output, to which nothing else is written:
// what the job function prints there goes to standard error. Returns the process's exit code: 0
// when a message was written, even one that holds an error.
int DescribeToStandardOutput(const DescribeOptions& options);

}  // namespace weir::worker
