// A running count by key in a bare RocksDB, one get and one put for each record:
//   --spread uniform|nexmark --keys N (all there before time counts) --directory PATH (new)
//   --records N
#include <cstdlib>
#include <memory>
#include <string>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/stored_counts.h"

namespace benchmarks {
namespace {

void Check(const rocksdb::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

rocksdb::Options OptionsOf() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.error_if_exists = true;
  options.write_buffer_size = kStoreWriteBufferBytes;
  const auto cache = rocksdb::NewLRUCache(kStoreMemoryBytes * 5 / 6);
  options.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(kStoreMemoryBytes / 3, cache);
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

class Counts {
 public:
  explicit Counts(const std::string& directory) {
    rocksdb::DB* database = nullptr;
    Check(rocksdb::DB::Open(OptionsOf(), directory, &database));
    database_.reset(database);
    write_.disableWAL = true;
  }
  std::int64_t Add(std::int64_t key) {
    const rocksdb::Slice bytes(reinterpret_cast<const char*>(&key), sizeof(key));
    StoredCount count;
    const rocksdb::Status found = database_->Get(rocksdb::ReadOptions(), bytes, &value_);
    if (found.ok()) {
      std::memcpy(static_cast<void*>(&count), value_.data(), sizeof(count));
    } else if (!found.IsNotFound()) {
      Check(found);
    }
    ++count.count;
    Check(database_->Put(write_, bytes,
                         rocksdb::Slice(reinterpret_cast<const char*>(&count), sizeof(count))));
    return count.count;
  }

 private:
  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::WriteOptions write_;
  std::string value_;
};

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  using namespace benchmarks;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  const std::int64_t keys = std::atoll(Argument(argc, argv, "--keys"));
  const StoredCountKeys sequence(Argument(argc, argv, "--spread"), keys);
  Counts counts(Argument(argc, argv, "--directory"));
  for (std::int64_t key = 1; key <= keys; ++key) counts.Add(key);
  const Stopwatch stopwatch;
  Digest digest;
  for (std::int64_t i = 0; i < records; ++i) {
    const std::int64_t key = sequence.At(i);
    digest.Add(HashOf(KeyCount{key, counts.Add(key)}));
  }
  stopwatch.Print(digest, records);
  return 0;
}
