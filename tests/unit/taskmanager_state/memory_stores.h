// The stores of one operator, in maps. They check what a store may rely on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/unit/taskmanager_state/memory_store.h"

namespace weir::state {

class MemoryStores final : public internal::KeyedStores {
 public:
  explicit MemoryStores(const internal::StoreCacheLimits& limits) : limits_(limits) {}

  Result<internal::KeyedStore*> OpenTable(std::string_view state, std::string_view) override {
    const auto [table, is_new] = tables_.try_emplace(std::string(state));
    if (!is_new) return Status(StatusCode::kAlreadyExists, "opened twice: " + table->first);
    return &table->second;
  }
  internal::StoreCacheLimits limits() const override { return limits_; }
  // Of a state that was opened.
  MemoryStore& store(const std::string& state) { return tables_.at(state); }

 private:
  const internal::StoreCacheLimits limits_;
  std::map<std::string, MemoryStore> tables_;
};

}  // namespace weir::state
