// The stream of one operator, as the methods of the streams return it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <weir/data_stream.h>
#include <weir/error_policy.h>
#include <weir/internal/edge_factories.h>
#include <weir/internal/side_outputs.h>
#include <weir/internal/stream_graph.h>
#include <weir/operator_options.h>
#include <weir/side_output.h>

namespace weir {

// Can be given a name, a parallelism and so on.
template <class T>
class SingleOutputStreamOperator : public DataStream<T>,
                                   public OperatorOptions<SingleOutputStreamOperator<T>> {
 public:
  SingleOutputStreamOperator(std::shared_ptr<internal::StreamGraph> graph, std::uint32_t node)
      : DataStream<T>(graph, {{node, std::make_shared<const internal::DefaultEdge<T>>()}}),
        OperatorOptions<SingleOutputStreamOperator<T>>(graph, node) {}

  // What OnError(ErrorPolicy::kDeadLetter) puts aside.
  DataStream<DeadLetter> DeadLetters() const { return GetSideOutput(internal::DeadLetterTag()); }
  // What the operator puts out to this tag (weir/side_output.h). The operator must be able to have
  // side outputs, and have this one if its function declares them; else submission fails.
  template <class S>
  DataStream<S> GetSideOutput(const OutputTag<S>& tag) const {
    const std::uint32_t node = this->origins().front().node;
    this->graph()->AddSideOutput(
        node, {tag.id(), std::make_shared<const internal::TypedSideOutputFactory<S>>()});
    return DataStream<S>(this->graph(),
                         {{node, std::make_shared<const internal::DefaultEdge<S>>(), tag.id()}});
  }
};

}  // namespace weir
