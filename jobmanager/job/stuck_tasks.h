// Tasks whose one call takes too long, as their TaskManagers report them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "jobmanager/graph/execution_graph.h"

namespace weir::jobmanager {

class StuckTasks {
 public:
  // A report with running_ms 0 takes the worker's earlier one for that slot back.
  void OnReport(const std::string& worker_id, const proto::RunningStep& step);
  void ForgetWorker(const std::string& worker_id);

  // "operator 'Map' of 'Source -> Map' (3/4), attempt 1, has been in one call for 12 s", for the
  // present attempts, in a stable order.
  std::vector<std::string> Warnings(const ExecutionGraph& graph) const;
  // "in one call of operator 'Map' for 12 s"; empty when the attempt gets on.
  std::string DetailsOf(const ExecutionGraph& graph, const Execution& execution) const;

 private:
  bool Concerns(const ExecutionGraph& graph, const proto::RunningStep& step) const;

  std::map<std::pair<std::string, std::uint32_t>, proto::RunningStep> steps_;  // by worker and slot
};

}  // namespace weir::jobmanager
