// A source whose readers and enumerator are stopped at random moments: checkpoints that complete or
// do not, readers that are lost one by one, restarts of all at another parallelism. What counts of
// a lost reader's records is what the last completed checkpoint holds.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <weir/internal/operators/source_operator.h>
#include <weir/internal/source_coordinator.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/queued_coordinator_context.h"

namespace weir::testing {

// One thread, as far as the source has none of its own.
template <class Source>
class SourceSimulation {
 public:
  using T = typename Source::Record;

  SourceSimulation(Source source, std::uint64_t seed) : source_(std::move(source)), random_(seed) {
    context_.send = [this](std::uint32_t subtask, std::string payload) {
      readers_[subtask]->events.emplace_back(std::move(payload));
    };
  }

  // To the end of the source: every record that counts. `failures`: about so many things go wrong.
  Result<std::vector<T>> Run(int failures) {
    WEIR_RETURN_IF_ERROR(Restart(1 + Pick(4)));
    while (!AllEnded()) {
      const std::uint64_t seen = notifications_->value();
      WEIR_ASSIGN_OR_RETURN(const bool progress, Step());
      WEIR_RETURN_IF_ERROR(context_.failure);
      if (!progress && !AllEnded() && !notifications_->WaitForMore(seen, deadline_)) {
        return Status(StatusCode::kTimedOut, "the source makes no progress");
      }
      if (failures > 0 && Pick(40) == 0) {
        --failures;
        WEIR_RETURN_IF_ERROR(Pick(2) == 0 ? Restart(1 + Pick(4))
                                          : LoseReader(Pick(readers_.size())));
      }
    }
    for (auto& reader : readers_) Append(*reader, reader->out.records.size(), records_);
    for (auto& reader : readers_) WEIR_RETURN_IF_ERROR(reader->op->Close());
    coordinator_->Close();
    return records_;
  }

 private:
  struct Trigger {
    std::uint64_t checkpoint_id = 0;
  };
  struct Reader {
    OperatorHarness harness;
    KeepingInput<T> out;
    std::unique_ptr<internal::SourceOperator<Source>> op;
    std::deque<std::variant<std::string, Trigger>> events;  // of the coordinator, in order
    internal::OperatorStateSnapshot state;                  // that it goes back to
    std::size_t counted = 0;                                // its records of that state
    std::uint32_t attempt = 0;
    bool ready = false;  // the coordinator knows of it
    bool ended = false;
  };
  struct Checkpoint {
    std::string coordinator;
    std::vector<std::optional<internal::OperatorStateSnapshot>> states;  // by reader
    std::vector<std::size_t> counts;                                     // their records
  };

  std::size_t Pick(std::size_t count) { return random_() % count; }

  bool AllEnded() const {
    return std::all_of(readers_.begin(), readers_.end(), [](auto& each) { return each->ended; });
  }
  Result<bool> Step() {
    bool progress = false;
    if (!context_.waiting.empty() && Pick(3) == 0) context_.RunNext();
    if (Pick(6) == 0) WEIR_RETURN_IF_ERROR(TriggerCheckpoint());
    for (std::uint32_t i = 0; i < readers_.size(); ++i) {
      WEIR_ASSIGN_OR_RETURN(const bool stepped, StepReader(i));
      progress = progress || stepped;
    }
    return progress || !context_.waiting.empty();
  }
  Result<bool> StepReader(std::uint32_t i) {
    Reader& reader = *readers_[i];
    if (!reader.ready) {
      if (Pick(2) == 0) return true;
      reader.ready = true;
      WEIR_RETURN_IF_ERROR(coordinator_->SubtaskReady(i, reader.attempt));
    }
    auto& sent = reader.harness.chain.sent;
    if (!sent.empty() && Pick(2) == 0) {
      for (const auto& [index, payload] : std::exchange(sent, {})) {
        WEIR_RETURN_IF_ERROR(coordinator_->OnEvent(i, payload));
      }
    }
    if (!reader.events.empty() && Pick(2) == 0) {
      const auto event = std::move(reader.events.front());
      reader.events.pop_front();
      if (const auto* trigger = std::get_if<Trigger>(&event)) {
        WEIR_RETURN_IF_ERROR(TakeSnapshot(i, trigger->checkpoint_id));
      } else {
        WEIR_RETURN_IF_ERROR(reader.op->OnCoordinatorEvent(std::get<std::string>(event)));
      }
    }
    bool polled_some = false;
    if (!reader.ended) {
      WEIR_ASSIGN_OR_RETURN(const internal::PollStatus polled, reader.op->Poll());
      reader.ended = polled == internal::PollStatus::kEndOfInput;
      polled_some = polled != internal::PollStatus::kIdle;
    }
    return polled_some || !sent.empty() || !reader.events.empty();
  }

