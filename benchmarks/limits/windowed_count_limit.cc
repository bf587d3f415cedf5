// Counts by key in windows of a minute, by hand:
//   --windows tumbling|sliding --records N
// Windows that slide by a second: each entry has a ring of counts, one for each second of a
// window, and their sum.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "benchmarks/limits/flat_table.h"
#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/windowed_counts.h"

namespace benchmarks {
namespace {

constexpr std::int64_t kBlock = 1024;

// `Windows`: Prefetch(hash), Add(record, hash), Finish().
template <class Windows>
Digest Count(std::int64_t records) {
  Windows windows;
  TimedKey block[kBlock];
  std::uint64_t hashes[kBlock];
  for (std::int64_t first = 0; first < records; first += kBlock) {
    const std::int64_t size = std::min(kBlock, records - first);
    for (std::int64_t i = 0; i < size; ++i) {
      Fill(first + i, block[i]);
      MakeComplete(block[i]);
      hashes[i] = FlatTable<std::int64_t>::HashOfKey(block[i].key);
      windows.Prefetch(hashes[i]);
    }
    for (std::int64_t i = 0; i < size; ++i) windows.Add(block[i], hashes[i]);
  }
  return windows.Finish();
}

class Tumbling {
 public:
  void Prefetch(std::uint64_t hash) const { counts_.Prefetch(hash); }
  void Add(const TimedKey& record, std::uint64_t hash) {
    if (record.date_time_ms >= end_ms_) [[unlikely]] {
      Finish();
      end_ms_ = record.date_time_ms - record.date_time_ms % kMinuteMs + kMinuteMs;
    }
    KeyCount& count = counts_[hash];
    count.key = record.key;
    ++count.count;
  }
  const Digest& Finish() {
    counts_.Retain([this](const KeyCount& count) {
      digest_.Add(HashOf(WindowedCount{end_ms_, count.key, count.count}));
      return false;
    });
    return digest_;
  }

 private:
  FlatTable<KeyCount> counts_;
  Digest digest_;
  std::int64_t end_ms_ = 0;
};

class Sliding {
 public:
  void Prefetch(std::uint64_t hash) const { counts_.Prefetch(hash); }
  void Add(const TimedKey& record, std::uint64_t hash) {
    while (record.date_time_ms >= end_ms_) [[unlikely]] {
      Fire();
      if (counts_.size() == 0) {
        end_ms_ = record.date_time_ms - record.date_time_ms % kSecondMs + kSecondMs;
      }
    }
    Entry& entry = counts_[hash];
    entry.key = record.key;
    ++entry.in_this_second;
  }
  const Digest& Finish() {
    while (counts_.size() > 0) Fire();
    return digest_;
  }

 private:
  static constexpr std::int64_t kSeconds = kMinuteMs / kSecondMs;
  struct Entry {
    std::int64_t key;
    std::int64_t in_this_second;
    std::int64_t in_window;  // that ends with the current second, once that is over
    std::int64_t seconds[kSeconds];
  };

  void Fire() {
    const std::int64_t second = end_ms_ / kSecondMs - 1;
    counts_.Retain([&](Entry& entry) {
      entry.seconds[second % kSeconds] = entry.in_this_second;
      entry.in_window += entry.in_this_second;
      entry.in_this_second = 0;
      digest_.Add(HashOf(WindowedCount{end_ms_, entry.key, entry.in_window}));
      entry.in_window -= entry.seconds[(second + 1) % kSeconds];
      return entry.in_window > 0;
    });
    end_ms_ += kSecondMs;
  }

  FlatTable<Entry> counts_;
  Digest digest_;
  std::int64_t end_ms_ = 0;  // of the current second
};

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  using namespace benchmarks;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  const std::string_view windows = Argument(argc, argv, "--windows");
  const Stopwatch stopwatch;
  stopwatch.Print(windows == "sliding" ? Count<Sliding>(records) : Count<Tumbling>(records),
                  records);
  return 0;
}
