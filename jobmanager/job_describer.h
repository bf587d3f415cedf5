// JobDescriber: has the job function of a plugin run somewhere else and brings its JobGraph back.
// The JobManager itself never loads user code.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <weir/status.h>

#include "proto/job_graph.pb.h"

namespace weir::jobmanager {

struct DescribeRequest {
  std::string plugin_path;
  std::string plugin_name;  // as uploaded, for errors
  std::uint32_t abi_number = 0;
  std::string entry;  // the job's name; empty: the only one
  std::vector<std::string> arguments;
  std::uint32_t parallelism = 1;                     // of operators that do not say
  std::map<std::string, std::string> configuration;  // the settings that the program may read
};

class JobDescriber {
 public:
  // An error of domain user when the job function failed, crashed or ran too long: the message
  // says how and ends with what it printed last.
  using Callback = std::function<void(Result<proto::DescribedJob>)>;

  virtual ~JobDescriber() = default;
  // The ABI numbers it can load.
  virtual std::vector<std::uint32_t> abi_numbers() const = 0;
  // Returns at once or blocks for milliseconds; not for the JobManager's loop. The callback is
  // called once, from any thread; it must only post.
  virtual void Describe(const DescribeRequest& request, Callback callback) = 0;
};

// What a description says: the job, or why there is none.
Result<proto::DescribedJob> ToDescribedJob(proto::JobDescription description,
                                           const std::string& plugin_name);

}  // namespace weir::jobmanager
