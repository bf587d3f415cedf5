// Keyed state in memory under updates by key, with or without snapshots of it all the while, as a
// task and its saver take them; then a restore of the last snapshot, compared entry by entry:
//   --state-mb N --value-bytes N (a string; 0: entries own no memory) --snapshots 0|1
//   --directory PATH (new) --records N
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <weir/internal/state/heap_table.h>
#include <weir/serializer.h>

#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/state/stored_count_serializer.h"
#include "benchmarks/workloads/stored_counts.h"
#include "common/file_system.h"
#include "taskmanager/checkpoint/checkpoint_storage.h"
#include "taskmanager/checkpoint/state_file_reader.h"

namespace benchmarks {
namespace {

using weir::checkpoint::StateHandle;
using weir::internal::NoMapKey;
using weir::internal::NoNamespace;

constexpr std::uint32_t kBlock = 512;
constexpr weir::internal::KeyGroupRange kRange{0, 128, 128};

struct HeldValue {
  std::int64_t count = 0;
  std::string value;
};

HeldValue NewValue(HeldValue*, std::int64_t key, std::size_t bytes) {
  return {0, std::string(bytes, static_cast<char>('a' + key % 26))};
}
StoredCount NewValue(StoredCount*, std::int64_t, std::size_t) {
  return {};
}

void Check(const weir::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Of this thread.
double ThreadCpuSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Settings {
  std::int64_t records = 0;
  std::int64_t keys = 0;
  std::size_t value_bytes = 0;
  bool snapshots = false;
  std::string directory;  // of the state files; made by the caller
};

template <class Value>
class Held {
 public:
  using Table = weir::internal::HeapTable<std::int64_t, NoNamespace, NoMapKey, Value>;

  explicit Held(const Settings& settings)
      : settings_(settings), storage_(weir::LocalFileSystem(), settings.directory, 0) {}

  void Populate() {
    for (std::int64_t first = 1; first <= settings_.keys; first += kBlock) {
      const std::int64_t size = std::min<std::int64_t>(kBlock, settings_.keys + 1 - first);
      AddBlock(first, size, [](std::int64_t i) { return i; });
    }
    digest_ = Digest();
  }
  // What the task does: blocks of records, a snapshot frozen as soon as the one before is thawed.
  void Update() {
    const StoredCountKeys sequence("uniform", settings_.keys);
    const Stopwatch stopwatch;
    const auto start = std::chrono::steady_clock::now();
    const double cpu_at_start = ThreadCpuSeconds();
    for (std::int64_t first = 0; first < settings_.records; first += kBlock) {
      const auto step = std::chrono::steady_clock::now();
      const double cpu_at_step = ThreadCpuSeconds();
      if (saver_ && saved_.load(std::memory_order_acquire)) EndSnapshot();
      if (settings_.snapshots && !saver_) BeginSnapshot();
      const std::int64_t size = std::min<std::int64_t>(kBlock, settings_.records - first);
      AddBlock(first, size, [&](std::int64_t i) { return sequence.At(i); });
      longest_step_s_ = std::max(longest_step_s_, SecondsSince(step));
      longest_step_cpu_s_ = std::max(longest_step_cpu_s_, ThreadCpuSeconds() - cpu_at_step);
    }
    wall_s_ = SecondsSince(start);
    task_cpu_s_ = ThreadCpuSeconds() - cpu_at_start;
    cpu_s_ = stopwatch.cpu_seconds();
    if (saver_) {
      saver_->join();
      EndSnapshot();
    }
  }
  // Takes a last snapshot, makes a table of it and compares the two.
  void Restore() {
    BeginSnapshot();
    saver_->join();
    EndSnapshot();
    Table restored(kRange);
    const Stopwatch stopwatch;
    const auto start = std::chrono::steady_clock::now();
    auto reader = weir::checkpoint::StateFileReader::Open(weir::LocalFileSystem(),
                                                          settings_.directory, *handle_);
    Check(reader.status());
    std::vector<std::thread> readers;
    (*reader)->SetRunBeside([&readers](std::function<void()> work) {
      readers.emplace_back(std::move(work));
      return weir::Status::Ok();
    });
    const auto entries_of = (*reader)->EntriesOf(0, kRange.first, kRange.count);
    for (std::uint32_t i = 0; i < kRange.count; ++i) restored.Reserve(i, entries_of[i]);
    Check((*reader)->ReadKeyGroups(
        0, kRange.first, kRange.count,
        [&](std::uint32_t, std::uint32_t entries, std::span<const std::byte> bytes) {
          return restored.Restore(entries, bytes);
        }));
    for (std::thread& each : readers) each.join();
    restore_s_ = SecondsSince(start);
    restore_cpu_s_ = stopwatch.cpu_seconds();
    restored_bytes_ = handle_->size_bytes();
    if (restored.size() == table_.size() && DigestOf(restored) == DigestOf(table_)) return;
    Check(weir::Status::Internal("the restored state differs from what was saved"));
  }
  void Print() const {
    std::printf("{\"records\": %" PRId64 ", \"count\": %" PRIu64 ", \"hash\": \"%016" PRIx64
                "\", \"wall_s\": %.6f, \"cpu_s\": %.6f, \"longest_step_ms\": %.3f, "
                "\"longest_step_cpu_ms\": %.3f, \"task_rate\": %.3f, "
                "\"snapshots\": %d, \"restore_ms\": %.1f, \"restore_cpu_ms\": %.1f, "
                "\"restored_mb\": %.1f}\n",
                settings_.records, digest_.count, digest_.sum, wall_s_, cpu_s_,
                longest_step_s_ * 1e3, longest_step_cpu_s_ * 1e3,
                static_cast<double>(settings_.records) / task_cpu_s_ / 1e6, snapshots_,
                restore_s_ * 1e3, restore_cpu_s_ * 1e3, static_cast<double>(restored_bytes_) / 1e6);
  }

 private:
  template <class KeyOf>
  void AddBlock(std::int64_t first, std::int64_t size, KeyOf&& key_of) {
    std::int64_t keys[kBlock];
    for (std::int64_t i = 0; i < size; ++i) keys[i] = key_of(first + i);
    table_.UpsertBlock(
        static_cast<std::uint32_t>(size),
        [&keys](std::uint32_t i) { return weir::StableHash(keys[i]); },
        [&keys](std::uint32_t i) { return keys[i]; }, [](std::uint32_t) { return NoNamespace(); },
        [&](std::uint32_t i) {
          return NewValue(static_cast<Value*>(nullptr), keys[i], settings_.value_bytes);
        },
        [&](std::uint32_t i, Value& value, bool) {
          ++value.count;
          digest_.Add(HashOf(KeyCount{keys[i], value.count}));
        });
  }

  void BeginSnapshot() {
    saved_.store(false, std::memory_order_relaxed);
    const std::string name = std::to_string(snapshots_);
    auto writer = storage_.Create(1, name);
    Check(writer.status());
    const auto section = (*writer)->AddKeyedTable("held", "held", table_.schema(), 128);
    table_.Freeze();
    // The JobManager removes old checkpoints: not the task, which unlinking a large file would
    // stop.
    saver_.emplace([this, section, writer = *std::move(writer), old = std::move(handle_)] {
      if (old) Remove(*old);
      for (;;) {
        const weir::Result<bool> more = table_.SaveNext(writer->keyed(section));
        Check(more.status());
        if (!*more) break;
      }
      auto handle = writer->Finish();
      Check(handle.status());
      written_ = *std::move(handle);
      saved_.store(true, std::memory_order_release);
    });
  }
  void EndSnapshot() {
    if (saver_->joinable()) saver_->join();
    saver_.reset();
    table_.Thaw();
    ++snapshots_;
    handle_ = std::move(written_);
  }
  void Remove(const StateHandle& handle) const {
    const auto& location = std::get<weir::checkpoint::StateFileLocation>(handle.location);
    Check(weir::LocalFileSystem().RemoveRecursively(settings_.directory + "/" + location.path));
  }

  static std::pair<std::uint64_t, std::uint64_t> DigestOf(const Table& table) {
    Digest digest;
    for (std::uint32_t group = 0; group < kRange.count; ++group) {
      table.ForEachInGroup(
          group, [&](const std::int64_t key, const auto&, const auto&, const Value& value) {
            digest.Add(HashOf(KeyCount{key, value.count}));
          });
    }
    return {digest.count, digest.sum};
  }

  const Settings settings_;
  weir::checkpoint::CheckpointStorage storage_;
  Table table_{kRange};
  Digest digest_;
  std::optional<std::thread> saver_;
  std::atomic<bool> saved_{false};
  StateHandle written_;                // by the saver, before `saved_`
  std::optional<StateHandle> handle_;  // of the last snapshot
  int snapshots_ = 0;
  double wall_s_ = 0;
  double cpu_s_ = 0;
  double task_cpu_s_ = 0;
  double longest_step_s_ = 0;
  double longest_step_cpu_s_ = 0;
  double restore_s_ = 0;
  double restore_cpu_s_ = 0;
  std::uint64_t restored_bytes_ = 0;
};

template <class Value>
void Run(const Settings& settings) {
  Held<Value> held(settings);
  held.Populate();
  held.Update();
  held.Restore();
  held.Print();
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  using namespace benchmarks;
  Settings settings;
  settings.records = std::atoll(Argument(argc, argv, "--records"));
  settings.value_bytes =
      static_cast<std::size_t>(std::atoll(Argument(argc, argv, "--value-bytes")));
  settings.snapshots = std::atoi(Argument(argc, argv, "--snapshots")) != 0;
  settings.directory = Argument(argc, argv, "--directory");
  const std::int64_t state_bytes = std::atoll(Argument(argc, argv, "--state-mb")) * 1'000'000;
  const auto entry_bytes = static_cast<std::int64_t>(
      settings.value_bytes == 0 ? sizeof(StoredCount) : settings.value_bytes);
  settings.keys = std::max<std::int64_t>(1, state_bytes / entry_bytes);
  Check(weir::LocalFileSystem().CreateDirectories(settings.directory + "/chk-1"));
  if (settings.value_bytes == 0) {
    Run<StoredCount>(settings);
  } else {
    Run<HeldValue>(settings);
  }
  return 0;
}
