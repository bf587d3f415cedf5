// DataStreamSink: what SinkTo() and Print() give.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <weir/internal/stream_graph.h>
#include <weir/operator_options.h>

namespace weir {

// The end of a stream.
class DataStreamSink : public OperatorOptions<DataStreamSink> {
 public:
  DataStreamSink(std::shared_ptr<internal::StreamGraph> graph, std::uint32_t node)
      : OperatorOptions(std::move(graph), node) {}
};

}  // namespace weir
