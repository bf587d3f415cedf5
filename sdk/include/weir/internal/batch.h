// Batches: what moves between operators.
//
// A batch is a fixed number of record slots with an event timestamp each and, behind a keyBy, a
// 64-bit key hash each. Slots stay constructed when a batch is cleared, so that strings keep their
// memory; batches are recycled to whoever filled them and freed only when a channel closes. The
// engine sees AnyBatch; only the plugin knows T.
//
// Thread rules: a batch belongs to one thread at a time. Handing it over (channel, recycling) is
// the engine's business.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

namespace weir::internal {

// The timestamp of a record that has none (Flink's TimestampAssigner.NO_TIMESTAMP).
inline constexpr std::int64_t kNoTimestamp = std::numeric_limits<std::int64_t>::min();

// Records in a block inside a chain: about 8 KiB of them, so that a block stays in the first-level
// cache between two operators (measured: up to 2.4 times faster than 80 KiB), at least 64 and at
// most 1024.
template <class T>
constexpr std::uint32_t BlockCapacity() {
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(8192 / sizeof(T), 64, 1024));
}

// Records in a batch of a channel, before it is reduced for a large fan-out.
inline constexpr std::uint32_t kMaximumBatchCapacity = 1024;
inline constexpr std::uint32_t kMinimumBatchCapacity = 16;

// Records in a channel's batch of T where a large fan-out leaves `allowed` of them: about 16 KiB,
// at least 64; with less than the maximum allowed, as many fewer of large records. What is under
// way in a process must stay in the cache (measured: keyBy 4 to 4 of 128-byte bids with three
// strings costs a quarter in batches of 16 KiB of what it costs in batches of 64).
template <class T>
constexpr std::uint32_t BatchCapacity(std::uint32_t allowed) {
  const std::size_t bytes =
      std::size_t{16} * 1024 * std::min(allowed, kMaximumBatchCapacity) / kMaximumBatchCapacity;
  const auto fitting = static_cast<std::uint32_t>(
      std::clamp<std::size_t>(bytes / sizeof(T), kMinimumBatchCapacity, kMaximumBatchCapacity));
  return std::min(allowed,
                  allowed < kMaximumBatchCapacity ? fitting : std::max<std::uint32_t>(fitting, 64));
}

// The part of a batch that the engine may look at.
class AnyBatch {
 public:
  AnyBatch() = default;
  AnyBatch(const AnyBatch&) = delete;
  AnyBatch& operator=(const AnyBatch&) = delete;
  virtual ~AnyBatch() = default;

  std::uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Forgets the records but keeps their slots, and the memory those own. Key hashes become invalid.
  void Clear() {
    size_ = 0;
    has_key_hashes_ = false;
  }
  // Whether key_hashes() holds one stable hash (weir/stable_hash.h) for each record.
  bool has_key_hashes() const { return has_key_hashes_; }

 protected:
  std::uint32_t size_ = 0;
  bool has_key_hashes_ = false;
};

template <class T>
class Batch final : public AnyBatch {
  static_assert(std::is_default_constructible_v<T> && std::is_move_assignable_v<T>,
                "a record type must be default constructible and move assignable: "
                "its slots are constructed once and then reused");

 public:
  explicit Batch(std::uint32_t capacity)
      : capacity_(capacity),
        record_slots_(std::make_unique<T[]>(capacity)),
        timestamp_slots_(std::make_unique<std::int64_t[]>(capacity)),
        records_(record_slots_.get()),
        timestamps_(timestamp_slots_.get()) {}

  std::uint32_t capacity() const { return capacity_; }
  bool full() const { return size_ == capacity_; }

  T& operator[](std::uint32_t index) { return records_[index]; }
  const T& operator[](std::uint32_t index) const { return records_[index]; }
  std::int64_t& timestamp(std::uint32_t index) { return timestamps_[index]; }
  std::int64_t timestamp(std::uint32_t index) const { return timestamps_[index]; }

  const T* records() const { return records_; }
  T* records() { return records_; }
  const std::int64_t* timestamps() const { return timestamps_; }
  std::int64_t* timestamps() { return timestamps_; }

  // The next slot, holding whatever value was there before. Unchecked: the caller looks at full()
  // first.
  T& Next(std::int64_t timestamp) {
    timestamps_[size_] = timestamp;
    return records_[size_++];
  }
  // The next `count` slots, as Next() gives one: fill in records and timestamps by index. Unchecked
  // as well. Returns the first one's index.
  std::uint32_t Claim(std::uint32_t count) {
    const std::uint32_t first = size_;
    size_ += count;
    return first;
  }
  // Takes back the slot that Next() gave last.
  void DropLast() { --size_; }
  // Forgets the records from `size` on; their slots stay constructed.
  void Truncate(std::uint32_t size) { size_ = size; }

  // The key-hash column, allocated when first asked for; call SetHasKeyHashes() once every record
  // has its hash.
  std::uint64_t* key_hashes() {
    if (!key_hash_slots_) {
      key_hash_slots_ = std::make_unique<std::uint64_t[]>(capacity_);
      key_hashes_ = key_hash_slots_.get() + (records_ - record_slots_.get());
    }
    return key_hashes_;
  }
  const std::uint64_t* key_hashes() const { return key_hashes_; }
  void SetHasKeyHashes() { has_key_hashes_ = true; }
  void ForgetKeyHashes() { has_key_hashes_ = false; }

  // Makes the batch look like its slots [from, from + count) until the next SetWindow(): so a large
  // batch passes through a chain in blocks that fit the cache, without a copy. Within a window
  // records may be changed, moved out and truncated, not added. SetWindow(0, n) ends it.
  void SetWindow(std::uint32_t from, std::uint32_t count) {
    records_ = record_slots_.get() + from;
    timestamps_ = timestamp_slots_.get() + from;
    if (key_hash_slots_) key_hashes_ = key_hash_slots_.get() + from;
    size_ = count;
  }
  bool windowed() const { return records_ != record_slots_.get(); }

  // Exchanges the contents, slots and all. Same capacity, no window on either.
  void Swap(Batch& other) {
    std::swap(size_, other.size_);
    std::swap(has_key_hashes_, other.has_key_hashes_);
    std::swap(record_slots_, other.record_slots_);
    std::swap(timestamp_slots_, other.timestamp_slots_);
    std::swap(key_hash_slots_, other.key_hash_slots_);
    std::swap(records_, other.records_);
    std::swap(timestamps_, other.timestamps_);
    std::swap(key_hashes_, other.key_hashes_);
  }

 private:
  const std::uint32_t capacity_;
  std::unique_ptr<T[]> record_slots_;
  std::unique_ptr<std::int64_t[]> timestamp_slots_;
  std::unique_ptr<std::uint64_t[]> key_hash_slots_;
  T* records_;  // first slot of the window
  std::int64_t* timestamps_;
  std::uint64_t* key_hashes_ = nullptr;
};

}  // namespace weir::internal
