// Which directory below the sink's path a record goes to.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace weir::files {

// What an assigner may ask beside the record.
class BucketContext {
 public:
  BucketContext(std::int64_t timestamp_ms, bool has_timestamp, std::int64_t processing_time_ms)
      : timestamp_ms_(timestamp_ms),
        has_timestamp_(has_timestamp),
        processing_time_ms_(processing_time_ms) {}
  bool has_timestamp() const { return has_timestamp_; }
  std::int64_t timestamp_ms() const { return timestamp_ms_; }
  // Milliseconds since the epoch; the same for all records of a block.
  std::int64_t processing_time_ms() const { return processing_time_ms_; }

 private:
  std::int64_t timestamp_ms_;
  bool has_timestamp_;
  std::int64_t processing_time_ms_;
};

// A relative path, valid until the next call: "" is the sink's own path, "a/b" two directories
// below it. Copied for each writer.
template <class A, class T>
concept BucketAssigner =
    std::copy_constructible<A> && requires(A& assigner, const T& record, const BucketContext& at) {
      { assigner(record, at) } -> std::convertible_to<std::string_view>;
    };

// Everything in the sink's path.
struct BasePathBucketAssigner {
  template <class T>
  std::string_view operator()(const T&, const BucketContext&) const {
    return {};
  }
};

// A directory for each hour, or whatever the pattern of std::strftime tells apart, in UTC. By the
// record's event time or, where it has none, the time of writing.
class DateTimeBucketAssigner {
 public:
  explicit DateTimeBucketAssigner(std::string pattern = "%Y-%m-%d--%H")
      : pattern_(std::move(pattern)) {}
  template <class T>
  std::string_view operator()(const T&, const BucketContext& at) {
    const std::int64_t time_ms = at.has_timestamp() ? at.timestamp_ms() : at.processing_time_ms();
    const std::int64_t second = time_ms / 1000 - (time_ms % 1000 < 0 ? 1 : 0);
    if (second != second_) Format(second);
    return bucket_;
  }

 private:
  void Format(std::int64_t second);

  std::string pattern_;
  std::int64_t second_ = std::numeric_limits<std::int64_t>::min();  // that bucket_ is of
  std::string bucket_;
};

}  // namespace weir::files
