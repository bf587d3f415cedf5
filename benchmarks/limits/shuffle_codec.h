// Records to bytes and back, by hand: a length of four bytes, then the fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "benchmarks/workloads/bid.h"

namespace benchmarks {

inline char* Put(char* out, const void* bytes, std::size_t size) {
  std::memcpy(out, bytes, size);
  return out + size;
}
inline char* PutText(char* out, const std::string& text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  return Put(Put(out, &size, sizeof(size)), text.data(), size);
}
inline const char* TakeText(const char* in, std::string& text) {
  std::uint32_t size = 0;
  std::memcpy(&size, in, sizeof(size));
  text.assign(in + sizeof(size), size);
  return in + sizeof(size) + size;
}

struct LongCodec {
  using Record = std::int64_t;
  static constexpr std::size_t kMostBytes = 12;
  static void Fill(std::int64_t index, Record& record) { record = index; }
  static std::int64_t Key(const Record& record) { return record; }
  static char* Encode(const Record& record, char* out) { return Put(out, &record, 8); }
  static void Decode(const char* in, Record& record) { std::memcpy(&record, in, 8); }
};

struct BidCodec {
  using Record = Bid;
  static constexpr std::size_t kMostBytes = 512;
  static void Fill(std::int64_t index, Record& record) { FillBid(index, record); }
  static std::int64_t Key(const Record& record) { return record.auction; }
  static char* Encode(const Record& record, char* out) {
    out = Put(out, &record.auction, 8);
    out = Put(out, &record.bidder, 8);
    out = Put(out, &record.price, 8);
    out = Put(out, &record.date_time_ms, 8);
    return PutText(PutText(PutText(out, record.channel), record.url), record.extra);
  }
  static void Decode(const char* in, Record& record) {
    std::memcpy(&record.auction, in, 8);
    std::memcpy(&record.bidder, in + 8, 8);
    std::memcpy(&record.price, in + 16, 8);
    std::memcpy(&record.date_time_ms, in + 24, 8);
    TakeText(TakeText(TakeText(in + 32, record.channel), record.url), record.extra);
  }
};

}  // namespace benchmarks
