#include "taskmanager/state/store_snapshot.h"

#include <string>

#include <gtest/gtest.h>

namespace weir::state {
namespace {

StoreSnapshot Sample() {
  StoreSnapshot snapshot;
  StoredTable& table = snapshot.tables.emplace_back(StoredTable{"count", "{k:i64}", 128, 16, {}});
  StoredShard& shard = table.shards.emplace_back(StoredShard{3, 25, 7, {}});
  StoredFile& file = shard.files.emplace_back();
  file.table_file = {.unique_id = std::string("id\0x", 4),
                     .size_bytes = 4711,
                     .level = 6,
                     .smallest_key = std::string("\0\x19", 2),
                     .largest_key = "zz",
                     .smallest_sequence_number = 5,
                     .largest_sequence_number = 1ULL << 40};
  file.shared = {"shared/a-1.sst", 4711, 0xdeadbeef};
  return snapshot;
}

TEST(StoreSnapshot, IsReadAsItWasWritten) {
  const Result<StoreSnapshot> read = DecodeStoreSnapshot(EncodeStoreSnapshot(Sample()));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(*read, Sample());
  EXPECT_EQ(read->size_bytes(), 4711u);
}

Status DecodedAfter(void (*change)(StoreSnapshot&)) {
  StoreSnapshot snapshot = Sample();
  change(snapshot);
  return DecodeStoreSnapshot(EncodeStoreSnapshot(snapshot)).status();
}

TEST(StoreSnapshot, ContradictionsAreRefused) {
  using Change = void (*)(StoreSnapshot&);
  const Change changes[] = {
      [](StoreSnapshot& s) { s.tables[0].max_parallelism = 100; },
      [](StoreSnapshot& s) { s.tables[0].max_parallelism = 0; },
      [](StoreSnapshot& s) { s.tables[0].shard_count = 0; },
      [](StoreSnapshot& s) { s.tables[0].shard_count = 256; },
      [](StoreSnapshot& s) { s.tables[0].shards[0].shard = 16; },
      [](StoreSnapshot& s) { s.tables[0].shards[0].first_key_group = 23; },
      [](StoreSnapshot& s) { s.tables[0].shards[0].key_group_count = 8; },
      [](StoreSnapshot& s) { s.tables[0].shards[0].key_group_count = 0; },
      [](StoreSnapshot& s) { s.tables[0].shards[0].key_group_count = 0xffffffff; },
      [](StoreSnapshot& s) { s.tables[0].shards[0].files[0].shared.path = "/etc/passwd"; },
      [](StoreSnapshot& s) { s.tables[0].shards[0].files[0].shared.path = "shared/../../x"; },
      [](StoreSnapshot& s) { s.tables[0].shards[0].files[0].shared.path = ""; },
      [](StoreSnapshot& s) { s.tables[0].shards[0].files[0].table_file.unique_id = ""; },
      [](StoreSnapshot& s) { s.tables[0].shards[0].files[0].table_file.level = -1; },
  };
  EXPECT_TRUE(DecodedAfter([](StoreSnapshot&) {}).ok());
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    EXPECT_EQ(DecodedAfter(changes[i]).code(), StatusCode::kCorruption) << "change " << i;
  }
  EXPECT_EQ(DecodeStoreSnapshot("\xff\xff").status().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace weir::state
