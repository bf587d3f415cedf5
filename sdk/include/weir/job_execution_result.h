// How a job ended.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <weir/status.h>

namespace weir {

struct JobExecutionResult {
  std::string job_id;                          // 32 hex digits
  std::string final_state;                     // Flink's words: "FINISHED", "FAILED", "CANCELED"
  Status failure;                              // why, unless FINISHED
  std::int64_t duration_ms = 0;                // from submission to the final state
  std::map<std::string, double> accumulators;  // merged over all subtasks
};

}  // namespace weir
