// keyBy of records of several sizes, for the study of how cost grows with them:
// padded-16, padded-64, …; --records N
#include <array>

#include <weir/api.h>
#include <weir/connectors/generator.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/result_sink.h"

namespace benchmarks {
namespace {

template <std::size_t kBytes>
struct Padded {
  std::int64_t number = 0;
  std::array<std::int64_t, kBytes / 8 - 1> rest{};
};
template <std::size_t kBytes>
std::uint64_t HashOf(const Padded<kBytes>& record) {
  return nexmark::HashPair(record.number, record.rest.back());
}

template <std::size_t kBytes>
void KeyBy(weir::StreamExecutionEnvironment& env) {
  using Record = Padded<kBytes>;
  env.FromSource(weir::generator::GenerateInto<Record>(
                     [](std::int64_t index, Record& record) {
                       record.number = index;
                       record.rest.back() = index + 1;
                     },
                     NumberArgument(env, "--records")))
      .KeyBy([](const Record& record) { return record.number; })
      .SinkTo(ResultSink<Record, WorkloadHash>(Argument(env, "--result-directory")));
}

}  // namespace
}  // namespace benchmarks

WEIR_JOB("padded-16", benchmarks::KeyBy<16>)
WEIR_JOB("padded-64", benchmarks::KeyBy<64>)
WEIR_JOB("padded-256", benchmarks::KeyBy<256>)
WEIR_JOB("padded-1024", benchmarks::KeyBy<1024>)
WEIR_JOB("padded-4096", benchmarks::KeyBy<4096>)
