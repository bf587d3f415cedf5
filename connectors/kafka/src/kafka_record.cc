#include <librdkafka/rdkafka.h>

#include <weir/connectors/kafka_record.h>

namespace weir::kafka {

std::vector<KafkaHeader> KafkaRecord::headers() const {
  std::vector<KafkaHeader> result;
  rd_kafka_headers_t* headers = nullptr;
  if (message == nullptr ||
      rd_kafka_message_headers(static_cast<const rd_kafka_message_t*>(message), &headers) !=
          RD_KAFKA_RESP_ERR_NO_ERROR) {
    return result;  // the record has none
  }
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    KafkaHeader header{name, std::nullopt};
    if (value != nullptr) header.value.emplace(static_cast<const char*>(value), size);
    result.push_back(header);
  }
  return result;
}

std::optional<KafkaHeader> KafkaRecord::LastHeader(std::string_view name) const {
  std::optional<KafkaHeader> last;
  for (const KafkaHeader& header : headers()) {
    if (header.name == name) last = header;
  }
  return last;
}

void KafkaProducerRecord::Clear() {
  topic.clear();
  has_key_ = false;
  has_value_ = false;
  headers.clear();
  partition = -1;
  timestamp_ms = 0;
}

}  // namespace weir::kafka
