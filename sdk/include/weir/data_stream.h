// DataStream<T>: the records of type T that an operator produces, and what can be put behind it.
//
// Streams are handles: cheap to copy, all of one environment, used by one thread while the program
// is made. Nothing runs until the job is submitted. What a user function may look like:
// weir/functions.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/data_stream_sink.h>
#include <weir/functions.h>
#include <weir/internal/edge_factories.h>
#include <weir/internal/operator_factories.h>
#include <weir/internal/operators/collect_operators.h>
#include <weir/internal/operators/filter_operator.h>
#include <weir/internal/operators/map_operator.h>
#include <weir/internal/operators/timestamps_operator.h>
#include <weir/internal/operators/update_operator.h>
#include <weir/internal/stream_graph.h>
#include <weir/print_sink.h>
#include <weir/stream_combinations.h>
#include <weir/watermark_strategy.h>

namespace weir {

template <class T>
class SingleOutputStreamOperator;
template <class T, class K, class KeySelector>
class KeyedStream;

// Union, Connect and joins: weir/stream_combinations.h.
template <class T>
class DataStream : public StreamCombinations<T> {
  static_assert(std::is_same_v<T, std::remove_cvref_t<T>>, "a record type is a plain value type");

 public:
  using Record = T;

  // --- one record in, one out ---

  // U f(const T&)
  template <class F>
  auto Map(F function) const {
    static_assert(MapFunction<F, T>,
                  "Map: this function cannot be called with a record of the stream, or returns "
                  "nothing. Accepted: U f(const T&), U f(T), U f(T&), U f(T&&). To change records "
                  "in place use Update: void f(T&).");
    if constexpr (MapFunction<F, T>) {
      using U = internal::RecordResult<F, T>;
      return Add<U, internal::MapOperator<T, U, F>>("Map", std::move(function));
    }
  }
  // void f(T&): in place, the fastest way to change a few fields.
  template <class F>
  auto Update(F function) const {
    static_assert(UpdateFunction<F, T>,
                  "Update: this function cannot be called with a record of the stream, or returns "
                  "something. Accepted: void f(T&). To make a new record use Map: U f(const T&).");
    if constexpr (UpdateFunction<F, T>) {
      return Add<T, internal::UpdateOperator<T, F>>("Update", std::move(function));
    }
  }
  // MapInto<U>(f), void f(const T&, U&): assigns every field of a recycled U, which keeps memory.
  template <class U, class F>
  auto MapInto(F function) const {
    static_assert(MapIntoFunction<F, T, U>,
                  "MapInto<U>: this function cannot be called with a record of the stream and a "
                  "result. Accepted: void f(const T&, U&).");
    if constexpr (MapIntoFunction<F, T, U>) {
      return Add<U, internal::MapIntoOperator<T, U, F>>("Map", std::move(function));
    }
  }

  // bool f(const T&): true keeps the record.
  template <class F>
  auto Filter(F function) const {
    static_assert(FilterFunction<F, T>,
                  "Filter: this function cannot be called with a record of the stream, or its "
                  "result is no bool. Accepted: bool f(const T&).");
    if constexpr (FilterFunction<F, T>) {
      return Add<T, internal::FilterOperator<T, F>>("Filter", std::move(function));
    }
  }
  // void f(const T&, weir::Collector<U>&). Where U cannot be seen (a generic lambda), name it:
  // FlatMap<U>(f).
  template <class Asked = internal::Deduced, class F>
  auto FlatMap(F function) const {
    using U = internal::CollectedType<Asked, F>;
    constexpr bool kAccepted = FlatMapFunction<F, T, U>;
    static_assert(kAccepted,
                  "FlatMap: this function cannot be called with a record of the stream and a "
                  "collector. Accepted: void f(const T&, weir::Collector<U>&); with a generic "
                  "lambda name the result type: FlatMap<U>(f).");
    if constexpr (kAccepted) {
      return Add<U, internal::FlatMapOperator<T, U, F>>("Flat Map", std::move(function));
    }
  }
  // void f(const T&, weir::ProcessContext&, weir::Collector<U>&), as operator() or ProcessElement.
  template <class Asked = internal::Deduced, class F>
  auto Process(F function) const {
    using U = internal::CollectedType<Asked, F>;
    constexpr bool kAccepted = ProcessFunction<F, T, U>;
    static_assert(kAccepted,
                  "Process: this function cannot be called with a record of the stream, a context "
                  "and a collector. Accepted: void f(const T&, weir::ProcessContext&, "
                  "weir::Collector<U>&), as operator() or as ProcessElement; with a generic lambda "
                  "name the result type: Process<U>(f).");
    if constexpr (kAccepted) {
      return Add<U, internal::ProcessOperator<T, U, F>>("Process", std::move(function));
    }
  }

  // In place of what comes in. Better at the source, which knows its splits: see FromSource.
  SingleOutputStreamOperator<T> AssignTimestampsAndWatermarks(WatermarkStrategy<T> strategy) const {
    graph_->Fail(strategy.FailureWithoutSplits());
    return Add<T, internal::TimestampsOperator<T>>("Timestamps/Watermarks", std::move(strategy));
  }

  template <class A>
  auto WindowAll(A assigner) const;  // in one subtask: weir/windowed_stream.h
  SingleOutputStreamOperator<T> RateLimit(double records_per_second) const;  // weir/rate_limit.h

  // --- how records are distributed to what follows ---

