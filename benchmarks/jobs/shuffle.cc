// keyBy between subtasks: the jobs beside limits/shuffle_limit.cc and limits/latency_limit.cc.
#include <weir/api.h>
#include <weir/connectors/generator.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/nexmark_sources.h"
#include "benchmarks/jobs/open_loop_source.h"
#include "benchmarks/jobs/result_sink.h"

namespace benchmarks {
namespace {

using weir::generator::GenerateInto;

void ShuffleLongs(weir::StreamExecutionEnvironment& env) {
  env.FromSource(
         GenerateInto<std::int64_t>([](std::int64_t index, std::int64_t& value) { value = index; },
                                    NumberArgument(env, "--records")))
      .KeyBy([](std::int64_t value) { return value; })
      .SinkTo(ResultSink<std::int64_t, WorkloadHash>(Argument(env, "--result-directory")));
}

void ShuffleBids(weir::StreamExecutionEnvironment& env) {
  nexmark::BidsWithStrings(env)
      .KeyBy([](const nexmark::BidWithStrings& bid) { return bid.auction; })
      .SinkTo(
          ResultSink<nexmark::BidWithStrings, WorkloadHash>(Argument(env, "--result-directory")));
}

// --per-second N --warm-up N
void Latency(weir::StreamExecutionEnvironment& env) {
  env.FromSource(
         OpenLoopSource(NumberArgument(env, "--records"), NumberArgument(env, "--per-second")))
      .KeyBy([](const TimedBid& record) { return record.bid.auction; })
      .SinkTo(LatencySink(Argument(env, "--result-directory"), NumberArgument(env, "--warm-up")));
}

// Runs until it is canceled and does next to nothing: for how long a job takes to run, and for what
// an idle one costs.
void Trickle(weir::StreamExecutionEnvironment& env) {
  env.FromSource(GenerateInto<std::int64_t>(
                     [](std::int64_t index, std::int64_t& value) { value = index; },
                     weir::generator::kUnbounded, weir::generator::RateLimit::PerSecond(10)))
      .KeyBy([](std::int64_t value) { return value; })
      .SinkTo(ResultSink<std::int64_t, WorkloadHash>(Argument(env, "--result-directory")));
}

}  // namespace
}  // namespace benchmarks

WEIR_JOB("shuffle-longs", benchmarks::ShuffleLongs)
WEIR_JOB("shuffle-bids", benchmarks::ShuffleBids)
WEIR_JOB("latency", benchmarks::Latency)
WEIR_JOB("trickle", benchmarks::Trickle)
