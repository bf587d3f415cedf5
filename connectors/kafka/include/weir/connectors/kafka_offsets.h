// Where reading starts and, for a bounded source, where it stops (Flink's OffsetsInitializer).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::kafka {

struct KafkaPartitionOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  bool operator==(const KafkaPartitionOffset&) const = default;
};

class OffsetsInitializer {
 public:
  enum class Kind : std::uint8_t { kEarliest, kLatest, kTimestamp, kOffsets };

  // The first record that the broker still has.
  static OffsetsInitializer Earliest() { return OffsetsInitializer(Kind::kEarliest); }
  // The end as it is when the source starts: only records written later are read.
  static OffsetsInitializer Latest() { return OffsetsInitializer(Kind::kLatest); }
  // The first record whose timestamp is not before this; the end where there is none.
  static OffsetsInitializer Timestamp(std::int64_t timestamp_ms) {
    OffsetsInitializer initializer(Kind::kTimestamp);
    initializer.timestamp_ms_ = timestamp_ms;
    return initializer;
  }
  // As given. Partitions that are not named start at the earliest record; to stop, all must be
  // named.
  static OffsetsInitializer Offsets(std::vector<KafkaPartitionOffset> offsets) {
    OffsetsInitializer initializer(Kind::kOffsets);
    initializer.offsets_ = std::move(offsets);
    return initializer;
  }

  Kind kind() const { return kind_; }
  std::int64_t timestamp_ms() const { return timestamp_ms_; }
  const std::vector<KafkaPartitionOffset>& offsets() const { return offsets_; }
  std::optional<std::int64_t> OffsetOf(std::string_view topic, std::int32_t partition) const {
    for (const KafkaPartitionOffset& entry : offsets_) {
      if (entry.partition == partition && entry.topic == topic) return entry.offset;
    }
    return std::nullopt;
  }

 private:
  explicit OffsetsInitializer(Kind kind) : kind_(kind) {}

  Kind kind_;
  std::int64_t timestamp_ms_ = 0;
  std::vector<KafkaPartitionOffset> offsets_;
};

}  // namespace weir::kafka
