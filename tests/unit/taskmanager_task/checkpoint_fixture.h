// A source and a sink whose checkpoints a test follows.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/taskmanager_task/checkpoint_cluster.h"

namespace weir::task {

// Somebody comes to it and waits until the test opens it.
class Barricade {
 public:
  ~Barricade() { Open(); }
  void Pass() {
    std::unique_lock lock(mutex_);
    reached_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  bool WaitUntilReached() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [this] { return reached_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  bool open_ = false;
};

// What happened, in order.
class Log {
 public:
  void Add(const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  bool WaitFor(const std::string& line) {
    return Eventually([&] {
      const auto all = lines();
      return std::find(all.begin(), all.end(), line) != all.end();
    });
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// A source that emits 0, 1, 2, … and remembers what it emitted, until it is told to end.
struct Emitting {
  std::atomic<bool> ended{false};
  std::atomic<std::uint64_t> limit{~std::uint64_t{0}};  // then it waits for its end

  TestJob::Behaviour Behaviour() {
    return [this](internal::ChainContext&) {
      auto total = std::make_shared<Total>();
      ChainHooks hooks;
      hooks.poll = [this, total](TestChain& chain) -> Result<internal::PollStatus> {
        if (ended.load()) return internal::PollStatus::kEndOfInput;
        if (total->count >= limit.load()) return internal::PollStatus::kIdle;
        for (int i = 0; i < 20; ++i) {
          const auto number = static_cast<Number>(total->count);
          for (std::uint32_t output = 0; output < chain.context.output_count(); ++output) {
            chain.Emit(output, number);
          }
          total->Add(number);
        }
        return internal::PollStatus::kProgress;
      };
      hooks.checkpoint.snapshot =
          [total](std::uint64_t) -> Result<std::vector<internal::ChainedOperatorState>> {
        return total->ToState();
      };
      return hooks;
    };
  }
};

inline constexpr TaskAttempt kSource{0, 0, 0};
inline constexpr TaskAttempt kSink{1, 0, 0};

class TaskCheckpointTest : public testing::Test {
 protected:
  // A source and behind it a sink, each in a slot of its own.
  void Run(TestJob::Behaviour sink, TaskEngineOptions options = FilesOnly()) {
    auto job = std::make_shared<TestJob>();
    job->AddSource("Source", 1, source_.Behaviour());
    job->AddVertex("Sink", 1, std::move(sink));
    job->AddEdge(0, 1);
    Run(std::move(job), std::move(options));
  }
  void Run(std::shared_ptr<TestJob> job, TaskEngineOptions options = FilesOnly()) {
    checkpoints_.emplace(std::move(job), 1, std::move(options));
    checkpoints_->cluster.Run(
        [](std::uint32_t vertex, std::uint32_t) { return TestCluster::Place{.slot = vertex}; });
    for (std::uint32_t i = 0; i < checkpoints_->cluster.job().graph().vertices.size(); ++i) {
      ASSERT_TRUE(events().WaitFor({i, 0, 0}, TaskState::kRunning));
    }
  }
  static TaskEngineOptions FilesOnly() {
    TaskEngineOptions options = TestCluster::DefaultOptions();
    options.inline_state_bytes = 0;
    return options;
  }
  void Finish() {
    source_.ended = true;
    checkpoints_->cluster.engine().OnCoordinatorEvent({.task = kSource});  // wakes it
    checkpoints_->cluster.ExpectFinished();
  }
  RecordedEvents& events() { return checkpoints_->cluster.events; }
  // Whoever writes `task`'s file waits at the barricade.
  void HoldWrites(Barricade& barricade, std::uint32_t vertex) {
    checkpoints_->files.SetHook([&barricade, vertex, this](const FileOperation& operation) {
      const std::string& id = checkpoints_->cluster.job().graph().vertices[vertex].id;
      if (operation.action == FileAction::kAppend &&
          operation.path.find("/" + id + "-") != std::string::npos) {
        barricade.Pass();
      }
      return Status::Ok();
    });
  }
  // Triggers checkpoints from `first_id` on until `task` acknowledges one, or declines one, and
  // says which. Each task declines those that come before it has thawed an aborted one.
  enum class Answer : std::uint8_t { kAcknowledged, kDeclined };
  std::uint64_t TriggerUntil(Answer wanted, const TaskAttempt& task, std::uint64_t first_id) {
    std::uint64_t answered = 0;
    EXPECT_TRUE(Eventually([&, id = first_id]() mutable {
      checkpoints_->Trigger(id, {kSource});
      EXPECT_TRUE(events().WaitUntilKnown([&](const auto& view) {
        return view.acknowledged.contains({id, task}) || view.declined.contains({id, task}) ||
               view.declined.contains({id, kSource});
      }));
      const bool is_it = wanted == Answer::kAcknowledged
                             ? events().Acknowledged().contains({id, task})
                             : events().Declined().contains({id, task});
      if (!is_it && !HasFailure()) checkpoints_->Abort(id);
      answered = id++;
      return is_it || HasFailure();
    }));
    return answered;
  }
  std::vector<std::string> FilesOf(std::uint64_t id) {
    return LocalFileSystem().List(checkpoints_->FolderOf(id)).value();
  }

  Emitting source_;
  Log log_;
  std::optional<CheckpointCluster> checkpoints_;
};

}  // namespace weir::task
