// A table of keyed state as the engine sees it: something that can be frozen at a barrier and saved
// while the task goes on.
//
// A snapshot: Freeze() on the task's thread at the barrier, then SaveNext() until it says false, on
// any other threads, then Thaw() on the task's thread. What SaveNext() writes is the state at
// Freeze(), whatever the task did since.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include <weir/status.h>

namespace weir::internal {

// Takes the entries of a table, group by group in no order, a group in any number of pieces.
class StateWriter {
 public:
  virtual ~StateWriter() = default;
  // `entries` of them, one after the other: Serializer of key, namespace, map key, value; of those
  // the ones that the table has. The bytes are valid during the call.
  virtual Status Write(std::uint32_t key_group, std::uint32_t entries,
                       std::span<const std::byte> bytes) = 0;
};

class KeyedTable {
 public:
  // `schema`: of its entries (internal/type_schema.h).
  explicit KeyedTable(std::string schema) : schema_(std::move(schema)) {}
  KeyedTable(const KeyedTable&) = delete;
  KeyedTable& operator=(const KeyedTable&) = delete;
  virtual ~KeyedTable() = default;

  // What Restore() can read is what a table with an equal schema has written.
  const std::string& schema() const { return schema_; }

  // Task's thread. About, for a table in a store.
  virtual std::uint64_t size() const = 0;
  // Asks for the places of these keys (those of a state without namespace and map key) ahead of
  // their use.
  virtual void PrefetchBlock(const std::uint64_t* key_hashes, std::uint32_t count) const = 0;

  // Task's thread, before Freeze(): processing time, for state with a time to live
  // (StateTtlConfig::CleanUpFullSnapshot). Without it nothing is left out.
  void SetSnapshotTime(std::int64_t now_ms) { snapshot_time_ms_ = now_ms; }
  // Task's thread; costs nothing. No other snapshot is under way.
  virtual void Freeze() = 0;
  // Saves one segment. False: nothing is left to claim (other threads may still be at their last
  // one).
  virtual Result<bool> SaveNext(StateWriter& writer) = 0;
  // Task's thread, when no SaveNext() runs any more; also to give a snapshot up.
  virtual void Thaw() = 0;

  // Its entries lie in a store (keyed_store.h), with those in use in memory. SaveNext() then writes
  // into the store, not to the writer it is given, and Thaw() comes when the store was exported.
  virtual bool in_store() const { return false; }
  // Of a table that is in_store, when its snapshot was saved and before Thaw(); any one thread:
  // what its store holds, as another kind of table saves it.
  virtual Status Export(StateWriter& /*writer*/) const {
    return Status::Internal("state in memory is saved, not exported");
  }
  // Task's thread, between blocks: takes out of memory what is over its limit. StoreError.
  virtual void Evict() {}
  // Task's thread, while frozen: what has changed since fills the memory that there is for it.
  virtual bool must_wait() const { return false; }

  // Task's thread, before Restore() of this key group, all of whose entries are this many: makes
  // room for them. Never changes what the table holds.
  virtual void Reserve(std::uint32_t /*key_group*/, std::uint64_t /*entries*/) {}
  // Task's thread, before the first record: adds what a StateWriter got. Corruption where the bytes
  // are not `entries` entries, or their keys are not of this subtask.
  virtual Status Restore(std::uint32_t entries, std::span<const std::byte> bytes) = 0;

 protected:
  std::int64_t snapshot_time_ms() const { return snapshot_time_ms_; }

 private:
  const std::string schema_;
  std::int64_t snapshot_time_ms_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace weir::internal
