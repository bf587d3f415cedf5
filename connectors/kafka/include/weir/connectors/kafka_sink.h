// Writing Kafka topics.
//
//   auto sink = weir::kafka::KafkaSink<std::string>::Builder()
//                   .BootstrapServers("broker-1:9092")
//                   .Topic("output")
//                   .DeliveryGuarantee(weir::kafka::DeliveryGuarantee::kAtLeastOnce)
//                   .Build();
//   stream.SinkTo(sink);
//
// The order of records with one key is kept: the producer is idempotent unless the property
// `enable.idempotence` says otherwise. Partitions are chosen as Kafka's own clients do (murmur2 of
// the key) unless a partitioner or the property `partitioner` says otherwise. A delivery that fails
// (after librdkafka's own retries, `message.timeout.ms`) fails the job with topic, partition and
// reason, whatever the guarantee.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/connectors/internal/kafka_options.h>
#include <weir/connectors/internal/kafka_write_session.h>
#include <weir/connectors/kafka_record.h>
#include <weir/sink.h>

namespace weir::kafka {

// kNone: a checkpoint waits for nothing. kAtLeastOnce: a checkpoint waits until all records before
// it are delivered. With both the end of input waits.
using DeliveryGuarantee = internal::KafkaDelivery;

// Turns a record of the job into one for Kafka: fills `out`, which is empty but for its timestamp,
// and says true, or says false to write nothing. Returning nothing means true. Copied for each
// writer and held by its own type. What it throws fails the job as an error of the user.
template <class S, class T>
concept KafkaSerializer =
    std::copy_constructible<S> &&
    requires(S& serializer, const T& record, KafkaProducerRecord& out) { serializer(record, out); };

// int32(topic, key, partition count) → partition. Called on the task's thread or on one of
// librdkafka's, at the same time for several records: const and without side effects.
template <class P>
concept KafkaPartitioner =
    std::copy_constructible<P> && requires(const P& partitioner, std::string_view topic,
                                           std::string_view key, std::int32_t partition_count) {
      { partitioner(topic, key, partition_count) } -> std::convertible_to<std::int32_t>;
    };

// The string as the value, without a key.
struct StringValueSerializer {
  void operator()(const std::string& record, KafkaProducerRecord& out) const {
    out.SetValue(record);
  }
};

struct KeyValueSerializer {
  void operator()(const KafkaKeyValue& record, KafkaProducerRecord& out) const {
    out.SetKey(record.key);
    out.SetValue(record.value);
  }
};

// Stands for "none was given".
struct NoSerializer {};

// What KafkaSink<T> uses when it is given no serializer.
template <class T>
struct DefaultKafkaSerializer {
  using type = NoSerializer;
};
template <>
struct DefaultKafkaSerializer<std::string> {
  using type = StringValueSerializer;
};
template <>
struct DefaultKafkaSerializer<KafkaKeyValue> {
  using type = KeyValueSerializer;
};

// Stands for "librdkafka's partitioner".
struct ClientPartitioner {};

template <class T, class S, class P>
class KafkaSinkWriter final : public SinkWriter<T> {
 public:
  KafkaSinkWriter(internal::KafkaSinkOptions options, S serializer, P partitioner)
      : serializer_(std::move(serializer)),
        partitioner_(std::move(partitioner)),
        session_(std::move(options)) {}

  Status Open(SinkWriterContext& context) override {
    if constexpr (std::is_same_v<P, ClientPartitioner>) {
      return session_.Open(context, nullptr, nullptr);
    } else {
      return session_.Open(context, &KafkaSinkWriter::CallPartitioner, &partitioner_);
    }
  }

  Result<WriteStatus> Write(T& record, std::int64_t timestamp_ms) override {
    // Asked first, so that a record that must wait is not serialized twice.
    WEIR_ASSIGN_OR_RETURN(const WriteStatus room, session_.CheckRoom());
    if (room == WriteStatus::kNotReady) return room;
    out_.Clear();
    // A record without an event timestamp gets the time of writing; Kafka has none before 1970.
    out_.timestamp_ms = timestamp_ms < 0 ? 0 : timestamp_ms;
    if (!Serialize(record)) return WriteStatus::kAccepted;
    return session_.Write(out_);
  }

  Result<FlushStatus> Flush(bool end_of_input) override { return session_.Flush(end_of_input); }
  void Close() override { session_.Close(); }

 private:
  static std::int32_t CallPartitioner(const void* partitioner, std::string_view topic,
                                      std::string_view key, std::int32_t partition_count) {
    return (*static_cast<const P*>(partitioner))(topic, key, partition_count);
  }

