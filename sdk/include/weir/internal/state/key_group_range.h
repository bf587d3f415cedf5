// The key groups of one subtask, and where a key's entries lie in its tables.
#pragma once

#include <bit>
#include <cstdint>

#include <weir/stable_hash.h>

namespace weir::internal {

// A contiguous range of key groups, never empty.
struct KeyGroupRange {
  std::uint32_t first = 0;
  std::uint32_t count = 1;
  std::uint32_t max_parallelism = 1;  // a power of two

  bool Contains(std::uint32_t group) const { return group - first < count; }
  bool operator==(const KeyGroupRange&) const = default;
};

// Those that SubtaskOf() gives to `subtask`. parallelism <= max_parallelism.
constexpr KeyGroupRange KeyGroupRangeOf(std::uint32_t subtask, std::uint32_t parallelism,
                                        std::uint32_t max_parallelism) {
  const auto first_of = [&](std::uint64_t number) {
    return static_cast<std::uint32_t>((number * max_parallelism + parallelism - 1) / parallelism);
  };
  return {first_of(subtask), first_of(subtask + 1) - first_of(subtask), max_parallelism};
}

// Turns stable hashes into tags. A tag is a place: a table is ordered by it. Its high bits are the
// key group, counted from the first one owned (a subtask owns 1/n of the hash space, and a table
// indexed by bare hashes would use 1/n of its slots); what is below must differ between entries.
class TagSpace {
 public:
  explicit constexpr TagSpace(const KeyGroupRange& range)
      : first_group_(range.first),
        hash_group_bits_(static_cast<std::uint32_t>(std::countr_zero(range.max_parallelism))),
        tag_group_bits_(static_cast<std::uint32_t>(std::bit_width(range.count - 1))),
        shift_(hash_group_bits_ - tag_group_bits_),
        first_hash_(ShiftUp(range.first)),
        last_offset_(ShiftUp(range.count) - 1),
        group_mask_(~(~std::uint64_t{0} >> tag_group_bits_)) {}

  // Whether the hash's key group is in the range.
  constexpr bool Owns(std::uint64_t hash) const { return hash - first_hash_ <= last_offset_; }

  // One tag for each owned hash, which KeyHashOf() gives back.
  constexpr std::uint64_t TagOf(std::uint64_t hash) const { return (hash - first_hash_) << shift_; }
  constexpr std::uint64_t KeyHashOf(std::uint64_t tag) const {
    return (tag >> shift_) + first_hash_;
  }
  // The hash's key group, and below it the high bits of `mixed`.
  constexpr std::uint64_t MixedTagOf(std::uint64_t hash, std::uint64_t mixed) const {
    return (TagOf(hash) & group_mask_) | (mixed >> tag_group_bits_);
  }

  // Leading bits of a tag that are its group.
  constexpr std::uint32_t group_bits() const { return tag_group_bits_; }
  // The range of tags of an owned group.
  constexpr std::uint64_t FirstTagOf(std::uint32_t group) const {
    return tag_group_bits_ == 0
               ? 0
               : static_cast<std::uint64_t>(group - first_group_) << (64 - tag_group_bits_);
  }
  constexpr std::uint64_t LastTagOf(std::uint32_t group) const {
    return FirstTagOf(group) | ~group_mask_;
  }
  constexpr std::uint32_t GroupOf(std::uint64_t tag) const {
    return tag_group_bits_ == 0
               ? first_group_
               : first_group_ + static_cast<std::uint32_t>(tag >> (64 - tag_group_bits_));
  }

 private:
  // A number of groups as a number of hashes, modulo 2^64.
  constexpr std::uint64_t ShiftUp(std::uint64_t groups) const {
    return hash_group_bits_ == 0 ? 0 : groups << (64 - hash_group_bits_);
  }

  std::uint32_t first_group_;
  std::uint32_t hash_group_bits_;  // of a hash that are its key group
  std::uint32_t tag_group_bits_;   // of a tag
  std::uint32_t shift_;
  std::uint64_t first_hash_;
  std::uint64_t last_offset_;
  std::uint64_t group_mask_;
};

}  // namespace weir::internal
