// Numbers counted by number in a real table of keyed state, as a chain's hooks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include <weir/internal/state/heap_table.h>
#include <weir/internal/state/key_group_range.h>
#include <weir/stable_hash.h>

#include "tests/unit/taskmanager_task/test_chain.h"

namespace weir::task {

inline constexpr std::uint32_t kMaxParallelism = 128;

inline std::uint32_t SubtaskOfNumber(Number number, std::uint32_t parallelism) {
  const std::uint64_t hash = StableHash(number);
  return SubtaskOf(KeyGroupOf(hash, kMaxParallelism), parallelism, kMaxParallelism);
}

class CountingTable {
 public:
  using Table = internal::HeapTable<Number, internal::NoNamespace, internal::NoMapKey, Number>;

  CountingTable(std::uint32_t subtask, std::uint32_t parallelism)
      : range_(internal::KeyGroupRangeOf(subtask, parallelism, kMaxParallelism)), table_(range_) {}

  void Count(Number number) {
    constexpr internal::NoNamespace kNoNamespace;
    constexpr internal::NoMapKey kNoMapKey;
    ++table_.FindOrInsert({StableHash(number), number, kNoNamespace, kNoMapKey});
  }
  std::map<Number, Number> Content() const {
    std::map<Number, Number> content;
    for (std::uint32_t group = range_.first; group < range_.first + range_.count; ++group) {
      table_.ForEachInGroup(group,
                            [&](Number key, auto, auto, Number count) { content[key] = count; });
    }
    return content;
  }
  internal::ChainedKeyedTable Chained() {
    return {.operator_index = 1, .name = "counts", .table = &table_, .schema = table_.schema()};
  }
  Table& table() { return table_; }

 private:
  const internal::KeyGroupRange range_;
  Table table_;
};

}  // namespace weir::task
