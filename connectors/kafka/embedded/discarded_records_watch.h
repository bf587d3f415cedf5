// Notices that the mock cluster has thrown records away, so that nobody outruns it silently.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

struct rd_kafka_s;

namespace weir::kafka {

// Asks a broker for the first offset of every partition of every topic. One thread at a time.
class DiscardedRecordsWatch {
 public:
  // A client of its own for `bootstrap_servers`; ok() says whether it could be made.
  explicit DiscardedRecordsWatch(const std::string& bootstrap_servers);
  ~DiscardedRecordsWatch();
  DiscardedRecordsWatch(const DiscardedRecordsWatch&) = delete;
  DiscardedRecordsWatch& operator=(const DiscardedRecordsWatch&) = delete;

  bool ok() const { return client_ != nullptr; }

  // Looks once and writes a line to standard error for each partition that has lost its beginning
  // since it was last looked at for the first time. Blocks for a few milliseconds; a broker that
  // does not answer within `timeout_ms` is passed over.
  void Look(int timeout_ms);

  bool anything_discarded() const { return !first_offsets_.empty(); }
  // One line per affected partition on standard error: where it begins now.
  void PrintSummary() const;

 private:
  void LookAtPartition(const std::string& topic, std::int32_t partition, int timeout_ms);

  rd_kafka_s* client_;
  std::map<std::pair<std::string, std::int32_t>, std::int64_t>
      first_offsets_;  // only those above 0
};

}  // namespace weir::kafka
