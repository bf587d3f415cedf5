#include "connectors/kafka/src/client_statistics.h"

#include <charconv>

namespace weir::kafka {
namespace {

// Values below zero mean "not known".
std::int64_t SumOf(std::string_view json, std::string_view field) {
  std::int64_t sum = 0;
  for (std::size_t at = json.find(field); at != std::string_view::npos; at = json.find(field, at)) {
    at += field.size();
    while (at < json.size() && json[at] == ' ') ++at;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(json.data() + at, json.data() + json.size(), value);
    if (error == std::errc() && value > 0) sum += value;
  }
  return sum;
}

}  // namespace

ConsumerStatistics ReadConsumerStatistics(std::string_view json) {
  ConsumerStatistics statistics;
  statistics.queued_messages = SumOf(json, "\"fetchq_cnt\":");
  statistics.queued_bytes = SumOf(json, "\"fetchq_size\":");
  statistics.pending_records = SumOf(json, "\"consumer_lag\":");
  return statistics;
}

}  // namespace weir::kafka
