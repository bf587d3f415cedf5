// A TestCluster with a place for checkpoints. The test plays the JobManager's part.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/fault_injecting_file_system.h"
#include "common/temporary_directory.h"
#include "taskmanager/checkpoint/checkpoint_storage.h"
#include "taskmanager/checkpoint/state_file_reader.h"
#include "tests/unit/taskmanager_task/test_cluster.h"

namespace weir::task {

// The operator state "total" of operator 0: how many numbers, and what they add up to.
struct Total {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;  // of mixed numbers, modulo 2^64: no two sets of numbers look alike

  void Add(Number number) {
    ++count;
    sum += static_cast<std::uint64_t>(number + 1) * 0x9e3779b97f4a7c15;
  }
  void Add(const Total& other) {
    count += other.count;
    sum += other.sum;
  }
  bool operator==(const Total&) const = default;
  friend void PrintTo(const Total& total, std::ostream* out) {
    *out << total.count << " numbers, sum " << total.sum;
  }

  std::vector<internal::ChainedOperatorState> ToState() const {
    std::vector<std::byte> bytes(sizeof(Total));
    std::memcpy(bytes.data(), this, sizeof(Total));
    return {{.operator_index = 0, .states = {{.name = "total", .items = {std::move(bytes)}}}}};
  }
  static Total Of(const internal::OperatorStateSnapshot& states) {
    Total total;
    for (const internal::OperatorStateItems& items : states) {
      for (const std::vector<std::byte>& bytes : items.items) {
        Total part;
        std::memcpy(&part, bytes.data(), sizeof(Total));
        total.Add(part);
      }
    }
    return total;
  }
};

class CheckpointCluster {
 public:
  explicit CheckpointCluster(std::shared_ptr<TestJob> job, std::uint32_t workers = 1,
                             TaskEngineOptions options = TestCluster::DefaultOptions(),
                             unsigned seed = 1)
      : directory_(TemporaryDirectory::Create().value()),
        cluster(std::move(job), workers, WithCheckpoints(std::move(options)), SystemClock(), seed,
                3, files) {}

  const std::string& directory() const { return directory_.path(); }
  std::string FolderOf(std::uint64_t id) const {
    return directory_.path() + "/" + checkpoint::CheckpointFolderName(id);
  }

  // The barrier starts at `tasks`. The others of `announced_to` do not wait for it.
  void Trigger(std::uint64_t id, const std::vector<TaskAttempt>& tasks,
               const std::vector<TaskAttempt>& announced_to = {}) {
    ASSERT_TRUE(LocalFileSystem().CreateDirectories(FolderOf(id)).ok());
    for (std::uint32_t i = 0; i < cluster.engine_count(); ++i) {
      cluster.engine(i).TriggerCheckpoint(Here(i, tasks),
                                          {.checkpoint_id = id, .unaligned = !announced_to.empty()},
                                          Here(i, announced_to));
    }
  }
  // A checkpoint that was triggered before waits for barriers no longer.
  void Announce(std::uint64_t id, const std::vector<TaskAttempt>& tasks) {
    for (std::uint32_t i = 0; i < cluster.engine_count(); ++i) {
      cluster.engine(i).TriggerCheckpoint({}, {.checkpoint_id = id, .unaligned = true},
                                          Here(i, tasks));
    }
  }
  void Complete(std::uint64_t id) {
    for (std::uint32_t i = 0; i < cluster.engine_count(); ++i) {
      cluster.engine(i).NotifyCheckpointCompleted(id);
    }
  }
  void Abort(std::uint64_t id) {
    for (std::uint32_t i = 0; i < cluster.engine_count(); ++i) {
      cluster.engine(i).NotifyCheckpointAborted(id);
    }
  }

  std::unique_ptr<checkpoint::StateFileReader> Open(const checkpoint::StateHandle& handle) {
    auto reader = checkpoint::StateFileReader::Open(LocalFileSystem(), directory(), handle);
    EXPECT_TRUE(reader.ok()) << reader.status().ToString();
    return *std::move(reader);
  }
  // What the task has acknowledged; nothing where it has no operator state.
  Total TotalOf(std::uint64_t id, const TaskAttempt& task) {
    Total total;
    const CheckpointAcknowledgement acknowledged = cluster.events.Acknowledged()[{id, task}];
    for (const checkpoint::StateHandle& handle : acknowledged.state.handles) {
      const auto reader = Open(handle);
      for (checkpoint::SectionId i = 0; i < reader->sections().size(); ++i) {
        if (reader->sections()[i].kind != checkpoint::SectionKind::kOperatorState) continue;
        total.Add(Total::Of(reader->ReadOperatorState(i).value()));
      }
    }
    return total;
  }

  // The numbers that were on their way to the task.
  Total ChannelTotalOf(std::uint64_t id, const TaskAttempt& task) {
    Total total;
    const CheckpointAcknowledgement acknowledged = cluster.events.Acknowledged()[{id, task}];
    for (const checkpoint::StateHandle& handle : acknowledged.state.handles) {
      const auto reader = Open(handle);
      for (checkpoint::SectionId i = 0; i < reader->sections().size(); ++i) {
        if (reader->sections()[i].kind != checkpoint::SectionKind::kChannelState) continue;
        EXPECT_TRUE(acknowledged.state.has_channel_state);
        EXPECT_TRUE(reader
                        ->ReadChannelState(i,
                                           [&](std::uint32_t records, auto bytes) {
                                             AddNumbers(records, bytes, total);
                                             return Status::Ok();
                                           })
                        .ok());
      }
    }
    return total;
  }

 private:
  static void AddNumbers(std::uint32_t records, std::span<const std::byte> bytes, Total& total) {
    const NumberChannelType type;
    const std::uint64_t before = total.count;
    while (!bytes.empty()) {
      Numbers batch(internal::kMaximumBatchCapacity);
      bytes = bytes.subspan(type.Decode(bytes, batch).value());
      for (std::uint32_t i = 0; i < batch.size(); ++i) total.Add(batch[i]);
    }
    EXPECT_EQ(total.count - before, records);
  }
  std::vector<TaskAttempt> Here(std::uint32_t worker, const std::vector<TaskAttempt>& tasks) {
    std::vector<TaskAttempt> here;
    for (const TaskAttempt& task : tasks) {
      if (cluster.WorkerOf(task) == worker) here.push_back(task);
    }
    return here;
  }
  TaskEngineOptions WithCheckpoints(TaskEngineOptions options) const {
    options.checkpoints_enabled = true;
    options.checkpoint_directory = directory_.path();
    options.store_backend.local_directory = local_.path();
    return options;
  }

  const TemporaryDirectory directory_;
  const TemporaryDirectory local_ = TemporaryDirectory::Create().value();

 public:
  FaultInjectingFileSystem files{LocalFileSystem()};
  TestCluster cluster;
};

}  // namespace weir::task
