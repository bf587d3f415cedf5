// DataStream::ExecuteAndCollect(): what a stream comes to, in a vector. For tests and small tools.
// Each record is there once, also where the job has started again meanwhile, with or without a
// checkpoint (weir/collect_sink.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/collect_sink.h>
#include <weir/data_stream.h>
#include <weir/internal/local_executor.h>
#include <weir/internal/stream_graph.h>
#include <weir/status.h>

namespace weir {

template <class T>
Result<std::vector<T>> DataStream<T>::ExecuteAndCollect(const std::string& job_name) const {
  CollectSink<T> records;
  const auto node = static_cast<std::uint32_t>(graph_->nodes.size());
  WEIR_RETURN_IF_ERROR(graph_->CheckBounded());
  SinkTo(records).SetParallelism(1);
  const Result<JobExecutionResult> result = internal::ExecuteGraph(graph_, job_name);
  graph_->RemoveNodesFrom(node);
  if (!result.ok()) return result.status();
  if (!result->failure.ok()) return result->failure;
  return records.TakeRecords();
}

}  // namespace weir
