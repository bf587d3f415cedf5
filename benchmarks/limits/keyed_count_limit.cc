// A running count by key, by hand:
//   --keys N --records N --settled N (records after which time counts)
#include <algorithm>
#include <cstdlib>

#include "benchmarks/limits/flat_table.h"
#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/numbers.h"

namespace benchmarks {
namespace {

constexpr std::int64_t kBlock = 1024;

Digest Count(std::int64_t records, std::int64_t keys, std::int64_t settled, Stopwatch& stopwatch) {
  FlatTable<std::int64_t> counts;
  KeyCount block[kBlock];
  std::uint64_t hashes[kBlock];
  Digest digest;
  for (std::int64_t first = 0; first < records; first += kBlock) {
    const std::int64_t size = std::min(kBlock, records - first);
    if (first <= settled && settled < first + size) stopwatch = Stopwatch();
    for (std::int64_t i = 0; i < size; ++i) {
      Fill(first + i, keys, block[i]);
      hashes[i] = FlatTable<std::int64_t>::HashOfKey(block[i].key);
      counts.Prefetch(hashes[i]);
    }
    for (std::int64_t i = 0; i < size; ++i) {
      std::int64_t& count = counts[hashes[i]];
      count += block[i].count;
      digest.Add(HashOf(KeyCount{block[i].key, count}));
    }
  }
  return digest;
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  using namespace benchmarks;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  const std::int64_t keys = std::atoll(Argument(argc, argv, "--keys"));
  const std::int64_t settled = std::atoll(Argument(argc, argv, "--settled"));
  Stopwatch stopwatch;
  const Digest digest = Count(records, keys, settled, stopwatch);
  stopwatch.Print(digest, records - settled);
  return 0;
}
