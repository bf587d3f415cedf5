// A producer and the thread that takes its delivery reports.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <weir/connectors/internal/kafka_options.h>
#include <weir/connectors/internal/kafka_write_session.h>
#include <weir/connectors/kafka_record.h>
#include <weir/sink.h>
#include <weir/status.h>

#include "connectors/kafka/src/delivery_account.h"
#include "connectors/kafka/src/kafka_client.h"

struct rd_kafka_queue_s;
struct rd_kafka_topic_s;

namespace weir::kafka {

// Except for the private thread, one thread uses it: the task's.
class RecordProducer {
 public:
  // Blocks until the sink's topic is known, or says why it is not. The context and the partitioner
  // outlive the producer.
  static Result<std::unique_ptr<RecordProducer>> Start(const internal::KafkaSinkOptions& options,
                                                       SinkWriterContext& context,
                                                       internal::PartitionerFunction function,
                                                       const void* partitioner);
  // Gives up what is not delivered.
  ~RecordProducer();
  RecordProducer(const RecordProducer&) = delete;
  RecordProducer& operator=(const RecordProducer&) = delete;

  DeliveryAccount& account() { return account_; }
  Result<WriteStatus> Write(const KafkaProducerRecord& record);
  // Sends what waits for a fuller batch (`linger.ms`); it ends by itself when everything is
  // settled.
  void RequestFlush();

 private:
  struct PartitionerCall {
    internal::PartitionerFunction function = nullptr;
    const void* partitioner = nullptr;
  };

  RecordProducer(const internal::KafkaSinkOptions& options, SinkWriterContext& context,
                 DeliveryAccount::Totals limits);
  Status Connect(SinkWriterContext& context);
  Result<rd_kafka_topic_s*> TopicOf(const std::string& name);
  static std::int32_t CallPartitioner(const rd_kafka_topic_s* topic, const void* key,
                                      std::size_t key_size, std::int32_t partition_count,
                                      void* topic_opaque, void* message_opaque);
  static void OnDelivery(rd_kafka_s* client, const rd_kafka_message_s* message, void* opaque);
  void Run();

  const internal::KafkaSinkOptions options_;
  const std::shared_ptr<weir::internal::Availability> availability_;
  Gauge& in_flight_records_;
  Gauge& in_flight_bytes_;
  DeliveryAccount account_;
  PartitionerCall partitioner_call_;
  std::unique_ptr<KafkaClient> client_;
  rd_kafka_queue_s* main_queue_ = nullptr;
  std::map<std::string, rd_kafka_topic_s*, std::less<>> topics_;
  rd_kafka_topic_s* default_topic_ = nullptr;  // of options_.topic; owned by topics_

  std::atomic<bool> stop_{false};
  std::atomic<bool> flush_{false};
  // The thread's own, between two calls of Settle.
  DeliveryAccount::Totals settled_;
  Status failure_;

  std::thread thread_;
};

}  // namespace weir::kafka
