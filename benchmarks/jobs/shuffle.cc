// keyBy between subtasks: the jobs beside limits/shuffle_limit.cc.
#include <weir/api.h>
#include <weir/connectors/generator.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/result_sink.h"
#include "benchmarks/workloads/bid.h"

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
  env.FromSource(GenerateInto<Bid>([](std::int64_t index, Bid& bid) { FillBid(index, bid); },
                                   NumberArgument(env, "--records")))
      .KeyBy([](const Bid& bid) { return bid.auction; })
      .SinkTo(ResultSink<Bid, WorkloadHash>(Argument(env, "--result-directory")));
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
WEIR_JOB("trickle", benchmarks::Trickle)
