// The job of numbered_job.cc whose numbers come from a topic, as decimal text.
//
//   --bootstrap-servers HOST:PORT   --topic T   --group G
//   --stops A,B,…: for each partition the offset that it ends before; the records may still be to
//   come   --output FOLDER   --keys K   --window-ms W
#include <charconv>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <weir/api.h>
#include <weir/connectors/kafka.h>

#include "tests/cluster/jobs/job_arguments.h"
#include "tests/cluster/jobs/numbered_pipeline.h"

namespace {

using namespace weir::cluster_test;

struct NumberDeserializer {
  std::int64_t keys = 0;

  bool operator()(const weir::kafka::KafkaRecord& record, Number& out) const {
    const std::string_view text = record.value.value();
    std::int64_t index = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), index);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
      throw std::invalid_argument("'" + std::string(text) + "' is no number");
    }
    out = NumberOf(index, keys);
    return true;
  }
};

std::vector<weir::kafka::KafkaPartitionOffset> Stops(const std::string& topic,
                                                     const std::string& text) {
  std::vector<weir::kafka::KafkaPartitionOffset> stops;
  std::istringstream offsets(text);
  for (std::string offset; std::getline(offsets, offset, ',');) {
    stops.push_back({topic, static_cast<std::int32_t>(stops.size()), std::stoll(offset)});
  }
  return stops;
}

void NumberedKafkaJob(weir::StreamExecutionEnvironment& env) {
  const JobArguments arguments(env.arguments(), {{"bootstrap-servers", ""},
                                                 {"topic", ""},
                                                 {"group", ""},
                                                 {"stops", ""},
                                                 {"output", ""},
                                                 {"keys", "97"},
                                                 {"window-ms", "1000"}});
  const std::string topic = arguments.Text("topic");
  const auto source =
      weir::kafka::KafkaSource<Number>::Builder()
          .BootstrapServers(arguments.Text("bootstrap-servers"))
          .Topics({topic})
          .GroupId(arguments.Text("group"))
          .StartingOffsets(weir::kafka::OffsetsInitializer::Earliest())
          .Bounded(weir::kafka::OffsetsInitializer::Offsets(Stops(topic, arguments.Text("stops"))))
          .Deserializer(NumberDeserializer{arguments.Number("keys")})
          .Build();
  NumberedPipeline{.output = arguments.Text("output"), .window_ms = arguments.Number("window-ms")}
      .Build(env.FromSource(source, NumberTime(), "numbers").Uid("numbers"), CountPerKey());
}

}  // namespace

WEIR_JOB("numbered-kafka", NumberedKafkaJob)
