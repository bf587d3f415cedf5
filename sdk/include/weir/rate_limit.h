// Keeps a stream to a number of records per second: what a service behind it can take, or, behind
// any source, how fast that is read (Flink's RateLimiterStrategy).
//
//   auto slow = env.FromSource(source, strategy, "orders").RateLimit(10'000).Uid("limit");
//
// The rate is that of all subtasks together, of which each gets an equal part. Records wait in
// their order, and watermarks with them; what cannot wait is held back where it comes from. A
// subtask that was held up, or had nothing to do, catches up on at most a second.
//
// The operator starts a chain. What waits is operator state, so it needs a Uid.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include <weir/data_stream.h>
#include <weir/internal/operators/rate_limit_operator.h>
#include <weir/single_output_stream_operator.h>

namespace weir {

template <class T>
SingleOutputStreamOperator<T> DataStream<T>::RateLimit(double records_per_second) const {
  if (!std::isfinite(records_per_second) || records_per_second <= 0) {
    graph_->Fail(
        Status::InvalidArgument("RateLimit: the rate must be above 0 records per second, it is " +
                                std::to_string(records_per_second)));
  }
  using Operator = internal::RateLimitOperator<T>;
  internal::StreamNode node;
  node.type = "Rate Limit";
  node.chaining = internal::ChainingStrategy::kHead;
  node.state_names = {Operator::kStateName};
  node.factory =
      std::make_shared<internal::FunctionOperatorFactory<T, internal::RecordRate, Operator>>(
          internal::RecordRate{records_per_second});
  return SingleOutputStreamOperator<T>(graph_, graph_->AddNode(std::move(node), {origins_}));
}

}  // namespace weir
