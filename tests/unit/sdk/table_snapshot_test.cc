// Snapshots of the heap backend's table: what savers write is the state at the barrier.
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/state/heap_table.h>

#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using internal::HeapTable;
using internal::KeyGroupRange;
using internal::NoMapKey;
using internal::NoNamespace;
using internal::SegmentClaim;

// Copied one by one for a snapshot although it owns no memory.
struct WideValue {
  std::uint64_t random = 0;
  std::uint64_t rest[8] = {};
  bool operator==(const WideValue&) const = default;
};
// Counts how often one is serialized.
struct CountedText {
  std::string text;
  bool operator==(const CountedText&) const = default;
};
int counted_writes = 0;

// All have one tag, so that they go to overflow segments.
struct SameTag {
  std::int64_t id = 0;
  auto operator<=>(const SameTag&) const = default;
};

}  // namespace

template <>
struct Serializer<WideValue> {
  static std::string Schema() { return "wide"; }
  static void Write(ByteWriter& out, const WideValue& value) {
    out.WriteBytes(&value, sizeof(value));
  }
  [[nodiscard]] static bool Read(ByteReader& in, WideValue& value) {
    return in.ReadBytes(&value, sizeof(value));
  }
};
template <>
struct Serializer<CountedText> {
  static std::string Schema() { return "counted"; }
  static void Write(ByteWriter& out, const CountedText& value) {
    ++counted_writes;
    out.WriteString(value.text);
  }
  [[nodiscard]] static bool Read(ByteReader& in, CountedText& value) {
    return Serializer<std::string>::Read(in, value.text);
  }
};
template <>
struct StableHasher<SameTag> {
  static std::uint64_t Hash(const SameTag&) { return 0x123456789abcdefULL; }
};

