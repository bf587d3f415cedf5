// The fastest table for keyed state that is known here: one array in the order of the hashes, half
// full at most, on huge pages, prefetched for a block of keys before it is touched. It grows all at
// once, which is what an engine cannot afford.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <sys/mman.h>

#include "benchmarks/workloads/digest.h"

namespace benchmarks {

// Keys are numbers other than 0. Value: trivially copyable, all zero when new. One thread.
template <class Value>
class FlatTable {
 public:
  FlatTable() { Allocate(10); }
  ~FlatTable() { ::munmap(entries_, bytes_); }
  FlatTable(const FlatTable&) = delete;

  // fmix64 maps numbers one to one and 0 to 0: the hash stands for the key.
  static std::uint64_t HashOfKey(std::int64_t key) { return Mix(static_cast<std::uint64_t>(key)); }
  void Prefetch(std::uint64_t hash) const { __builtin_prefetch(&entries_[hash >> shift_], 1); }
  // The value of the key with this hash, which is put in where there was none. Valid until the next
  // call.
  Value& operator[](std::uint64_t hash) {
    Entry* entry = Find(hash);
    if (entry->hash == hash) return entry->value;
    if (2 * ++size_ > capacity_) {
      Grow();
      entry = Find(hash);
    }
    entry->hash = hash;
    return entry->value;
  }
  // Null where there is none.
  Value* Lookup(std::uint64_t hash) {
    Entry* const entry = Find(hash);
    return entry->hash == hash ? &entry->value : nullptr;
  }
  // keep(Value&) for each, in the order of the hashes; where it returns false the value goes.
  template <class Keep>
  void Retain(Keep&& keep) {
    const std::size_t size_before = size_;
    for (Entry *entry = entries_, *end = entry + capacity_ + kOverhang; entry != end; ++entry) {
      if (entry->hash == 0) continue;
      if (!keep(entry->value)) {
        *entry = Entry{};
        --size_;
      } else if (size_ != size_before) {
        // As near to its place as it may be now: what lies before it has been looked at.
        const Entry moved = *entry;
        *entry = Entry{};
        *Find(moved.hash) = moved;
      }
    }
  }
  std::size_t size() const { return size_; }

 private:
  struct Entry {
    std::uint64_t hash;
    Value value;
  };
  // Entries behind the last position, so that probing need not turn around.
  static constexpr std::size_t kOverhang = 4096;
  static constexpr std::size_t kHugePage = 2 << 20;

  Entry* Find(std::uint64_t hash) {
    Entry* entry = &entries_[hash >> shift_];
    while (entry->hash != hash && entry->hash != 0) ++entry;
    return entry;
  }
  void Allocate(int bits) {
    capacity_ = std::size_t{1} << bits;
    shift_ = 64 - bits;
    bytes_ = ((capacity_ + kOverhang) * sizeof(Entry) + kHugePage - 1) / kHugePage * kHugePage;
    void* const memory =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    ::madvise(memory, bytes_, MADV_HUGEPAGE);
    entries_ = static_cast<Entry*>(memory);
  }
  void Grow() {
    Entry* const old = entries_;
    const std::size_t old_bytes = bytes_;
    const std::size_t old_end = capacity_ + kOverhang;
    Allocate(64 - shift_ + 1);
    for (std::size_t i = 0; i < old_end; ++i) {
      if (old[i].hash != 0) *Find(old[i].hash) = old[i];
    }
    ::munmap(old, old_bytes);
  }

  Entry* entries_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t capacity_ = 0;
  int shift_ = 0;
  std::size_t size_ = 0;
};

}  // namespace benchmarks
