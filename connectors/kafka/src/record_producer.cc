#include "connectors/kafka/src/record_producer.h"

#include <charconv>
#include <utility>

#include <librdkafka/rdkafka.h>

#include "connectors/kafka/src/client_defaults.h"
#include "connectors/kafka/src/kafka_status.h"
#include "connectors/kafka/src/topic_metadata.h"

namespace weir::kafka {
namespace {

constexpr int kPollMs = 100;
// About what librdkafka adds to a record in memory (rd_kafka_msg_t and its queue entry).
constexpr std::uint64_t kRecordOverheadBytes = 200;
// A broker that creates topics by itself says "unknown" until it has.
constexpr std::int64_t kAutoCreationMs = 2000;
constexpr char kMaximumMessages[] = "queue.buffering.max.messages";
constexpr char kMaximumKilobytes[] = "queue.buffering.max.kbytes";

std::uint64_t NumberOf(const std::string& text) {
  std::uint64_t value = 0;  // librdkafka has checked that it is one
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The account keeps to the limits that the job may set; librdkafka's own are put out of its way, so
// that it never says "queue full" to a record that was let in.
internal::KafkaSinkOptions WithoutQueueLimits(internal::KafkaSinkOptions options) {
  options.client.properties.emplace_back(kMaximumMessages, "10000000");
  options.client.properties.emplace_back(kMaximumKilobytes, "2097151");
  return options;
}

std::uint64_t SizeOf(const KafkaProducerRecord& record) {
  std::uint64_t size = kRecordOverheadBytes;
  size += record.key().value_or(std::string_view()).size();
  size += record.value().value_or(std::string_view()).size();
  for (const auto& [name, value] : record.headers) {
    size += name.size() + (value ? value->size() : 0);
  }
  return size;
}

rd_kafka_headers_t* MakeHeaders(const KafkaProducerRecord& record) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()),
                        value ? value->data() : nullptr,
                        value ? static_cast<ssize_t>(value->size()) : 0);
  }
  return headers;
}

rd_kafka_vu_t Bytes(rd_kafka_vtype_t type, std::optional<std::string_view> bytes) {
  rd_kafka_vu_t argument;
  argument.vtype = type;
  argument.u.mem.ptr = bytes ? const_cast<char*>(bytes->data()) : nullptr;
  argument.u.mem.size = bytes ? bytes->size() : 0;
  return argument;
}

}  // namespace

RecordProducer::RecordProducer(const internal::KafkaSinkOptions& options,
                               SinkWriterContext& context, DeliveryAccount::Totals limits)
    : options_(WithoutQueueLimits(options)),
      availability_(context.availability()),
      in_flight_records_(context.runtime().metrics().gauge("kafka.inFlightRecords")),
      in_flight_bytes_(context.runtime().metrics().gauge("kafka.inFlightBytes")),
      account_(limits) {}

Result<std::unique_ptr<RecordProducer>> RecordProducer::Start(
    const internal::KafkaSinkOptions& options, SinkWriterContext& context,
    internal::PartitionerFunction function, const void* partitioner) {
  const ClientProperties defaults = ProducerDefaults(options, "writer");
  const ClientProperties& properties = options.client.properties;
  const DeliveryAccount::Totals limits{
      NumberOf(PropertyOf(defaults, properties, kMaximumMessages)),
      NumberOf(PropertyOf(defaults, properties, kMaximumKilobytes)) * 1024};
  std::unique_ptr<RecordProducer> producer(new RecordProducer(options, context, limits));
  producer->partitioner_call_ = {function, partitioner};
  WEIR_RETURN_IF_ERROR(producer->Connect(context));
  producer->thread_ = std::thread([self = producer.get()] { self->Run(); });
  return producer;
}

Status RecordProducer::Connect(SinkWriterContext& context) {
  ClientCallbacks callbacks;
  callbacks.on_delivery = &RecordProducer::OnDelivery;
  callbacks.opaque = this;
  const std::string role = "writer-" + std::to_string(context.runtime().subtask_index());
  WEIR_ASSIGN_OR_RETURN(
      client_,
      KafkaClient::Create(ClientType::kProducer, options_.client, ProducerDefaults(options_, role),
                          &context.runtime().logger(), std::move(callbacks)));
  main_queue_ = rd_kafka_queue_get_main(client_->handle());
  if (options_.topic.empty()) return Status::Ok();
  // In this order: the first handle of a topic decides its partitioner.
  WEIR_ASSIGN_OR_RETURN(default_topic_, TopicOf(options_.topic));
  TopicMetadata metadata(*client_, options_.client.bootstrap_servers,
                         options_.client.metadata_timeout_ms);
  metadata.WaitForUnknownTopics(kAutoCreationMs);
  return metadata.PartitionCount(options_.topic).status().WithContext("Kafka sink");
}

RecordProducer::~RecordProducer() {
  if (thread_.joinable()) {
    stop_.store(true);
    rd_kafka_queue_yield(main_queue_);
    thread_.join();
  }
  if (client_ == nullptr) return;
  rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                        RD_KAFKA_PURGE_F_NON_BLOCKING);
  for (const auto& [name, topic] : topics_) rd_kafka_topic_destroy(topic);
  if (main_queue_ != nullptr) rd_kafka_queue_destroy(main_queue_);
}

