// A running count in 100 bytes for each key, of more keys than memory is meant for.
#pragma once

#include <cstdint>
#include <cstring>

#include "benchmarks/workloads/nexmark/generator.h"
#include "benchmarks/workloads/numbers.h"

namespace benchmarks {

struct StoredCount {
  std::int64_t count = 0;
  char rest[92] = {};
};

// What the limit and the engine give RocksDB.
inline constexpr std::uint64_t kStoreMemoryBytes = 256ULL << 20;
inline constexpr std::uint64_t kStoreWriteBufferBytes = 64ULL << 20;

// Keys from 1 to `keys`: evenly spread, or as auctions are bid on in Nexmark.
class StoredCountKeys {
 public:
  StoredCountKeys(const char* spread, std::int64_t keys)
      : nexmark_(std::strcmp(spread, "nexmark") == 0), keys_(keys) {}
  std::int64_t At(std::int64_t index) const {
    if (nexmark_) {
      nexmark::Bid bid;
      generator_.Fill(nexmark::Generator::BidNumber(index), bid);
      return 1 + bid.auction % keys_;
    }
    KeyCount record;
    Fill(index, keys_, record);
    return record.key;
  }

 private:
  const bool nexmark_;
  const std::int64_t keys_;
  const nexmark::Generator generator_;
};

}  // namespace benchmarks
