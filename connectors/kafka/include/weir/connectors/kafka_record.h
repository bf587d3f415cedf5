// A Kafka record as a deserializer sees it, and as a serializer makes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/fields.h>

namespace weir::kafka {

struct KafkaHeader {
  std::string_view name;
  std::optional<std::string_view> value;  // nothing: null, which Kafka tells from empty
};

// A record that was read. Every view is valid only while the deserializer runs: copy what is kept.
struct KafkaRecord {
  std::optional<std::string_view> key;    // nothing: null
  std::optional<std::string_view> value;  // nothing: null (a tombstone in a compacted topic)
  std::int64_t timestamp_ms = -1;         // -1: the record has none
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  const void* message = nullptr;  // for headers(): librdkafka's own

  // Decoded when asked for, in the order of the record.
  std::vector<KafkaHeader> headers() const;
  // The last header of this name, as in Kafka's Headers.lastHeader.
  std::optional<KafkaHeader> LastHeader(std::string_view name) const;
};

// A record to be written. A writer reuses one of these, so that its strings keep their memory:
// Clear() comes before every call of a serializer.
class KafkaProducerRecord {
 public:
  std::string topic;            // empty: the sink's topic
  std::int32_t partition = -1;  // -1: the partitioner chooses
  // 0: the time of writing. The sink sets it to the record's event timestamp, where that has one.
  std::int64_t timestamp_ms = 0;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;  // nothing: null

  // Null until set.
  void SetKey(std::string_view bytes) { MutableKey().assign(bytes); }
  void SetValue(std::string_view bytes) { MutableValue().assign(bytes); }
  // To build a key or value in place; holds old bytes at first.
  std::string& MutableKey() {
    has_key_ = true;
    return key_;
  }
  std::string& MutableValue() {
    has_value_ = true;
    return value_;
  }
  void AddHeader(std::string_view name, std::string_view bytes) {
    headers.emplace_back(std::string(name), std::string(bytes));
  }

  std::optional<std::string_view> key() const {
    return has_key_ ? std::optional<std::string_view>(key_) : std::nullopt;
  }
  std::optional<std::string_view> value() const {
    return has_value_ ? std::optional<std::string_view>(value_) : std::nullopt;
  }

  void Clear();

 private:
  bool has_key_ = false;
  bool has_value_ = false;
  std::string key_;
  std::string value_;
};

// Key and value as strings, for jobs that need both. Null becomes empty; who must tell them apart
// brings a deserializer or serializer of their own.
struct KafkaKeyValue {
  std::string key;
  std::string value;
  bool operator==(const KafkaKeyValue&) const = default;
};
WEIR_FIELDS(KafkaKeyValue, key, value)

}  // namespace weir::kafka
