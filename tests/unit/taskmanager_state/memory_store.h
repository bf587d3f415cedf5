// A store of bytes in a map, which counts what it is asked and fails when it is told to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <weir/internal/state/keyed_store.h>

#include "common/mutex.h"

namespace weir::state {

class MemoryStore final : public internal::KeyedStore {
 public:
  using Content = std::map<std::pair<std::uint32_t, std::string>, std::string>;

  std::uint64_t entry_count() const override {
    MutexLock lock(mutex_);
    return content_.size();
  }
  Status MultiGet(std::span<const internal::StoreKey> keys,
                  internal::StoreValues& values) const override {
    MutexLock lock(mutex_);
    if (!failure_.ok()) return failure_;
    ++look_ups_;
    values.Reset(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto found = content_.find({keys[i].key_group, std::string(keys[i].bytes)});
      if (found != content_.end()) values.Set(i, found->second);
    }
    return Status::Ok();
  }
  Status Write(std::span<const internal::StoreChange> changes) override {
    MutexLock lock(mutex_);
    if (!failure_.ok()) return failure_;
    for (const internal::StoreChange& change : changes) {
      ++writes_;
      const std::pair<std::uint32_t, std::string> key(change.key.key_group, change.key.bytes);
      if (change.kind == internal::StoreChange::Kind::kDelete) {
        content_.erase(key);
      } else {
        content_[key] = change.value;
      }
    }
    return Status::Ok();
  }
  std::unique_ptr<internal::StoreCursor> Scan(std::uint32_t key_group, std::string_view prefix,
                                              std::string_view from) const override {
    MutexLock lock(mutex_);
    auto cursor = std::make_unique<Cursor>();
    const std::string first(std::max(prefix, from));
    for (auto entry = content_.lower_bound({key_group, first}); entry != content_.end(); ++entry) {
      if (entry->first.first != key_group || !entry->first.second.starts_with(prefix)) break;
      cursor->entries.emplace_back(entry->first.second, entry->second);
    }
    cursor->failure = failure_;
    return cursor;
  }

  Content content() const {
    MutexLock lock(mutex_);
    return content_;
  }
  void Assign(Content content) {
    MutexLock lock(mutex_);
    content_ = std::move(content);
  }
  void FailWith(Status failure) {
    MutexLock lock(mutex_);
    failure_ = std::move(failure);
  }
  int look_ups() const {
    MutexLock lock(mutex_);
    return look_ups_;
  }
  int writes() const {
    MutexLock lock(mutex_);
    return writes_;
  }

 private:
  struct Cursor final : internal::StoreCursor {
    bool Next() override { return failure.ok() && ++next <= entries.size(); }
    std::string_view key() const override { return entries[next - 1].first; }
    std::string_view value() const override { return entries[next - 1].second; }
    Status status() const override { return failure; }
    std::vector<std::pair<std::string, std::string>> entries;
    std::size_t next = 0;
    Status failure;
  };

  mutable Mutex mutex_;
  Content content_ WEIR_GUARDED_BY(mutex_);
  Status failure_ WEIR_GUARDED_BY(mutex_);
  mutable int look_ups_ WEIR_GUARDED_BY(mutex_) = 0;
  int writes_ WEIR_GUARDED_BY(mutex_) = 0;
};

}  // namespace weir::state
