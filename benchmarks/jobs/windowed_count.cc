// Counts by key in windows of a minute: the jobs beside limits/windowed_count_limit.cc.
#include <weir/api.h>
#include <weir/connectors/generator.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/nexmark_sources.h"
#include "benchmarks/jobs/result_sink.h"
#include "benchmarks/workloads/windowed_counts.h"

namespace benchmarks {
namespace {

struct Count {
  std::int64_t CreateAccumulator() const { return 0; }
  void Add(const TimedKey&, std::int64_t& count) const { ++count; }
  void Merge(std::int64_t& count, std::int64_t other) const { count += other; }
  std::int64_t GetResult(std::int64_t count) const { return count; }
};

template <class Assigner>
void CountIn(weir::StreamExecutionEnvironment& env, const Assigner& windows) {
  env.FromSource(weir::generator::GenerateInto<TimedKey>(
                     [](std::int64_t index, TimedKey& record) { Fill(index, record); },
                     NumberArgument(env, "--records")),
                 nexmark::InSteps<TimedKey>(), "Keys")
      .KeyBy([](const TimedKey& record) { return record.key; })
      .Window(windows)
      .Aggregate(Count(),
                 [](const std::int64_t& key, weir::WindowContext<std::int64_t>& context,
                    const weir::WindowElements<std::int64_t>& counts,
                    weir::Collector<WindowedCount>& out) {
                   out.Collect({context.window().end_ms, key, counts[0]});
                 })
      .Uid("count")
      .SinkTo(ResultSink<WindowedCount, WorkloadHash>(Argument(env, "--result-directory")));
}

void Tumbling(weir::StreamExecutionEnvironment& env) {
  CountIn(env, weir::TumblingEventTimeWindows::Of(kMinuteMs));
}
void Sliding(weir::StreamExecutionEnvironment& env) {
  CountIn(env, weir::SlidingEventTimeWindows::Of(kMinuteMs, kSecondMs));
}

}  // namespace
}  // namespace benchmarks

WEIR_JOB("tumbling", benchmarks::Tumbling)
WEIR_JOB("sliding", benchmarks::Sliding)
