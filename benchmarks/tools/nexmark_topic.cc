// Fills a Kafka topic with Nexmark's events, one message of JSON each, in turn over its partitions:
//   nexmark_topic --brokers LIST --topic NAME --partitions N --records N
// The topic exists. All messages have been acknowledged when the program ends well.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/nexmark/event_json.h"

namespace benchmarks {
namespace {

constexpr int kFlushTimeoutMs = 60'000;

// What the broker said of the messages; the first error is kept.
struct Deliveries {
  std::int64_t delivered = 0;
  std::string error;
};

void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& deliveries = *static_cast<Deliveries*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++deliveries.delivered;
  } else if (deliveries.error.empty()) {
    deliveries.error = rd_kafka_err2str(message->err);
  }
}

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "nexmark_topic: %s\n", what.c_str());
  std::exit(1);
}

using Producer = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;

Producer MakeProducer(const char* brokers, Deliveries& deliveries) {
  rd_kafka_conf_t* const configuration = rd_kafka_conf_new();
  char error[512];
  const auto set = [&](const char* key, const char* value) {
    if (rd_kafka_conf_set(configuration, key, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) {
      Fail(error);
    }
  };
  set("bootstrap.servers", brokers);
  set("linger.ms", "50");
  set("enable.idempotence", "true");
  set("queue.buffering.max.messages", "1000000");
  rd_kafka_conf_set_dr_msg_cb(configuration, OnDelivery);
  rd_kafka_conf_set_opaque(configuration, &deliveries);
  rd_kafka_t* const producer = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, error, sizeof(error));
  if (producer == nullptr) Fail(error);
  return {producer, rd_kafka_destroy};
}

// Waits for room when librdkafka's queue is full.
void Produce(rd_kafka_t* producer, const char* topic, std::int32_t partition, std::string& line) {
  for (;;) {
    const rd_kafka_resp_err_t error =
        rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_VALUE(line.data(), line.size()), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) Fail(rd_kafka_err2str(error));
    rd_kafka_poll(producer, 100);
  }
  rd_kafka_poll(producer, 0);
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  using namespace benchmarks;
  const char* const topic = Argument(argc, argv, "--topic");
  const std::int64_t partitions = std::atoll(Argument(argc, argv, "--partitions"));
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  if (partitions < 1) Fail("--partitions must be at least 1");
  Deliveries deliveries;
  const Producer producer = MakeProducer(Argument(argc, argv, "--brokers"), deliveries);
  const nexmark::Generator generator;
  std::string line;
  for (std::int64_t i = 0; i < records && deliveries.error.empty(); ++i) {
    line.clear();
    nexmark::AppendJson(generator, generator.IdOf(i), line);
    Produce(producer.get(), topic, static_cast<std::int32_t>(i % partitions), line);
  }
  const rd_kafka_resp_err_t flushed = rd_kafka_flush(producer.get(), kFlushTimeoutMs);
  if (!deliveries.error.empty()) Fail(deliveries.error);
  if (flushed != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(rd_kafka_err2str(flushed));
  if (deliveries.delivered != records) Fail("messages were lost");
  return 0;
}
