// One record that becomes millions in a single call of a flatMap, before a slow sink.
//
// "flood":        one record -> flatMap -> sink
// "flood-beside": the flood and a second, steady source into one Connect + CoMap -> sink
//   --records N of the flood   --sink-rate R   --second-rate R   --output FOLDER   --end-file F:
//   ends the second source
#include <cstdint>

#include <weir/api.h>

#include "tests/cluster/jobs/counting_source.h"
#include "tests/cluster/jobs/job_arguments.h"
#include "tests/cluster/jobs/record_file_sink.h"

namespace {

using namespace weir::cluster_test;

struct Burst {
  std::int64_t records;
  void operator()(const TaggedRecord& record, weir::Collector<TaggedRecord>& out) const {
    TaggedRecord copy = record;
    for (copy.value = 0; copy.value < records; ++copy.value) out.Collect(copy);
  }
};

weir::DataStream<TaggedRecord> Flood(weir::StreamExecutionEnvironment& env,
                                     const JobArguments& arguments) {
  return env.FromSource(CountingSource(1, {}), "one record")
      .FlatMap(Burst{arguments.Number("records")})
      .Name("burst");
}

CountingSink Sink(const JobArguments& arguments) {
  return CountingSink(
      {.directory = arguments.Text("output"),
       .pace = {
           .records_per_second = arguments.Number("sink-rate"), .stop_file = "", .end_file = ""}});
}

JobArguments Arguments(const weir::StreamExecutionEnvironment& env) {
  return {env.arguments(),
          {{"records", "1000000"},
           {"sink-rate", "0"},
           {"second-rate", "1000"},
           {"output", ""},
           {"end-file", ""}}};
}

void FloodJob(weir::StreamExecutionEnvironment& env) {
  const JobArguments arguments = Arguments(env);
  env.SetParallelism(1);
  Flood(env, arguments).Rebalance().SinkTo(Sink(arguments)).Name("sink").StartNewChain();
}

struct MarkInput {
  TaggedRecord Map1(const TaggedRecord& record) const { return record; }
  TaggedRecord Map2(const TaggedRecord& record) const {
    TaggedRecord marked = record;
    marked.input = 1;
    return marked;
  }
};

void FloodBesideJob(weir::StreamExecutionEnvironment& env) {
  const JobArguments arguments = Arguments(env);
  env.SetParallelism(1);
  constexpr std::int64_t kEndless = std::int64_t{1} << 60;
  const auto steady = env.FromSource(
      CountingSource(kEndless, {.records_per_second = arguments.Number("second-rate"),
                                .stop_file = "",
                                .end_file = arguments.Text("end-file")}),
      "steady");
  Flood(env, arguments)
      .Connect(steady)
      .Map(MarkInput())
      .Name("merge")
      .SinkTo(Sink(arguments))
      .Name("sink");
}

}  // namespace

WEIR_JOB("flood", FloodJob)
WEIR_JOB("flood-beside", FloodBesideJob)
