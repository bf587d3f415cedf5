// Kafka at one end, so that a test can stop the other.
//
// "kafka-write": counting sources -> records of 1000 bytes -> Kafka
// "kafka-read":  Kafka -> a counting sink
//   --bootstrap-servers HOST:PORT   --topic T   --end-file F: ends the sources
//   --output FOLDER of the counting sink   --stop-file F: while it exists that sink takes nothing
//   --sink-rate R, of each subtask
#include <cstdint>
#include <string>

#include <weir/api.h>
#include <weir/connectors/kafka.h>

#include "tests/cluster/jobs/counting_source.h"
#include "tests/cluster/jobs/job_arguments.h"
#include "tests/cluster/jobs/record_file_sink.h"

namespace {

using namespace weir::cluster_test;

constexpr std::size_t kRecordBytes = 1000;
constexpr std::int64_t kEndless = std::int64_t{1} << 60;

JobArguments Arguments(const weir::StreamExecutionEnvironment& env) {
  return {env.arguments(),
          {{"bootstrap-servers", ""},
           {"topic", ""},
           {"end-file", ""},
           {"output", ""},
           {"stop-file", ""},
           {"sink-rate", "0"}}};
}

void WriteJob(weir::StreamExecutionEnvironment& env) {
  const JobArguments arguments = Arguments(env);
  const Pace pace = {
      .records_per_second = 0, .stop_file = "", .end_file = arguments.Text("end-file")};
  env.FromSource(CountingSource(kEndless, pace), "numbers")
      .Map([](const TaggedRecord& record) {
        std::string text = std::to_string(record.value);
        text.resize(kRecordBytes, '.');
        return text;
      })
      .Name("pad")
      .Rebalance()
      .SinkTo(weir::kafka::KafkaSink<std::string>::Builder()
                  .BootstrapServers(arguments.Text("bootstrap-servers"))
                  .Topic(arguments.Text("topic"))
                  .DeliveryGuarantee(weir::kafka::DeliveryGuarantee::kAtLeastOnce)
                  .Build())
      .Name("sink");
}

void ReadJob(weir::StreamExecutionEnvironment& env) {
  const JobArguments arguments = Arguments(env);
  env.FromSource(weir::kafka::KafkaSource<std::string>::Builder()
                     .BootstrapServers(arguments.Text("bootstrap-servers"))
                     .Topics({arguments.Text("topic")})
                     .Bounded(weir::kafka::OffsetsInitializer::Latest())
                     .Build(),
                 "lines")
      .Rebalance()
      .Map([](const std::string& text) {
        return TaggedRecord{.value = static_cast<std::int64_t>(text.size())};
      })
      .Name("sizes")
      .SinkTo(CountingSink({.directory = arguments.Text("output"),
                            .pace = {.records_per_second = arguments.Number("sink-rate"),
                                     .stop_file = arguments.Text("stop-file"),
                                     .end_file = ""}}))
      .Name("sink");
}

}  // namespace

WEIR_JOB("kafka-write", WriteJob)
WEIR_JOB("kafka-read", ReadJob)
