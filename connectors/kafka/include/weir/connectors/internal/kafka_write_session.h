// The part of a Kafka sink writer that knows no user type: a producer and the thread that takes its
// delivery reports.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <weir/connectors/internal/kafka_options.h>
#include <weir/connectors/kafka_record.h>
#include <weir/sink.h>
#include <weir/status.h>

namespace weir::kafka::internal {

// A user's partitioner as librdkafka calls it: `partitioner` is the user's object.
using PartitionerFunction = std::int32_t (*)(const void* partitioner, std::string_view topic,
                                             std::string_view key, std::int32_t partition_count);

// All calls by the task's thread; none but Open and Close blocks. Records that are accepted and not
// yet delivered are bounded by `queue.buffering.max.messages` and `queue.buffering.max.kbytes`.
class KafkaWriteSession {
 public:
  explicit KafkaWriteSession(KafkaSinkOptions options);
  ~KafkaWriteSession();
  KafkaWriteSession(const KafkaWriteSession&) = delete;
  KafkaWriteSession& operator=(const KafkaWriteSession&) = delete;

  // Connects and asks for the sink's topic: an unknown one and brokers that are down are said here.
  // The partitioner (null: librdkafka's `partitioner` property) must outlive the session.
  Status Open(SinkWriterContext& context, PartitionerFunction function, const void* partitioner);
  // Whether Write would be accepted now; says so to the context's availability later when not. An
  // error is the first delivery that failed.
  Result<WriteStatus> CheckRoom();
  // Hands the record to librdkafka, which copies it.
  Result<WriteStatus> Write(const KafkaProducerRecord& record);
  // kDone when every record written so far is delivered (kNone: only asked at the end of input).
  Result<FlushStatus> Flush(bool end_of_input);
  // Gives up what is not delivered and stops the thread.
  void Close();

 private:
  class Implementation;

  const KafkaSinkOptions options_;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace weir::kafka::internal