Result<rd_kafka_topic_s*> RecordProducer::TopicOf(const std::string& name) {
  if (name.empty()) {
    return Status::InvalidArgument(
        "Kafka sink: neither the sink nor the serializer names a topic for this record");
  }
  const auto found = topics_.find(name);
  if (found != topics_.end()) return found->second;
  rd_kafka_topic_conf_t* configuration = nullptr;
  if (partitioner_call_.function != nullptr) {
    configuration = rd_kafka_default_topic_conf_dup(client_->handle());
    rd_kafka_topic_conf_set_opaque(configuration, &partitioner_call_);
    rd_kafka_topic_conf_set_partitioner_cb(configuration, &RecordProducer::CallPartitioner);
  }
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client_->handle(), name.c_str(), configuration);
  if (topic == nullptr) {
    return MakeKafkaStatus(rd_kafka_last_error(), "Kafka sink: topic '" + name + "': " +
                                                      rd_kafka_err2str(rd_kafka_last_error()));
  }
  topics_.emplace(name, topic);
  return topic;
}

std::int32_t RecordProducer::CallPartitioner(const rd_kafka_topic_s* topic, const void* key,
                                             std::size_t key_size, std::int32_t partition_count,
                                             void* topic_opaque, void* /*message_opaque*/) {
  const auto* call = static_cast<const PartitionerCall*>(topic_opaque);
  return call->function(call->partitioner, rd_kafka_topic_name(topic),
                        std::string_view(static_cast<const char*>(key), key_size), partition_count);
}

Result<WriteStatus> RecordProducer::Write(const KafkaProducerRecord& record) {
  rd_kafka_topic_t* topic = default_topic_;
  if (!record.topic.empty() || topic == nullptr) {
    WEIR_ASSIGN_OR_RETURN(topic, TopicOf(record.topic));
  }
  const std::uint64_t size = SizeOf(record);
  rd_kafka_vu_t arguments[8];
  arguments[0].vtype = RD_KAFKA_VTYPE_RKT;
  arguments[0].u.rkt = topic;
  arguments[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  arguments[1].u.i32 = record.partition;
  arguments[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  arguments[2].u.i = RD_KAFKA_MSG_F_COPY;
  arguments[3] = Bytes(RD_KAFKA_VTYPE_KEY, record.key());
  arguments[4] = Bytes(RD_KAFKA_VTYPE_VALUE, record.value());
  arguments[5].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  arguments[5].u.i64 = record.timestamp_ms;
  arguments[6].vtype = RD_KAFKA_VTYPE_OPAQUE;  // comes back with the delivery report
  arguments[6].u.ptr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(size));
  std::size_t count = 7;
  rd_kafka_headers_t* headers = nullptr;
  if (!record.headers.empty()) {
    headers = MakeHeaders(record);
    arguments[7].vtype = RD_KAFKA_VTYPE_HEADERS;
    arguments[7].u.headers = headers;
    count = 8;
  }
  // Before the call: the report may come before it returns.
  account_.Accept(size);
  rd_kafka_error_t* error = rd_kafka_produceva(client_->handle(), arguments, count);
  if (error == nullptr) return WriteStatus::kAccepted;
  if (headers != nullptr) rd_kafka_headers_destroy(headers);  // taken only on success
  account_.TakeBack(size);
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  Status status =
      MakeKafkaStatus(code, "Kafka sink: topic '" + std::string(rd_kafka_topic_name(topic)) +
                                "': " + rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return status;
  account_.WaitForOne();
  return account_.HasRoom() ? Result<WriteStatus>(std::move(status)) : WriteStatus::kNotReady;
}

void RecordProducer::RequestFlush() {
  flush_.store(true);
  rd_kafka_queue_yield(main_queue_);
}

void RecordProducer::OnDelivery(rd_kafka_s* /*client*/, const rd_kafka_message_s* message,
                                void* opaque) {
  auto* producer = static_cast<RecordProducer*>(opaque);
  ++producer->settled_.records;
  producer->settled_.bytes += reinterpret_cast<std::uintptr_t>(message->_private);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || !producer->failure_.ok()) return;
  std::string text = std::string("Kafka sink: topic '") + rd_kafka_topic_name(message->rkt) +
                     "' partition " + std::to_string(message->partition) +
                     ": a record was not delivered: " + rd_kafka_err2str(message->err);
  const std::string reason = producer->client_->last_error();
  if (!reason.empty()) text += " (the client's last error: " + reason + ")";
  producer->failure_ = MakeKafkaStatus(message->err, std::move(text));
}

void RecordProducer::Run() {
  while (!stop_.load()) {
    // Callbacks run inside both calls, on this thread.
    if (flush_.load()) {
      rd_kafka_flush(client_->handle(), kPollMs);
      if (rd_kafka_outq_len(client_->handle()) == 0) flush_.store(false);
    } else {
      rd_kafka_poll(client_->handle(), kPollMs);
    }
    if (settled_.records == 0) continue;
    const bool wake = account_.Settle(std::exchange(settled_, {}), failure_);
    const DeliveryAccount::Totals outstanding = account_.outstanding();
    in_flight_records_.Set(static_cast<double>(outstanding.records));
    in_flight_bytes_.Set(static_cast<double>(outstanding.bytes));
    if (wake) availability_->NotifyAvailable();
  }
}

}  // namespace weir::kafka
