// How the engine writes a StoredCount: as its bytes.
#pragma once

#include <string>

#include <weir/serializer.h>

#include "benchmarks/workloads/stored_counts.h"

template <>
struct weir::Serializer<benchmarks::StoredCount> {
  static std::string Schema() { return "stored_count"; }
  static void Write(ByteWriter& out, const benchmarks::StoredCount& count) {
    out.WriteBytes(&count, sizeof(count));
  }
  [[nodiscard]] static bool Read(ByteReader& in, benchmarks::StoredCount& count) {
    return in.ReadBytes(&count, sizeof(count));
  }
};
