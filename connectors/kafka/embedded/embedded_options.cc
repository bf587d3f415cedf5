#include "connectors/kafka/embedded/embedded_options.h"

#include <charconv>

namespace weir::kafka {
namespace {

constexpr int kMaxPartitions = 1024;

std::optional<EmbeddedTopic> ParseTopic(const std::string& text, std::string* error) {
  const std::size_t colon = text.rfind(':');
  EmbeddedTopic topic;
  topic.name = text.substr(0, colon);
  if (colon != std::string::npos) {
    const char* first = text.data() + colon + 1;
    const char* last = text.data() + text.size();
    const auto [end, code] = std::from_chars(first, last, topic.partitions);
    if (code != std::errc() || end != last) topic.partitions = 0;
  }
  if (topic.name.empty() || topic.partitions < 1 || topic.partitions > kMaxPartitions) {
    *error = "--topic wants NAME:PARTITIONS with 1 to " + std::to_string(kMaxPartitions) +
             " partitions, not '" + text + "'";
    return std::nullopt;
  }
  return topic;
}

}  // namespace

std::optional<EmbeddedOptions> ParseEmbeddedOptions(const std::vector<std::string>& arguments,
                                                    std::string* error) {
  EmbeddedOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      options.help = true;
    } else if (argument == "--die-with-parent") {
      options.die_with_parent = true;
    } else if (argument == "--topic" || argument == "--bootstrap-file") {
      if (i + 1 == arguments.size()) {
        *error = argument + " needs a value";
        return std::nullopt;
      }
      const std::string& value = arguments[++i];
      if (argument == "--bootstrap-file") {
        options.bootstrap_file = value;
        continue;
      }
      std::optional<EmbeddedTopic> topic = ParseTopic(value, error);
      if (!topic) return std::nullopt;
      options.topics.push_back(*std::move(topic));
    } else {
      *error = "unknown argument '" + argument + "'";
      return std::nullopt;
    }
  }
  return options;
}

const char* EmbeddedUsage() {
  return R"(weir-embedded-kafka: a Kafka broker in memory for demos and tests. NOT FOR PRODUCTION.

Usage: weir-embedded-kafka [--topic NAME:PARTITIONS]... [--bootstrap-file PATH] [--die-with-parent]

  --topic NAME:PARTITIONS  create this topic (repeatable; ':PARTITIONS' may be left out for 1). A topic
                           that a client asks for and that does not exist is created with 4 partitions.
  --bootstrap-file PATH    write the bootstrap servers to PATH, in one step, when clients can connect
  --die-with-parent        end when the process that started this one ends
  --help                   show this text

It is librdkafka's mock cluster. It listens on 127.0.0.1, on a port that the kernel chooses, and keeps
everything in memory:
  * of each partition the newest 5 MiB (or 100000 batches) remain, older records VANISH. Every partition
    that has lost its beginning is named on standard error at once, and the exit status is then 3. A
    reader that keeps up misses nothing; to be safe whatever the reader does, write less than 5 MiB
    per partition.
  * it knows no read_committed and no fencing: exactly once cannot be tried with it;
  * offsets by timestamp, deleting topics, TLS and SASL are missing, and Java clients do not work.

It runs until SIGTERM or SIGINT. Exit status: 0 clean, 1 could not start, 2 wrong usage, 3 records were
discarded because of the 5 MiB.
)";
}

}  // namespace weir::kafka
