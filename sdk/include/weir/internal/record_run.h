// A run: consecutive records of one batch as bytes, behind a header that says how many they are and
// what there is to know about their timestamps. docs/formats/records.md has the format.
#pragma once

#include <cstdint>

#include <weir/internal/batch.h>
#include <weir/internal/byte_reader.h>
#include <weir/internal/byte_writer.h>

namespace weir::internal {

// Never renumber.
enum class RunTimestamps : std::uint32_t {
  kNone = 0,    // no record has one
  kCommon = 1,  // all have the one in the header
  kEach = 2,    // one for each record
};

struct RunHeader {
  std::uint32_t count = 0;
  RunTimestamps timestamps = RunTimestamps::kNone;
  std::int64_t common_timestamp = kNoTimestamp;

  std::size_t size() const { return timestamps == RunTimestamps::kCommon ? 16 : 8; }
  std::size_t timestamp_size() const { return timestamps == RunTimestamps::kEach ? 8 : 0; }
};

// Of the records [from, …); without the count. Not on an empty rest.
template <class T>
RunHeader DescribeRun(const Batch<T>& batch, std::uint32_t from) {
  RunHeader header;
  header.common_timestamp = batch.timestamp(from);
  std::uint64_t difference = 0;
  for (std::uint32_t i = from + 1; i < batch.size(); ++i) {
    difference |= static_cast<std::uint64_t>(batch.timestamp(i) ^ header.common_timestamp);
  }
  if (difference != 0) {
    header.timestamps = RunTimestamps::kEach;
  } else if (header.common_timestamp != kNoTimestamp) {
    header.timestamps = RunTimestamps::kCommon;
  }
  return header;
}

inline void WriteRunHeader(ByteWriter& out, const RunHeader& header) {
  out.WriteFixed(header.count);
  out.WriteFixed(header.timestamps);
  if (header.timestamps == RunTimestamps::kCommon) out.WriteFixed(header.common_timestamp);
}

// False: the bytes are no header.
[[nodiscard]] inline bool ReadRunHeader(ByteReader& in, RunHeader& header) {
  if (!in.ReadFixed(header.count) || !in.ReadFixed(header.timestamps)) return false;
  if (header.count == 0 || header.timestamps > RunTimestamps::kEach) return false;
  if (header.timestamps != RunTimestamps::kCommon) return true;
  return in.ReadFixed(header.common_timestamp);
}

}  // namespace weir::internal
