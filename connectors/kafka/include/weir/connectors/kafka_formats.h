// Formats (weir/format.h) as deserializers and serializers of a record's value.
//
//   KafkaSource<Order>::Builder().Deserializer(ValueDeserializer(weir::json::JsonFormat<Order>()))
//   KafkaSink<Order>::Builder().Serializer(ValueSerializer(weir::json::JsonFormat<Order>()))
#pragma once

#include <string>
#include <utility>

#include <weir/connectors/kafka_record.h>
#include <weir/error_policy.h>
#include <weir/format.h>

namespace weir::kafka {

// Records without a value (tombstones) are left out. What the format refuses is the business of the
// source's OnError().
template <DeserializationSchema F>
class ValueDeserializer {
 public:
  explicit ValueDeserializer(F format) : format_(std::move(format)) {}
  bool operator()(const KafkaRecord& record, typename F::Record& out) {
    if (!record.value) return false;
    Status status = format_.Deserialize(*record.value, out);
    if (!status.ok()) [[unlikely]] {
      throw RecordError(std::move(status));
    }
    return true;
  }

 private:
  F format_;
};

// The value, without a key. What the format refuses fails the job.
template <SerializationSchema F>
class ValueSerializer {
 public:
  explicit ValueSerializer(F format) : format_(std::move(format)) {}
  void operator()(const typename F::Record& record, KafkaProducerRecord& out) {
    std::string& value = out.MutableValue();
    value.clear();
    Status status = format_.Serialize(record, value);
    if (!status.ok()) [[unlikely]] {
      throw RecordError(std::move(status));
    }
  }

 private:
  F format_;
};

}  // namespace weir::kafka
