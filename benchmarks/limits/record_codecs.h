// Records to bytes and back, by hand: the fields one after the other, texts with a length of four
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "benchmarks/workloads/numbers.h"
#include "benchmarks/workloads/open_loop.h"

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
  struct Maker {
    void Fill(std::int64_t index, Record& record) const { record = index; }
  };
  static constexpr std::size_t kMostBytes = 12;
  static std::int64_t Key(const Record& record) { return record; }
  static char* Encode(const Record& record, char* out) { return Put(out, &record, 8); }
  static void Decode(const char* in, Record& record) { std::memcpy(&record, in, 8); }
};

struct BidCodec {
  using Record = nexmark::BidWithStrings;
  struct Maker {
    void Fill(std::int64_t index, Record& record) const {
      generator.Fill(nexmark::Generator::BidNumber(index), record);
    }
    nexmark::Generator generator;
  };
  static constexpr std::size_t kMostBytes = 512;
  static std::int64_t Key(const Record& record) { return record.auction; }
  static char* Encode(const Record& record, char* out) {
    out = Put(out, &record.auction, 8);
    out = Put(out, &record.bidder, 8);
    out = Put(out, &record.price, 8);
    out = Put(out, &record.date_time_ms, 8);
    return PutText(PutText(PutText(out, record.channel), record.url), record.extra);
  }
  static const char* Decode(const char* in, Record& record) {
    std::memcpy(&record.auction, in, 8);
    std::memcpy(&record.bidder, in + 8, 8);
    std::memcpy(&record.price, in + 16, 8);
    std::memcpy(&record.date_time_ms, in + 24, 8);
    return TakeText(TakeText(TakeText(in + 32, record.channel), record.url), record.extra);
  }
};

struct TimedBidCodec {
  using Record = TimedBid;
  static constexpr std::size_t kMostBytes = BidCodec::kMostBytes + 24;
  static char* Encode(const Record& record, char* out) {
    out = BidCodec::Encode(record.bid, out);
    out = Put(out, &record.intended_ns, 8);
    out = Put(out, &record.number, 8);
    return Put(out, &record.sender, 8);
  }
  static void Decode(const char* in, Record& record) {
    in = BidCodec::Decode(in, record.bid);
    std::memcpy(&record.intended_ns, in, 8);
    std::memcpy(&record.number, in + 8, 8);
    std::memcpy(&record.sender, in + 16, 8);
  }
};

}  // namespace benchmarks
