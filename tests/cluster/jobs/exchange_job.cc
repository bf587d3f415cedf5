// Counting source -> one exchange -> file sink, source and sink never chained.
//
//   --exchange forward|rebalance|rescale|shuffle|broadcast|global|key|custom|opposite   --output
//   FOLDER
//   --records N per source subtask   --sources P   --sinks Q   --source-rate R   --sink-rate R
//   --end-file F: the sources end when it exists   --stop-file F: the sinks stand still while it
//   exists
//   --slow-sink I: only sink I keeps --sink-rate and --stop-file
//   --counting 1: the sinks keep counts instead of records
#include <cstdint>
#include <stdexcept>
#include <string>

#include <weir/api.h>

#include "tests/cluster/jobs/counting_source.h"
#include "tests/cluster/jobs/job_arguments.h"
#include "tests/cluster/jobs/record_file_sink.h"

namespace {

using namespace weir::cluster_test;

weir::DataStream<TaggedRecord> Exchange(const weir::DataStream<TaggedRecord>& records,
                                        const std::string& kind) {
  if (kind == "forward") return records.Forward();
  if (kind == "rebalance") return records.Rebalance();
  if (kind == "rescale") return records.Rescale();
  if (kind == "shuffle") return records.Shuffle();
  if (kind == "broadcast") return records.Broadcast();
  if (kind == "global") return records.Global();
  if (kind == "key") return records.KeyBy([](const TaggedRecord& record) { return record.value; });
  if (kind == "custom") {
    return records.PartitionCustom(
        [](std::int64_t key, std::uint32_t partitions) { return key % partitions; },
        [](const TaggedRecord& record) { return record.value; });
  }
  // Each source subtask to one sink subtask, half the job away: the other TaskManager's.
  if (kind == "opposite") {
    return records.PartitionCustom([](const TaggedRecord& record, std::uint32_t partitions) {
      return (record.source_subtask + partitions / 2) % partitions;
    });
  }
  throw std::invalid_argument("--exchange is '" + kind + "'");
}

void ExchangeJob(weir::StreamExecutionEnvironment& env) {
  const JobArguments arguments(env.arguments(), {{"exchange", "rebalance"},
                                                 {"output", ""},
                                                 {"records", "1000"},
                                                 {"sources", "1"},
                                                 {"sinks", "1"},
                                                 {"source-rate", "0"},
                                                 {"sink-rate", "0"},
                                                 {"end-file", ""},
                                                 {"stop-file", ""},
                                                 {"slow-sink", "-1"},
                                                 {"counting", "0"}});
  env.SetJobName("exchange " + arguments.Text("exchange"));
  const CountingSource source(arguments.Number("records"),
                              {.records_per_second = arguments.Number("source-rate"),
                               .stop_file = "",
                               .end_file = arguments.Text("end-file")});
  const FileSinkOptions options{.directory = arguments.Text("output"),
                                .pace = {.records_per_second = arguments.Number("sink-rate"),
                                         .stop_file = arguments.Text("stop-file"),
                                         .end_file = ""},
                                .paced_subtask = arguments.Number("slow-sink")};
  const auto records = env.FromSource(source, "source").SetParallelism(arguments.Count("sources"));
  const auto exchanged = Exchange(records, arguments.Text("exchange"));
  const auto sink = arguments.Number("counting") == 1 ? exchanged.SinkTo(CountingSink(options))
                                                      : exchanged.SinkTo(RecordFileSink(options));
  weir::DataStreamSink(sink).Name("sink").SetParallelism(arguments.Count("sinks")).StartNewChain();
}

}  // namespace

WEIR_JOB("exchange", ExchangeJob)
