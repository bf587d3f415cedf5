// The deserializers that a Kafka source has of its own.
#pragma once

#include <string>
#include <string_view>

#include <weir/connectors/kafka_record.h>

namespace weir::kafka {

// The value as a string; records without a value (tombstones) are left out.
struct StringValueDeserializer {
  bool operator()(const KafkaRecord& record, std::string& out) const {
    if (record.value) out.assign(*record.value);
    return record.value.has_value();
  }
};

// Key and value as strings; null becomes empty.
struct KeyValueDeserializer {
  bool operator()(const KafkaRecord& record, KafkaKeyValue& out) const {
    out.key.assign(record.key.value_or(std::string_view()));
    out.value.assign(record.value.value_or(std::string_view()));
    return true;
  }
};

// Stands for "none was given".
struct NoDeserializer {};

// What KafkaSource<T> uses when it is given no deserializer.
template <class T>
struct DefaultKafkaDeserializer {
  using type = NoDeserializer;
};
template <>
struct DefaultKafkaDeserializer<std::string> {
  using type = StringValueDeserializer;
};
template <>
struct DefaultKafkaDeserializer<KafkaKeyValue> {
  using type = KeyValueDeserializer;
};

}  // namespace weir::kafka
