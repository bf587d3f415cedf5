#include "taskmanager/state/rocksdb_metrics.h"

#include <algorithm>
#include <array>

#include <rocksdb/db.h>
#include <rocksdb/statistics.h>

namespace weir::state {
namespace {

// Properties "rocksdb.NAME".
constexpr auto kOfFamilies = std::to_array<std::string_view>({
    "cur-size-active-mem-table",
    "cur-size-all-mem-tables",
    "size-all-mem-tables",
    "num-entries-active-mem-table",
    "num-deletes-active-mem-table",
    "num-immutable-mem-table",
    "mem-table-flush-pending",
    "compaction-pending",
    "estimate-pending-compaction-bytes",
    "estimate-num-keys",
    "estimate-live-data-size",
    "estimate-table-readers-mem",
    "live-sst-files-size",
    "total-sst-files-size",
    "num-live-versions",
});
constexpr auto kOfDatabase = std::to_array<std::string_view>({
    "block-cache-capacity",
    "block-cache-usage",
    "block-cache-pinned-usage",
    "num-running-flushes",
    "num-running-compactions",
    "num-snapshots",
    "background-errors",
    "actual-delayed-write-rate",
    "is-write-stopped",
});
struct Counted {
  std::string_view name;
  rocksdb::Tickers ticker;
};
constexpr auto kCounted = std::to_array<Counted>({
    {"block-cache-hit", rocksdb::BLOCK_CACHE_HIT},
    {"block-cache-miss", rocksdb::BLOCK_CACHE_MISS},
    {"bytes-read", rocksdb::BYTES_READ},
    {"bytes-written", rocksdb::BYTES_WRITTEN},
    {"compaction-read-bytes", rocksdb::COMPACT_READ_BYTES},
    {"compaction-write-bytes", rocksdb::COMPACT_WRITE_BYTES},
    {"stall-micros", rocksdb::STALL_MICROS},
});

const Counted* FindCounted(std::string_view name) {
  const auto found = std::ranges::find(kCounted, name, &Counted::name);
  return found == kCounted.end() ? nullptr : &*found;
}

std::string PropertyOf(const std::string& name) {
  return "rocksdb." + name;
}

}  // namespace

Status CheckMetricName(std::string_view name) {
  if (std::ranges::find(kOfFamilies, name) != kOfFamilies.end() ||
      std::ranges::find(kOfDatabase, name) != kOfDatabase.end() || FindCounted(name) != nullptr) {
    return Status::Ok();
  }
  return Status::InvalidArgument("RocksDB has no metric '" + std::string(name) + "'");
}

bool NeedStatistics(std::span<const std::string> names) {
  return std::ranges::any_of(names,
                             [](const std::string& name) { return FindCounted(name) != nullptr; });
}

void AddMetricsOfState(rocksdb::DB& database, const std::string& state,
                       std::span<rocksdb::ColumnFamilyHandle* const> families,
                       std::span<const std::string> names, std::vector<NativeMetric>& metrics) {
  for (const std::string& name : names) {
    if (std::ranges::find(kOfFamilies, name) == kOfFamilies.end()) continue;
    NativeMetric& metric = metrics.emplace_back(NativeMetric{state, name});
    for (rocksdb::ColumnFamilyHandle* const family : families) {
      std::uint64_t value = 0;
      if (database.GetIntProperty(family, PropertyOf(name), &value)) {
        metric.value += static_cast<double>(value);
      }
    }
  }
}

void AddMetricsOfStore(rocksdb::DB& database, const rocksdb::Statistics* statistics,
                       std::span<const std::string> names, std::vector<NativeMetric>& metrics) {
  for (const std::string& name : names) {
    std::uint64_t value = 0;
    if (const Counted* const counted = FindCounted(name)) {
      if (statistics == nullptr) continue;
      value = statistics->getTickerCount(counted->ticker);
    } else if (std::ranges::find(kOfDatabase, name) == kOfDatabase.end() ||
               !database.GetIntProperty(PropertyOf(name), &value)) {
      continue;
    }
    metrics.push_back({"", name, static_cast<double>(value)});
  }
}

}  // namespace weir::state
