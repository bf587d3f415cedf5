// Counts latencies without dropping any: the layout of HdrHistogram (Gil Tene) with a precision of
// one in 128.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace benchmarks {

// Trivially copyable and all zero when new, so that it may lie in memory that processes share. One
// thread.
class LatencyHistogram {
 public:
  static constexpr std::int64_t kHighest = (std::int64_t{1} << 40) - 1;  // 18 minutes

  // A value below 0 counts as 0, one above kHighest as that.
  void Record(std::int64_t nanoseconds) {
    const std::int64_t value = std::clamp<std::int64_t>(nanoseconds, 0, kHighest);
    ++counts_[IndexOf(static_cast<std::uint64_t>(value))];
    highest_ = std::max(highest_, value);
  }
  void Add(const LatencyHistogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    highest_ = std::max(highest_, other.highest_);
  }
  std::uint64_t count() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }
  // The value that this share (0 to 1) of what was recorded does not exceed; 0 for an empty one.
  std::int64_t Quantile(double share) const {
    const auto wanted = static_cast<double>(count()) * share;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (counts_[i] != 0 && static_cast<double>(seen) >= wanted) {
        return std::min(HighestOf(i), highest_);
      }
    }
    return highest_;
  }
  // [[nanoseconds, count], …], ascending: the highest value that is counted with others, the last
  // one exact.
  void Print(std::FILE* file) const {
    const char* separator = "";
    std::fputc('[', file);
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) continue;
      std::fprintf(file, "%s[%" PRId64 ", %" PRIu64 "]", separator,
                   std::min(HighestOf(i), highest_), counts_[i]);
      separator = ", ";
    }
    std::fputc(']', file);
  }

 private:
  // Values below 256 each have a place of their own; of every further power of two there are 128.
  static constexpr int kExactBits = 8;
  static constexpr std::uint64_t kExact = 1 << kExactBits;

  static std::size_t IndexOf(std::uint64_t value) {
    if (value < kExact) return value;
    const int shift = std::bit_width(value) - kExactBits;
    return kExact / 2 * static_cast<std::size_t>(shift) + (value >> shift);
  }
  static std::int64_t HighestOf(std::size_t index) {
    if (index < kExact) return static_cast<std::int64_t>(index);
    const std::size_t shift = index / (kExact / 2) - 1;
    const std::size_t place = index - kExact / 2 * shift;
    return static_cast<std::int64_t>(((place + 1) << shift) - 1);
  }

  std::array<std::uint64_t, kExact + (40 - kExactBits) * (kExact / 2)> counts_{};
  std::int64_t highest_ = 0;
};

}  // namespace benchmarks