  bool Serialize(const T& record) {
    if constexpr (std::is_void_v<decltype(serializer_(record, out_))>) {
      serializer_(record, out_);
      return true;
    } else {
      return serializer_(record, out_);
    }
  }

  S serializer_;
  const P partitioner_;  // outlives session_, whose threads call it
  KafkaProducerRecord out_;
  internal::KafkaWriteSession session_;
};

template <class T, class S, class P>
class KafkaSinkBuilder;

template <class T, class S = typename DefaultKafkaSerializer<T>::type, class P = ClientPartitioner>
class KafkaSink {
 public:
  using Record = T;

  static KafkaSinkBuilder<T, S, P> Builder() { return {}; }

  std::string name() const { return "Kafka"; }
  // What is missing or wrong in the settings; also said when a writer opens.
  Status Validate() const { return internal::ValidateSink(options_); }
  std::unique_ptr<KafkaSinkWriter<T, S, P>> CreateWriter() const {
    return std::make_unique<KafkaSinkWriter<T, S, P>>(options_, serializer_, partitioner_);
  }

 private:
  template <class, class, class>
  friend class KafkaSinkBuilder;
  KafkaSink(internal::KafkaSinkOptions options, S serializer, P partitioner)
      : options_(std::move(options)),
        serializer_(std::move(serializer)),
        partitioner_(std::move(partitioner)) {}

  internal::KafkaSinkOptions options_;
  S serializer_;
  P partitioner_;
};

// Collects the settings of a sink. Methods may come in any order.
template <class T, class S, class P>
class KafkaSinkBuilder {
 public:
  KafkaSinkBuilder() = default;

  // "host:port,host:port"
  KafkaSinkBuilder& BootstrapServers(std::string servers) {
    options_.client.bootstrap_servers = std::move(servers);
    return *this;
  }
  // Where records go whose serializer names no topic.
  KafkaSinkBuilder& Topic(std::string topic) {
    options_.topic = std::move(topic);
    return *this;
  }
  // Default: kAtLeastOnce.
  KafkaSinkBuilder& DeliveryGuarantee(kafka::DeliveryGuarantee guarantee) {
    options_.delivery = guarantee;
    return *this;
  }
  // Clients are named "<prefix>-writer-<subtask>". Default "weir".
  KafkaSinkBuilder& ClientIdPrefix(std::string prefix) {
    options_.client.client_id_prefix = std::move(prefix);
    return *this;
  }
  // Any property of librdkafka, by its name there.
  KafkaSinkBuilder& Property(std::string key, std::string value) {
    options_.client.properties.emplace_back(std::move(key), std::move(value));
    return *this;
  }
  // How long unreachable brokers are asked again when a writer opens. Default 30 s.
  KafkaSinkBuilder& MetadataTimeoutMs(std::int64_t timeout_ms) {
    options_.client.metadata_timeout_ms = timeout_ms;
    return *this;
  }
  // A function or function object void(const T&, KafkaProducerRecord& out), or bool(…).
  template <class NewS>
    requires KafkaSerializer<NewS, T>
  KafkaSinkBuilder<T, NewS, P> Serializer(NewS serializer) const {
    return KafkaSinkBuilder<T, NewS, P>(options_, std::move(serializer), partitioner_);
  }
  // A function or function object int32(topic, key, partition count).
  template <class NewP>
    requires KafkaPartitioner<NewP>
  KafkaSinkBuilder<T, S, NewP> Partitioner(NewP partitioner) const {
    return KafkaSinkBuilder<T, S, NewP>(options_, serializer_, std::move(partitioner));
  }

  KafkaSink<T, S, P> Build() const {
    static_assert(
        !std::is_void_v<S>,
        "KafkaSink<T> has a serializer of its own for std::string and KafkaKeyValue only: give it "
        "one "
        "with .Serializer([](const T& record, KafkaProducerRecord& out) { out.SetValue(…); })");
    return KafkaSink<T, S, P>(options_, serializer_, partitioner_);
  }

 private:
  template <class, class, class>
  friend class KafkaSinkBuilder;
  KafkaSinkBuilder(internal::KafkaSinkOptions options, S serializer, P partitioner)
      : options_(std::move(options)),
        serializer_(std::move(serializer)),
        partitioner_(std::move(partitioner)) {}

  internal::KafkaSinkOptions options_;
  S serializer_;
  P partitioner_;
};

}  // namespace weir::kafka
