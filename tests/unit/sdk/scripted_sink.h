// A two-phase sink whose destination the test sees, and may make slow, stubborn and faulty.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <weir/sink.h>
#include <weir/two_phase_sink.h>

namespace weir::testing {

// What a sink writes to: transactions that are prepared, then committed or aborted. Outlives
// attempts.
struct Destination {
  struct Transaction {
    std::uint32_t subtask = 0;  // of its writer, and the attempt
    std::uint32_t attempt = 0;
    std::vector<int> records;
  };
  // Asked with a transaction's name before it is committed.
  using CommitScript = std::function<void(CommitRequest<std::string>& request)>;

  std::mutex mutex;  // guards all below
  std::map<std::string, Transaction> prepared;
  std::vector<int> committed;  // in order
  std::set<std::string> committed_names;
  std::vector<std::uint64_t> checkpoints;  // of each commit
  std::vector<std::string> notes;          // what went wrong, or happened to committers
  int aborted = 0;
  CommitScript script;
  int next_name = 0;

  std::vector<int> Committed() {
    const std::lock_guard lock(mutex);
    return committed;
  }
  std::vector<std::string> Notes() {
    const std::lock_guard lock(mutex);
    return notes;
  }
};

struct ScriptedState {
  int taken = 0;
  bool operator==(const ScriptedState&) const = default;
};

class ScriptedSink {
 public:
  using Record = int;
  using Committable = std::string;
  using WriterState = ScriptedState;

  explicit ScriptedSink(std::shared_ptr<Destination> destination, CommitOptions options = {})
      : destination_(std::move(destination)), options_(options) {}

  class Writer final : public SinkWriter<int> {
   public:
    explicit Writer(std::shared_ptr<Destination> destination)
        : destination_(std::move(destination)) {}
    Status Restore(const RestoredSink<std::string, ScriptedState>& restored) {
      for (const auto& each : restored.writer_states) {
        if (restored.IsMine(each.subtask)) taken_ += each.state.taken;
      }
      return Status::Ok();
    }
    Status Open(SinkWriterContext& context) override {
      context_ = &context;
      return Status::Ok();
    }
    Result<WriteStatus> Write(int& record, std::int64_t) override {
      records_.push_back(record);
      ++taken_;
      return WriteStatus::kAccepted;
    }
    Result<FlushStatus> Flush(bool) override { return Status::Internal("it has two phases"); }
    Result<std::optional<std::vector<std::string>>> PrepareCommit(std::uint64_t, bool) {
      using Prepared = std::optional<std::vector<std::string>>;
      if (asked_++ % 2 == 0) {  // each takes two calls
        context_->availability()->NotifyAvailable();
        return Prepared();
      }
      if (records_.empty()) return Prepared(std::vector<std::string>());
      const std::lock_guard lock(destination_->mutex);
      const TaskInformation& task = context_->runtime().task();
      std::string name =
          std::to_string(task.subtask_index) + "/" + std::to_string(destination_->next_name++);
      destination_->prepared[name] = {task.subtask_index, task.attempt,
                                      std::exchange(records_, {})};
      return Prepared(std::vector<std::string>{std::move(name)});
    }
    Result<std::vector<ScriptedState>> Snapshot(std::uint64_t) {
      return std::vector<ScriptedState>{{taken_}};
    }

   private:
    const std::shared_ptr<Destination> destination_;
    SinkWriterContext* context_ = nullptr;
    std::vector<int> records_;
    int taken_ = 0;
    int asked_ = 0;
  };

  class ScriptedCommitter final : public Committer<std::string> {
   public:
    explicit ScriptedCommitter(std::shared_ptr<Destination> destination)
        : destination_(std::move(destination)) {}
    Status Open(CommitterContext& context) override {
      attempt_ = context.task().attempt;
      return Status::Ok();
    }
    Status Commit(std::vector<CommitRequest<std::string>>& requests) override {
      for (auto& request : requests) {
        const std::lock_guard lock(destination_->mutex);
        if (request.checkpoint_id() < last_checkpoint_) {
          destination_->notes.push_back(request.committable() + " comes late");
        }
        last_checkpoint_ = request.checkpoint_id();
        if (destination_->script) destination_->script(request);
        if (request.outcome() == CommitRequest<std::string>::Outcome::kCommitted) {
          CommitOne(request);
        }
      }
      return Status::Ok();
    }
    Status AbortUnheld(const RestoredCommittables<std::string>& held) override {
      const std::lock_guard lock(destination_->mutex);
      std::set<std::string> names;
      for (const auto& each : held.committables) {
        names.insert(each.committable);
        if (held.IsMine(each.subtask) &&
            !destination_->committed_names.contains(each.committable)) {
          destination_->notes.push_back(each.committable + " was not committed first");
        }
      }
      std::erase_if(destination_->prepared, [&](const auto& each) {
        const bool leftover = held.IsMine(each.second.subtask) && each.second.attempt < attempt_ &&
                              !names.contains(each.first);
        destination_->aborted += leftover ? 1 : 0;
        return leftover;
      });
      return Status::Ok();
    }

   private:
    void CommitOne(CommitRequest<std::string>& request) {
      Destination& to = *destination_;
      if (to.committed_names.contains(request.committable())) {
        if (!request.restored()) to.notes.push_back(request.committable() + " came twice");
        return request.SignalAlreadyCommitted();
      }
      const auto found = to.prepared.find(request.committable());
      if (found == to.prepared.end()) {
        to.notes.push_back(request.committable() + " is lost");
        return;
      }
      to.committed.insert(to.committed.end(), found->second.records.begin(),
                          found->second.records.end());
      to.committed_names.insert(found->first);
      to.checkpoints.push_back(request.checkpoint_id());
      to.prepared.erase(found);
    }

    const std::shared_ptr<Destination> destination_;
    std::uint32_t attempt_ = 0;
    std::uint64_t last_checkpoint_ = 0;
  };

  std::string name() const { return "Scripted"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(destination_); }
  std::unique_ptr<Committer<std::string>> CreateCommitter() const {
    return std::make_unique<ScriptedCommitter>(destination_);
  }
  CommitOptions commit_options() const { return options_; }

 private:
  std::shared_ptr<Destination> destination_;
  CommitOptions options_;
};

}  // namespace weir::testing
