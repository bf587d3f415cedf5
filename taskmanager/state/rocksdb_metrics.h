// RocksDB's own metrics by the names of Flink's settings state.backend.rocksdb.metrics.*. Private
// to this folder but for NativeMetric.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Statistics;
}  // namespace rocksdb

namespace weir::state {

struct NativeMetric {
  std::string state;  // empty: of the whole store
  std::string name;   // "estimate-num-keys"
  double value = 0;
};

// INVALID_ARGUMENT: there is no metric of this name.
Status CheckMetricName(std::string_view name);
// Whether one of them is counted by RocksDB's statistics, which cost something for each read.
bool NeedStatistics(std::span<const std::string> names);

// Of the column families of one state: those that RocksDB has for each of them, added up. Unknown
// names are left out.
void AddMetricsOfState(rocksdb::DB& database, const std::string& state,
                       std::span<rocksdb::ColumnFamilyHandle* const> families,
                       std::span<const std::string> names, std::vector<NativeMetric>& metrics);
// What there is once for a database. `statistics` may be null.
void AddMetricsOfStore(rocksdb::DB& database, const rocksdb::Statistics* statistics,
                       std::span<const std::string> names, std::vector<NativeMetric>& metrics);

}  // namespace weir::state
