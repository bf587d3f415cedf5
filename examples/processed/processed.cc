// The smallest job of real use: reads a Kafka topic, puts "Processed: " before each value, writes
// another topic.
//
//   weir run -p 4 processed.so --bootstrap-servers HOST:PORT [--input TOPIC] [--output TOPIC]
//            [--exchange rebalance|key] [--bounded]
//
// --exchange key keeps the order of records with the same key; --bounded stops at the end of the
// input as it is when the job starts.
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <weir/api.h>
#include <weir/connectors/kafka.h>

namespace {

using weir::kafka::KafkaKeyValue;

struct Options {
  std::string bootstrap_servers;
  std::string input = "input";
  std::string output = "output";
  std::string exchange = "rebalance";
  bool bounded = false;
};

Options ParseArguments(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--bounded") {
      options.bounded = true;
      continue;
    }
    std::string* const value = name == "--bootstrap-servers" ? &options.bootstrap_servers
                               : name == "--input"           ? &options.input
                               : name == "--output"          ? &options.output
                               : name == "--exchange"        ? &options.exchange
                                                             : nullptr;
    if (value == nullptr) throw std::invalid_argument("unknown argument '" + name + "'");
    if (i + 1 == arguments.size()) throw std::invalid_argument(name + " needs a value");
    *value = arguments[++i];
  }
  if (options.bootstrap_servers.empty())
    throw std::invalid_argument("--bootstrap-servers is missing");
  if (options.exchange != "rebalance" && options.exchange != "key") {
    throw std::invalid_argument("--exchange is '" + options.exchange +
                                "'; it may be rebalance or key");
  }
  return options;
}

KafkaKeyValue Process(KafkaKeyValue record) {
  record.value.insert(0, "Processed: ");
  return record;
}

void Processed(weir::StreamExecutionEnvironment& env) {
  const Options options = ParseArguments(env.arguments());
  auto source = weir::kafka::KafkaSource<KafkaKeyValue>::Builder()
                    .BootstrapServers(options.bootstrap_servers)
                    .Topics({options.input})
                    .StartingOffsets(weir::kafka::OffsetsInitializer::Earliest());
  if (options.bounded) source.Bounded(weir::kafka::OffsetsInitializer::Latest());
  auto sink = weir::kafka::KafkaSink<KafkaKeyValue>::Builder()
                  .BootstrapServers(options.bootstrap_servers)
                  .Topic(options.output)
                  .DeliveryGuarantee(weir::kafka::DeliveryGuarantee::kAtLeastOnce)
                  .Build();

  auto lines = env.FromSource(source.Build(), "lines").Uid("lines");
  if (options.exchange == "key") {
    lines.KeyBy([](const KafkaKeyValue& record) { return record.key; })
        .Map(Process)
        .SinkTo(sink)
        .Uid("output");
  } else {
    lines.Rebalance().Map(Process).SinkTo(sink).Uid("output");
  }
}

}  // namespace

WEIR_JOB("processed", Processed)