  // By key: all records of a key go to the same subtask. K f(const T&), without state of its own,
  // which may return a reference into the record; or a member of it: &Bid::auction.
  template <class F>
  auto KeyBy(F selector) const {
    static_assert(KeySelectorFunction<F, T>,
                  "KeyBy: accepted is K f(const T&) with a const operator(), or &T::member, where "
                  "K owns its data and has a stable hash (weir/stable_hash.h).");
    if constexpr (std::is_member_pointer_v<F>) {
      return KeyBy(std::mem_fn(selector));
    } else if constexpr (KeySelectorFunction<F, T>) {
      using K = typename internal::KeyOf<F, T>::Type;
      static_assert(!internal::kIsView<K> && !std::is_pointer_v<K>,
                    "KeyBy: the key is a view or pointer into the record, but keys live longer "
                    "than records. Return std::string, const std::string& or another owning type.");
      auto origins = Redirect<internal::KeyGroupEdge<T, F>>(selector);
      return KeyedStream<T, K, F>(graph_, std::move(origins), selector);
    }
  }
  // An integer f(const T&, std::uint32_t partitions) from 0 to partitions - 1.
  template <class F>
  DataStream PartitionCustom(F partitioner) const {
    static_assert(std::is_invocable_r_v<std::int64_t, F&, const T&, std::uint32_t>,
                  "PartitionCustom: this function cannot be called with a record of the stream and "
                  "the number of partitions. Accepted: an integer f(const T&, std::uint32_t).");
    return DataStream(graph_, Redirect<internal::CustomEdge<T, F>>(std::move(partitioner)));
  }
  // An integer partitioner(const K&, std::uint32_t partitions) of K key_selector(const T&).
  template <class F, class KeySelector>
  DataStream PartitionCustom(F partitioner, KeySelector key_selector) const {
    return PartitionCustom(
        [partitioner = std::move(partitioner), key_selector = std::move(key_selector)](
            const T& record, std::uint32_t partitions) mutable {
          return partitioner(key_selector(record), partitions);
        });
  }
  // In turn to all subtasks, past those that lag.
  DataStream Rebalance() const { return Plain<internal::Partitioning::kRebalance>(); }
  // In turn to a group of subtasks, without connecting all with all.
  DataStream Rescale() const { return Plain<internal::Partitioning::kRescale>(); }
  DataStream Shuffle() const { return Plain<internal::Partitioning::kShuffle>(); }
  using StreamCombinations<T>::Broadcast;
  DataStream Broadcast() const { return Plain<internal::Partitioning::kBroadcast>(); }
  // All to the first subtask.
  DataStream Global() const { return Plain<internal::Partitioning::kGlobal>(); }
  // Subtask i to subtask i; equal parallelism.
  DataStream Forward() const { return Plain<internal::Partitioning::kForward>(); }

  // --- ends ---

  // Anything that weir/sink.h describes.
  template <class Sink>
  DataStreamSink SinkTo(Sink sink) const {
    static_assert(std::is_same_v<typename Sink::Record, T>,
                  "SinkTo: this sink takes another type of record than the stream has");
    internal::StreamNode node;
    node.kind = internal::OperatorKind::kSink;
    node.type = "Sink: " + sink.name();
    node.factory = std::make_shared<internal::SinkOperatorFactory<Sink>>(std::move(sink));
    return DataStreamSink(graph_, graph_->AddNode(std::move(node), {origins_}));
  }
  // To the standard output of the workers; see weir/print_sink.h for the form of a line.
  DataStreamSink Print(std::string identifier = "") const {
    static_assert(Printable<T>,
                  "Print: give the record type an operator<<(std::ostream&, const T&)");
    return SinkTo(PrintSink<T>(std::move(identifier)));
  }
  // Runs the program as env.ExecuteLocal() does and returns what the stream came to.
  Result<std::vector<T>> ExecuteAndCollect(const std::string& job_name = "") const;

  // For the API itself.
  DataStream(std::shared_ptr<internal::StreamGraph> graph,
             std::vector<internal::StreamOrigin> origins)
      : graph_(std::move(graph)), origins_(std::move(origins)) {}
  const std::shared_ptr<internal::StreamGraph>& graph() const { return graph_; }
  const std::vector<internal::StreamOrigin>& origins() const { return origins_; }

 private:
  template <class U, class MadeOperator, class F>
  SingleOutputStreamOperator<U> Add(const char* type, F function) const {
    static_assert(std::is_copy_constructible_v<F>,
                  "a user function is copied for every subtask: it must be copyable");
    internal::StreamNode node;
    node.type = type;
    node.factory = std::make_shared<internal::FunctionOperatorFactory<U, F, MadeOperator>>(
        std::move(function));
    return SingleOutputStreamOperator<U>(graph_, graph_->AddNode(std::move(node), {origins_}));
  }
  template <class Edge, class... Arguments>
  std::vector<internal::StreamOrigin> Redirect(Arguments&&... arguments) const {
    auto edge = std::make_shared<const Edge>(std::forward<Arguments>(arguments)...);
    std::vector<internal::StreamOrigin> origins = origins_;
    for (auto& origin : origins) origin.edge = edge;
    return origins;
  }
  template <internal::Partitioning kPartitioning>
  DataStream Plain() const {
    return DataStream(graph_, Redirect<internal::PlainEdge<T, kPartitioning>>());
  }

  std::shared_ptr<internal::StreamGraph> graph_;
  std::vector<internal::StreamOrigin> origins_;
};

}  // namespace weir

#include <weir/single_output_stream_operator.h>  // IWYU pragma: export