  // Events of the coordinator that come after its snapshot come after the readers' own.
  Status TriggerCheckpoint() {
    const std::uint64_t id = ++last_id_;
    for (const auto& reader : readers_) {
      if (!reader->ready) return Status::Ok();
    }
    Checkpoint& checkpoint = pending_[id];
    WEIR_ASSIGN_OR_RETURN(checkpoint.coordinator, coordinator_->Snapshot(id));
    checkpoint.states.resize(readers_.size());
    checkpoint.counts.resize(readers_.size());
    for (auto& reader : readers_) reader->events.emplace_back(Trigger{id});
    return Status::Ok();
  }
  Status TakeSnapshot(std::uint32_t i, std::uint64_t id) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) return Status::Ok();  // given up
    Checkpoint& checkpoint = found->second;
    Reader& reader = *readers_[i];
    internal::OperatorStateSnapshot state;
    WEIR_RETURN_IF_ERROR(reader.op->SnapshotState(id, state));
    checkpoint.states[i] = std::move(state);
    checkpoint.counts[i] = reader.out.records.size();
    const auto& states = checkpoint.states;
    if (std::any_of(states.begin(), states.end(), [](auto& each) { return !each; })) {
      return Status::Ok();
    }
    Checkpoint complete = std::move(checkpoint);
    pending_.erase(pending_.begin(), ++pending_.find(id));
    return Pick(4) == 0 ? Status::Ok() : Complete(id, std::move(complete));
  }
  Status Complete(std::uint64_t id, Checkpoint checkpoint) {
    coordinator_->CheckpointComplete(id);
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      WEIR_RETURN_IF_ERROR(readers_[i]->op->OnCheckpointEnd(id, true));
      readers_[i]->state = *checkpoint.states[i];
      readers_[i]->counted = checkpoint.counts[i];
    }
    completed_id_ = id;
    completed_ = std::move(checkpoint);
    return Status::Ok();
  }

  Status LoseReader(std::size_t i) {
    pending_.clear();
    Reader& lost = *readers_[i];
    WEIR_RETURN_IF_ERROR(lost.op->Close());
    lost.op.reset();
    auto next = std::make_unique<Reader>();
    next->attempt = lost.attempt + 1;
    next->state = lost.state;
    next->counted = lost.counted;
    lost.out.records.resize(lost.counted);
    next->out.records = std::move(lost.out.records);
    const std::uint32_t attempt = lost.attempt;
    readers_[i] = std::move(next);
    WEIR_RETURN_IF_ERROR(coordinator_->SubtaskFailed(static_cast<std::uint32_t>(i), attempt));
    return Open(static_cast<std::uint32_t>(i));
  }

  Status Restart(std::size_t parallelism) {
    pending_.clear();
    for (auto& reader : readers_) {
      Append(*reader, reader->counted, records_);
      WEIR_RETURN_IF_ERROR(reader->op->Close());
    }
    std::vector<internal::OperatorStateSnapshot> old;
    for (auto& reader : readers_) old.push_back(reader->state);
    if (coordinator_) coordinator_->Close();
    context_.waiting.clear();
    readers_.clear();
    for (std::size_t i = 0; i < parallelism; ++i) readers_.push_back(std::make_unique<Reader>());
    context_.subtasks = static_cast<std::uint32_t>(parallelism);
    if (completed_) {
      WEIR_ASSIGN_OR_RETURN(auto divided, RedistributeOperatorState(old, context_.subtasks));
      for (std::size_t i = 0; i < parallelism; ++i) readers_[i]->state = std::move(divided[i]);
    }
    coordinator_ = std::make_unique<internal::SourceCoordinator<Source>>(source_, context_);
    if (completed_) {
      WEIR_RETURN_IF_ERROR(coordinator_->Restore(completed_id_, completed_->coordinator));
    }
    WEIR_RETURN_IF_ERROR(coordinator_->Start());
    for (std::uint32_t i = 0; i < readers_.size(); ++i) WEIR_RETURN_IF_ERROR(Open(i));
    return Status::Ok();
  }
  Status Open(std::uint32_t i) {
    Reader& reader = *readers_[i];
    reader.harness.chain.fake_availability = std::make_shared<FakeAvailability>(notifications_);
    TaskInformation& task = reader.harness.chain.fake_runtime.information;
    task.subtask_index = i;
    task.parallelism = context_.subtasks;
    reader.op = std::make_unique<internal::SourceOperator<Source>>(reader.harness.context(),
                                                                   source_, reader.out);
    WEIR_RETURN_IF_ERROR(
        reader.op->InitializeState(reader.state.empty() ? nullptr : &reader.state));
    return reader.op->Open();
  }
  static void Append(const Reader& reader, std::size_t count, std::vector<T>& records) {
    records.insert(records.end(), reader.out.records.begin(), reader.out.records.begin() + count);
  }

  const Source source_;
  std::mt19937_64 random_;
  const std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::minutes(2);
  std::shared_ptr<NotificationCount> notifications_ = std::make_shared<NotificationCount>();
  QueuedCoordinatorContext context_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::unique_ptr<internal::SourceCoordinator<Source>> coordinator_;
  std::map<std::uint64_t, Checkpoint> pending_;
  std::optional<Checkpoint> completed_;
  std::uint64_t completed_id_ = 0;
  std::uint64_t last_id_ = 0;
  std::vector<T> records_;  // of readers that are no more
};

}  // namespace weir::testing
