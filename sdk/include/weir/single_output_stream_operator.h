// The stream of one operator, as the methods of the streams return it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <weir/data_stream.h>
#include <weir/internal/edge_factories.h>
#include <weir/internal/stream_graph.h>
#include <weir/operator_options.h>

namespace weir {

// Can be given a name, a parallelism and so on.
template <class T>
class SingleOutputStreamOperator : public DataStream<T>,
                                   public OperatorOptions<SingleOutputStreamOperator<T>> {
 public:
  SingleOutputStreamOperator(std::shared_ptr<internal::StreamGraph> graph, std::uint32_t node)
      : DataStream<T>(graph, {{node, std::make_shared<const internal::DefaultEdge<T>>()}}),
        OperatorOptions<SingleOutputStreamOperator<T>>(graph, node) {}
};

}  // namespace weir