namespace {

template <class V>
V MakeValue(std::uint64_t random) {
  if constexpr (std::is_same_v<V, std::string>) {
    return std::string(random % 2 == 0 ? 40 : 0, 'v') + std::to_string(random);
  } else if constexpr (std::is_same_v<V, WideValue>) {
    return {random, {random, random + 1}};
  } else {
    return static_cast<V>(random);
  }
}

template <class V>
using Table = HeapTable<std::int64_t, NoNamespace, NoMapKey, V>;
template <class V>
using Content = std::map<std::int64_t, V>;

constexpr NoNamespace kNoNamespace;
constexpr NoMapKey kNoMapKey;

// Keeps the pieces, as a file would; any thread.
class KeepingWriter final : public internal::StateWriter {
 public:
  struct Piece {
    std::uint32_t key_group;
    std::uint32_t entries;
    std::vector<std::byte> bytes;
  };
  Status Write(std::uint32_t key_group, std::uint32_t entries,
               std::span<const std::byte> bytes) override {
    const std::lock_guard lock(mutex_);
    pieces_.push_back({key_group, entries, {bytes.begin(), bytes.end()}});
    return Status::Ok();
  }
  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  std::mutex mutex_;
  std::vector<Piece> pieces_;
};

template <class V>
Content<V> ContentOf(const Table<V>& table, const KeyGroupRange& range) {
  Content<V> content;
  for (std::uint32_t g = range.first; g < range.first + range.count; ++g) {
    table.ForEachInGroup(g, [&](std::int64_t key, auto&, auto&, const V& value) {
      EXPECT_TRUE(content.emplace(key, value).second) << key;
    });
  }
  return content;
}

// Reads the pieces back into tables for `ranges`, and gives what all of them hold.
template <class V>
Content<V> Restored(const KeepingWriter& writer, const std::vector<KeyGroupRange>& ranges) {
  Content<V> content;
  for (const KeyGroupRange& range : ranges) {
    Table<V> table(range);
    for (const auto& piece : writer.pieces()) {
      if (!range.Contains(piece.key_group)) continue;
      const Status status = table.Restore(piece.entries, piece.bytes);
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
    content.merge(ContentOf(table, range));
  }
  return content;
}

// A task that goes on writing, inserting and erasing while savers save.
template <class V>
class LoadedTable {
 public:
  LoadedTable(KeyGroupRange range, std::uint64_t seed, std::int64_t keys)
      : range_(range), table_(range), random_(seed), keys_(keys) {}

  void Change() {
    const auto key = static_cast<std::int64_t>(random_() % keys_);
    const std::uint64_t hash = StableHash(key);
    if (!range_.Contains(KeyGroupOf(hash, range_.max_parallelism))) return;
    if (random_() % 8 == 0) {
      table_.Erase({hash, key, kNoNamespace, kNoMapKey});
      content_.erase(key);
      return;
    }
    const V value = MakeValue<V>(random_());
    table_.FindOrInsert({hash, key, kNoNamespace, kNoMapKey}) = value;
    content_[key] = value;
  }
  void ChangeBlock() {
    std::vector<std::int64_t> keys;
    while (keys.size() < 700) {
      const auto key = static_cast<std::int64_t>(random_() % keys_);
      if (range_.Contains(KeyGroupOf(StableHash(key), range_.max_parallelism))) keys.push_back(key);
    }
    table_.UpsertBlock(
        700, [&](std::uint32_t i) { return StableHash(keys[i]); },
        [&](std::uint32_t i) { return keys[i]; }, [](std::uint32_t) { return NoNamespace(); },
        [](std::uint32_t) { return V(); },
        [&](std::uint32_t i, V& value, bool) {
          value = MakeValue<V>(i);
          content_[keys[i]] = value;
        });
  }
  // One snapshot, with `savers` threads against the task. What they wrote is what was there.
  void Snapshot(std::uint32_t savers, const std::vector<KeyGroupRange>& restored_to) {
    const Content<V> at_barrier = content_;
    KeepingWriter writer;
    std::atomic<std::uint32_t> running{savers};
    table_.Freeze();
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < savers; ++i) {
      threads.emplace_back([&] {
        for (;;) {
          const Result<bool> more = table_.SaveNext(writer);
          EXPECT_TRUE(more.ok());
          if (!more.ok() || !*more) break;
        }
        --running;
      });
    }
    do {
      for (int i = 0; i < 200; ++i) Change();
      ChangeBlock();
    } while (running != 0);
    for (std::thread& thread : threads) thread.join();
    table_.Thaw();
    for (int i = 0; i < 200; ++i) Change();
    ASSERT_TRUE(Restored<V>(writer, restored_to) == at_barrier);
    ASSERT_TRUE(ContentOf(table_, range_) == content_);
  }
  void GrowTo(std::int64_t keys) { keys_ = keys; }

 private:
  const KeyGroupRange range_;
  Table<V> table_;
  Content<V> content_;
  std::mt19937_64 random_;
  std::int64_t keys_;
};

template <class V>
void RunSnapshots(KeyGroupRange range, std::int64_t keys,
                  const std::vector<KeyGroupRange>& restored_to) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
  LoadedTable<V> loaded(range, seed, keys);
  for (int snapshot = 0; snapshot < 8; ++snapshot) {
    SCOPED_TRACE("snapshot " + std::to_string(snapshot));
    for (std::int64_t i = 0; i < keys / 2; ++i) loaded.Change();
    loaded.GrowTo(keys + snapshot * keys / 4);
    loaded.Snapshot(1 + snapshot % 2, restored_to);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

constexpr KeyGroupRange kAll{0, 128, 128};

TEST(TableSnapshot, UnderLoadIsTheStateAtTheBarrier) {
  RunSnapshots<std::int64_t>(kAll, 60'000, {kAll});
}
TEST(TableSnapshot, OfOwningValuesIsTheStateAtTheBarrier) {
  RunSnapshots<std::string>(kAll, 30'000, {kAll});
}
TEST(TableSnapshot, OfWideValuesIsTheStateAtTheBarrier) {
  RunSnapshots<WideValue>(kAll, 6'000, {kAll});
}
TEST(TableSnapshot, OfASmallTableIsTheStateAtTheBarrier) {
  RunSnapshots<std::int64_t>(kAll, 300, {kAll});
}
TEST(TableSnapshot, IsRestoredAtAnotherParallelism) {
  std::vector<KeyGroupRange> thirds;
  for (std::uint32_t i = 0; i < 3; ++i) thirds.push_back(internal::KeyGroupRangeOf(i, 3, 128));
  RunSnapshots<std::int64_t>(kAll, 20'000, thirds);
}
TEST(TableSnapshot, OfARangeOfKeyGroups) {
  RunSnapshots<std::string>({43, 43, 128}, 40'000, {{0, 64, 128}, {64, 64, 128}});
}

// A task may not stop for a segment's worth of values that own memory.
TEST(TableSnapshot, TheFirstWriteToAnEntryCopiesThatEntryAlone) {
  constexpr std::int64_t kKeys = 3'000;
  Table<CountedText> table(kAll);
  Content<CountedText> content;
  const auto put = [&](std::int64_t key, std::string text) {
    table.FindOrInsert({StableHash(key), key, kNoNamespace, kNoMapKey}).text = text;
    content[key].text = text;
  };
  for (std::int64_t key = 0; key < kKeys; ++key) put(key, std::to_string(key));
  const Content<CountedText> at_barrier = content;
  table.Freeze();
  counted_writes = 0;
  put(5, "after");
  EXPECT_EQ(counted_writes, 1);
  put(5, "and again");
  EXPECT_EQ(counted_writes, 1);
  for (std::int64_t key = 1'000; key < 1'100; ++key) put(key, "after");
  EXPECT_EQ(counted_writes, 101);
  KeepingWriter writer;
  while (*table.SaveNext(writer)) {
  }
  EXPECT_EQ(counted_writes, kKeys) << "each is saved once";
  put(6, "after");
  EXPECT_EQ(counted_writes, kKeys);
  table.Thaw();
  EXPECT_TRUE(Restored<CountedText>(writer, {kAll}) == at_barrier);
}

TEST(TableSnapshot, OfOverflowIsTheStateAtTheBarrier) {
  using Collisions = HeapTable<SameTag, NoNamespace, NoMapKey, std::string>;
  const auto at = [](const SameTag& key) {
    return Collisions::Where{StableHash(key), key, kNoNamespace, kNoMapKey};
  };
  const auto content_of = [](const Collisions& table) {
    std::map<SameTag, std::string> content;
    const std::uint32_t group = KeyGroupOf(StableHash(SameTag{}), 128);
    table.ForEachInGroup(group, [&](const SameTag& key, auto&, auto&, const std::string& value) {
      content.emplace(key, value);
    });
    return content;
  };
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  Collisions table(kAll);
  for (std::int64_t id = 0; id < 2'000; ++id) table.FindOrInsert(at({id})) = std::to_string(id);
  for (int round = 0; round < 4; ++round) {
    const auto at_barrier = content_of(table);
    KeepingWriter writer;
    table.Freeze();
    do {
      for (int i = 0; i < 100; ++i) {
        const SameTag key{static_cast<std::int64_t>(random() % 2'500)};
        if (random() % 2 == 0) {
          table.Erase(at(key));
        } else {
          table.FindOrInsert(at(key)) = "round " + std::to_string(round);
        }
      }
    } while (*table.SaveNext(writer));
    table.Thaw();
    Collisions restored(kAll);
    for (const auto& piece : writer.pieces()) {
      ASSERT_TRUE(restored.Restore(piece.entries, piece.bytes).ok());
    }
    ASSERT_TRUE(content_of(restored) == at_barrier);
  }
}

TEST(TableSnapshot, GivenUpHalfwayLeavesTheNextOneWhole) {
  Table<std::int64_t> table(kAll);
  Content<std::int64_t> content;
  const auto put = [&](std::int64_t key, std::int64_t value) {
    table.FindOrInsert({StableHash(key), key, kNoNamespace, kNoMapKey}) = value;
    content[key] = value;
  };
  for (std::int64_t key = 0; key < 20'000; ++key) put(key, key);
  KeepingWriter abandoned;
  table.Freeze();
  ASSERT_TRUE(*table.SaveNext(abandoned));
  for (std::int64_t key = 0; key < 20'000; key += 3) put(key, -key);
  table.Thaw();
  KeepingWriter writer;
  table.Freeze();
  const Content<std::int64_t> at_barrier = content;
  for (std::int64_t key = 0; key < 40'000; ++key) put(key, 7);
  while (*table.SaveNext(writer)) {
  }
  table.Thaw();
  EXPECT_TRUE(Restored<std::int64_t>(writer, {kAll}) == at_barrier);
}

// Without room made before, the table would grow while it fills, and each entry of a piece would
// be put behind all those before it.
TEST(TableSnapshot, ReservedTablesDoNotGrowWhileTheyAreRestored) {
  constexpr std::int64_t kKeys = 100'000;
  const KeyGroupRange range{32, 64, 128};
  Table<std::int64_t> table(range);
  std::map<std::uint32_t, std::uint64_t> entries;
  for (std::int64_t key = 0; key < kKeys; ++key) {
    const std::uint32_t group = KeyGroupOf(StableHash(key), 128);
    if (!range.Contains(group)) continue;
    table.FindOrInsert({StableHash(key), key, kNoNamespace, kNoMapKey}) = key;
    ++entries[group];
  }
  KeepingWriter writer;
  table.Freeze();
  while (*table.SaveNext(writer)) {
  }
  table.Thaw();

  Table<std::int64_t> restored(range);
  for (const auto& [group, count] : entries) restored.Reserve(group, count);
  const std::size_t reserved_bytes = restored.allocated_bytes();
  for (const auto& piece : writer.pieces()) {
    ASSERT_TRUE(restored.Restore(piece.entries, piece.bytes).ok());
  }
  EXPECT_LE(restored.allocated_bytes(), reserved_bytes * 5 / 4);
  EXPECT_LE(restored.allocated_bytes(), table.allocated_bytes() * 2);
  EXPECT_TRUE(ContentOf(restored, range) == ContentOf(table, range));
}

TEST(TableSnapshot, ReservingChangesNoContent) {
  for (const std::uint64_t entries : {0, 1, 100, 10'000}) {
    Table<std::string> table(kAll);
    Content<std::string> content;
    for (std::int64_t key = 0; key < 3'000; ++key) {
      if (key % 1'000 == 0) table.Reserve(static_cast<std::uint32_t>(key / 1'000), entries);
      table.FindOrInsert({StableHash(key), key, kNoNamespace, kNoMapKey}) = std::to_string(key);
      content[key] = std::to_string(key);
    }
    EXPECT_TRUE(ContentOf(table, kAll) == content);
  }
}

TEST(TableSnapshot, RestoreRefusesWhatIsNoState) {
  std::vector<std::byte> bytes;
  SerializeTo<std::int64_t>(1, bytes);
  SerializeTo<std::int64_t>(2, bytes);
  const auto refusal = [](std::uint32_t entries, std::span<const std::byte> from,
                          KeyGroupRange range) {
    Table<std::int64_t> table(range);
    const Status first = table.Restore(entries, from);
    return first.ok() ? table.Restore(entries, from).message() : first.message();
  };
  const std::uint32_t group = KeyGroupOf(StableHash(std::int64_t{1}), 128);
  const KeyGroupRange other = {group == 0 ? 1u : 0u, 1, 128};
  EXPECT_NE(refusal(1, bytes, other).find("which this subtask does not own"), std::string::npos);
  EXPECT_NE(refusal(2, bytes, kAll).find("cut off or malformed"), std::string::npos);
  EXPECT_NE(refusal(0, bytes, kAll).find("16 bytes follow the last of 0 entries"),
            std::string::npos);
  EXPECT_NE(refusal(1, bytes, kAll).find("is there twice"), std::string::npos);
}

TEST(SegmentClaim, IsDoneOnceForEachEpoch) {
  SegmentClaim claim;
  for (const std::uint32_t epoch : {1u, 2u, 7u}) {
    EXPECT_FALSE(claim.IsDone(epoch));
    EXPECT_TRUE(claim.TryBegin(epoch));
    EXPECT_FALSE(claim.TryBegin(epoch)) << "somebody is at it";
    claim.Release(epoch);
    EXPECT_FALSE(claim.IsDone(epoch));
    EXPECT_TRUE(claim.Hold(epoch)) << "there is more to copy";
    EXPECT_FALSE(claim.TryBegin(epoch));
    claim.Finish(epoch);
    EXPECT_TRUE(claim.IsDone(epoch));
    EXPECT_FALSE(claim.TryBegin(epoch)) << "it is done";
    EXPECT_FALSE(claim.Hold(epoch));
  }
}

TEST(TagSpace, EveryOwnedHashHasATagOfItsOwn) {
  for (const KeyGroupRange range :
       {KeyGroupRange{0, 1, 1}, {0, 128, 128}, {42, 43, 128}, {127, 1, 128}, {5, 3, 32768}}) {
    const internal::TagSpace space(range);
    std::mt19937_64 random(1);
    for (int i = 0; i < 10'000; ++i) {
      const std::uint64_t hash = random();
      const std::uint32_t group = KeyGroupOf(hash, range.max_parallelism);
      ASSERT_EQ(space.Owns(hash), range.Contains(group));
      if (!range.Contains(group)) continue;
      const std::uint64_t tag = space.TagOf(hash);
      ASSERT_EQ(space.KeyHashOf(tag), hash);
      ASSERT_EQ(space.GroupOf(tag), group);
      ASSERT_EQ(space.GroupOf(space.MixedTagOf(hash, random())), group);
      ASSERT_LE(space.FirstTagOf(group), tag);
      ASSERT_GE(space.LastTagOf(group), tag);
    }
  }
}

TEST(TagSpace, RangesAreThoseOfSubtasks) {
  for (const std::uint32_t parallelism : {1u, 2u, 3u, 7u, 128u}) {
    for (std::uint32_t group = 0; group < 128; ++group) {
      const std::uint32_t subtask = SubtaskOf(group, parallelism, 128);
      for (std::uint32_t s = 0; s < parallelism; ++s) {
        ASSERT_EQ(internal::KeyGroupRangeOf(s, parallelism, 128).Contains(group), s == subtask);
      }
    }
  }
}

}  // namespace
}  // namespace weir
