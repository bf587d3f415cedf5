// A running count by key: the jobs beside limits/keyed_count_limit.cc.
//   --keys N --records N --settled N (records after which CPU time counts)
#include <weir/api.h>
#include <weir/connectors/generator.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/result_sink.h"
#include "benchmarks/workloads/numbers.h"

namespace benchmarks {
namespace {

auto ByKey(weir::StreamExecutionEnvironment& env) {
  const std::int64_t keys = NumberArgument(env, "--keys");
  return env
      .FromSource(weir::generator::GenerateInto<KeyCount>(
          [keys](std::int64_t index, KeyCount& record) { Fill(index, keys, record); },
          NumberArgument(env, "--records")))
      .KeyBy([](const KeyCount& record) { return record.key; });
}

void ToResult(weir::StreamExecutionEnvironment& env, const weir::DataStream<KeyCount>& counts) {
  counts.SinkTo(ResultSink<KeyCount, WorkloadHash>(Argument(env, "--result-directory"),
                                                   NumberArgument(env, "--settled")));
}

struct Count {
  std::int64_t CreateAccumulator() const { return 0; }
  void Add(const KeyCount& record, std::int64_t& count) const { count += record.count; }
  KeyCount GetResult(std::int64_t key, std::int64_t count) const { return {key, count}; }
};

void CountAggregate(weir::StreamExecutionEnvironment& env) {
  ToResult(env, ByKey(env).Aggregate(Count()).Uid("count"));
}

void CountReduce(weir::StreamExecutionEnvironment& env) {
  ToResult(env, ByKey(env)
                    .Reduce([](KeyCount& reduced, const KeyCount& record) {
                      reduced.count += record.count;
                    })
                    .Uid("count"));
}

struct CountProcess {
  weir::ValueState<std::int64_t> count{"count"};
  auto States() { return std::tie(count); }
  void ProcessElement(const KeyCount& record, weir::KeyedProcessContext<std::int64_t>& context,
                      weir::Collector<KeyCount>& out) {
    std::int64_t& counted = count.Mutable(context);
    counted += record.count;
    out.Collect({record.key, counted});
  }
};

void CountByProcess(weir::StreamExecutionEnvironment& env) {
  ToResult(env, ByKey(env).Process(CountProcess()).Uid("count"));
}

}  // namespace
}  // namespace benchmarks

WEIR_JOB("aggregate", benchmarks::CountAggregate)
WEIR_JOB("reduce", benchmarks::CountReduce)
WEIR_JOB("process", benchmarks::CountByProcess)
