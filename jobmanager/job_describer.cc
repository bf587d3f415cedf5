#include "jobmanager/job_describer.h"

#include <utility>

#include "common/text.h"
#include "proto/conversion/status_conversion.h"

namespace weir::jobmanager {

Result<proto::DescribedJob> ToDescribedJob(proto::JobDescription description,
                                           const std::string& plugin_name) {
  switch (description.result_case()) {
    case proto::JobDescription::kDescribed:
      return std::move(*description.mutable_described());
    case proto::JobDescription::kError: {
      const proto::DescribeError& error = description.error();
      const Status status = proto::StatusFromNumbers(
          error.code(), error.domain(), static_cast<std::uint32_t>(RetryHint::kNoRetry),
          error.message());
      if (status.ok()) break;
      return status;
    }
    case proto::JobDescription::kJobs:
      if (description.jobs().names().empty()) {
        return Status::InvalidArgument(Concat("'", plugin_name, "' has no jobs"));
      }
      return Status::InvalidArgument(Concat("'", plugin_name, "' has several jobs (",
                                            Join(description.jobs().names(), ", "),
                                            "): name one of them"));
    case proto::JobDescription::RESULT_NOT_SET:
      break;
  }
  return Status::Internal(Concat("the description of '", plugin_name, "' is empty"));
}

}  // namespace weir::jobmanager
