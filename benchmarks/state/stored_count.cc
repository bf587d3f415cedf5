// A running count by key through the write-back cache above RocksDB:
//   --spread uniform|nexmark --keys N (all there before time counts) --directory PATH (new)
//   --cached N (entries in memory) --checkpoints N (over the run) --records N
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include <weir/internal/state/store_cache.h>

#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/state/stored_count_serializer.h"
#include "benchmarks/workloads/stored_counts.h"
#include "common/file_system.h"
#include "taskmanager/state/rocksdb_store.h"

namespace benchmarks {
namespace {

using weir::internal::NoMapKey;
using weir::internal::NoNamespace;
using Cache = weir::internal::StoreCache<std::int64_t, NoNamespace, NoMapKey, StoredCount>;

constexpr std::uint32_t kBlock = 512;
constexpr weir::internal::KeyGroupRange kRange{0, 128, 128};

void Check(const weir::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

class NoWriter final : public weir::internal::StateWriter {
  weir::Status Write(std::uint32_t, std::uint32_t, std::span<const std::byte>) override {
    return weir::Status::Internal("a cache writes to its store alone");
  }
};

// At a barrier: the cache is frozen here; a thread writes and links, as a saver does.
class Checkpoint {
 public:
  Checkpoint(Cache& cache, weir::state::RocksDbStore& store, std::string directory)
      : cache_(cache), thread_([this, &store, directory = std::move(directory)] {
          NoWriter none;
          for (;;) {
            const weir::Result<bool> more = cache_.SaveNext(none);
            Check(more.status());
            if (!*more) break;
          }
          Check(store.Export(directory).status());
          done_.store(true, std::memory_order_release);
        }) {}
  bool done() const { return done_.load(std::memory_order_acquire); }
  ~Checkpoint() {
    thread_.join();
    cache_.Thaw();
  }

 private:
  Cache& cache_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

template <class Key>
void AddBlock(Cache& cache, std::int64_t first, std::uint32_t size, Key&& key_of, Digest& digest) {
  std::int64_t keys[kBlock];
  for (std::uint32_t i = 0; i < size; ++i) keys[i] = key_of(first + i);
  cache.UpsertBlock(
      size, [&keys](std::uint32_t i) { return weir::StableHash(keys[i]); },
      [&keys](std::uint32_t i) { return keys[i]; }, [](std::uint32_t) { return NoNamespace(); },
      [](std::uint32_t) { return StoredCount(); },
      [&](std::uint32_t i, StoredCount& count, bool) {
        ++count.count;
        digest.Add(HashOf(KeyCount{keys[i], count.count}));
      });
  cache.Evict();
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  using namespace benchmarks;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  const std::int64_t keys = std::atoll(Argument(argc, argv, "--keys"));
  const auto cached = static_cast<std::uint64_t>(std::atoll(Argument(argc, argv, "--cached")));
  const std::int64_t checkpoints = std::atoll(Argument(argc, argv, "--checkpoints"));
  const std::string directory = Argument(argc, argv, "--directory");
  const StoredCountKeys sequence(Argument(argc, argv, "--spread"), keys);
  const weir::state::RocksDbMemory memory({.memory_bytes = kStoreMemoryBytes});
  weir::state::RocksDbOptions options;
  options.table.writebuffer_size_bytes = kStoreWriteBufferBytes;
  auto store = weir::state::RocksDbStore::Open(directory, kRange, 16, options, memory);
  Check(store.status());
  auto table = (*store)->OpenTable("count", "stored_count");
  Check(table.status());
  Cache cache(kRange, **table, {cached, cached});
  Digest populated;
  for (std::int64_t first = 1; first <= keys; first += kBlock) {
    const auto size = static_cast<std::uint32_t>(std::min<std::int64_t>(kBlock, keys + 1 - first));
    AddBlock(cache, first, size, [](std::int64_t i) { return i; }, populated);
  }
  const Stopwatch stopwatch;
  Digest digest;
  std::optional<Checkpoint> checkpoint;
  std::int64_t begun = 0;
  for (std::int64_t first = 0; first < records; first += kBlock) {
    if (checkpoint && (checkpoint->done() || cache.must_wait())) checkpoint.reset();
    if (!checkpoint && first * checkpoints >= begun * records && begun < checkpoints) {
      cache.Freeze();
      checkpoint.emplace(cache, **store, directory + "/export-" + std::to_string(begun++));
    }
    const auto size = static_cast<std::uint32_t>(std::min<std::int64_t>(kBlock, records - first));
    AddBlock(cache, first, size, [&](std::int64_t i) { return sequence.At(i); }, digest);
  }
  checkpoint.reset();
  stopwatch.Print(digest, records);
  return 0;
}
