// The bytes below a table of keyed state that does not fit in memory: what a typed write-back cache
// asks of a store. The engine has one behind it (taskmanager/state: RocksDB); the SDK knows this
// seam alone.
//
// An entry is a key group, key bytes and value bytes. Key bytes begin with the serialized key, so
// that everything of one key lies together; serialized values are prefix-free (their lengths come
// first), so a scan of a key's bytes finds the entries of this key and no other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/status.h>

namespace weir::internal {

// References for the length of a call.
struct StoreKey {
  std::uint32_t key_group = 0;
  std::string_view bytes;
};
struct StoreChange {
  enum class Kind : std::uint8_t { kPut, kDelete };
  Kind kind = Kind::kPut;
  StoreKey key;
  std::string_view value;  // of a kPut
};

// The answers to a look-up of several keys. Keeps its memory when it is used again.
class StoreValues {
 public:
  // Before a look-up of `count` keys: nothing is there.
  void Reset(std::size_t count) {
    places_.assign(count, {0, kAbsent});
    bytes_.clear();
  }
  void Set(std::size_t index, std::string_view value) {
    places_[index] = {bytes_.size(), value.size()};
    bytes_.append(value);
  }
  std::size_t size() const { return places_.size(); }
  // The value of the index-th key; none: there is no entry. Valid until the next Set() or Reset().
  std::optional<std::string_view> operator[](std::size_t index) const {
    const Place& place = places_[index];
    if (place.size == kAbsent) return std::nullopt;
    return std::string_view(bytes_).substr(place.offset, place.size);
  }

 private:
  static constexpr std::size_t kAbsent = ~std::size_t{0};
  struct Place {
    std::size_t offset;
    std::size_t size;
  };
  std::vector<Place> places_;
  std::string bytes_;
};

// Entries in the order of their key bytes, as they were when the scan began. One thread. Before its
// store ends.
class StoreCursor {
 public:
  virtual ~StoreCursor() = default;
  // To the next entry, the first one to begin with. False: there is none, or reading failed.
  virtual bool Next() = 0;
  // Of the present entry, until the next call of Next(). The key is without its key group.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // After Next() said false: why reading failed.
  virtual Status status() const = 0;
};

// How much of a table a cache above its store keeps in memory.
struct StoreCacheLimits {
  // Entries in memory, known absences included, that Evict() leaves. At least 1.
  std::uint64_t entries = 0;
  // How many more there may be while a snapshot keeps them in memory, before the task waits.
  std::uint64_t overdraft_entries = 0;
};

// The entries of one table in one subtask. Errors name the state and the path. Reads may come from
// any thread at any time; so may writes, unless two that are under way concern one entry, or the
// engine takes a checkpoint of the store (the cache holds them back).
class KeyedStore {
 public:
  KeyedStore() = default;
  KeyedStore(const KeyedStore&) = delete;
  KeyedStore& operator=(const KeyedStore&) = delete;
  virtual ~KeyedStore() = default;

  // About how many entries there are; 0 only where there is none.
  virtual std::uint64_t entry_count() const = 0;
  // All key groups that appear here are the subtask's own.
  virtual Status MultiGet(std::span<const StoreKey> keys, StoreValues& values) const = 0;
  // All or nothing, in order.
  virtual Status Write(std::span<const StoreChange> changes) = 0;
  // The entries of a key group whose key bytes begin with `prefix`, from the first one on that is
  // not before `from`.
  virtual std::unique_ptr<StoreCursor> Scan(std::uint32_t key_group, std::string_view prefix,
                                            std::string_view from = {}) const = 0;
  // For a table whose values begin with when they were last used (Expiring, 64 bits): those at or
  // before `limit_ms` are seen by nobody any more, and the store may forget them whenever it
  // rewrites its files, or never. Task's thread; cheap.
  virtual void Expire(std::int64_t /*limit_ms*/) {}
};

// Thrown by a cache where its store fails: reads and writes of state have no other way to say so.
// The engine fails the task with the status as it is.
class StoreError final : public std::runtime_error {
 public:
  explicit StoreError(Status status)
      : std::runtime_error(status.ToString()), status_(std::move(status)) {}
  const Status& status() const { return status_; }

 private:
  Status status_;
};

// The stores of one keyed operator in one subtask.
class KeyedStores {
 public:
  virtual ~KeyedStores() = default;
  // Lives as long as this object. A restored table is found by its name; FAILED_PRECONDITION where
  // its schema (internal/type_schema.h) is another one, ALREADY_EXISTS where it was opened before.
  virtual Result<KeyedStore*> OpenTable(std::string_view state, std::string_view schema) = 0;
  // Of the cache above each table.
  virtual StoreCacheLimits limits() const = 0;
};

}  // namespace weir::internal
