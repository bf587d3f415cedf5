// The few numbers that we take from librdkafka's statistics.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::kafka {

struct ConsumerStatistics {
  std::int64_t queued_messages = 0;  // fetched and waiting inside librdkafka
  std::int64_t queued_bytes = 0;
  std::int64_t pending_records = 0;  // written to the partitions and not yet read (consumer lag)
};

// Sums over all partitions. librdkafka writes flat JSON numbers under fixed names (STATISTICS.md),
// so this looks for
// `"fetchq_cnt":`, `"fetchq_size":` and `"consumer_lag":` instead of bringing a JSON library into a
// job's plugin.
ConsumerStatistics ReadConsumerStatistics(std::string_view json);

}  // namespace weir::kafka
