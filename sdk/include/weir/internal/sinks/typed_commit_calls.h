// A user's committer as the thread that commits calls it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/internal/operator.h>
#include <weir/internal/sinks/commit_calls.h>
#include <weir/serializer.h>
#include <weir/two_phase_sink.h>

namespace weir::internal {

template <class C>
class TypedCommitCalls final : public CommitCalls, private CommitterContext {
 public:
  // The task's thread; the chain outlives this.
  TypedCommitCalls(std::unique_ptr<Committer<C>> committer, const OperatorContext& context,
                   RestoredCommittables<C> held)
      : committer_(std::move(committer)),
        task_(context.chain->runtime().task()),
        logger_(context.chain->runtime().logger()),
        operator_id_(context.operator_id),
        held_(std::move(held)) {}

  void SetStopping(const std::atomic<bool>& stopping) override { stopping_ = &stopping; }
  Status Open() override { return committer_->Open(*this); }
  Status Begin(const CommittableBatch& batch) override {
    requests_.clear();
    for (const auto& each : batch) {
      WEIR_ASSIGN_OR_RETURN(C committable, Deserialize<C>(each->bytes));
      requests_.emplace_back(std::move(committable), each->checkpoint_id, each->restored);
    }
    return Status::Ok();
  }
  Result<bool> Commit() override {
    using Outcome = typename CommitRequest<C>::Outcome;
    const Status status = committer_->Commit(requests_);
    std::vector<CommitRequest<C>> again;
    for (CommitRequest<C>& request : requests_) {
      if (request.outcome() == Outcome::kFailed) return request.reason();
      if (request.outcome() == Outcome::kRetry) again.push_back(std::move(request));
    }
    WEIR_RETURN_IF_ERROR(status);
    requests_ = std::move(again);
    if (requests_.empty()) return true;
    retry_reason_ = requests_.front().reason();
    for (CommitRequest<C>& request : requests_) request.BeginRetry();
    return false;
  }
  Status retry_reason() const override { return retry_reason_; }
  Status AbortUnheld() override {
    const RestoredCommittables<C> held = std::move(held_);
    return committer_->AbortUnheld(held);
  }
  void Close() override { committer_->Close(); }

 private:
  const TaskInformation& task() const override { return task_; }
  Logger& logger() override { return logger_; }
  std::string_view operator_id() const override { return operator_id_; }
  bool stopping() const override { return stopping_->load(std::memory_order_acquire); }

  const std::unique_ptr<Committer<C>> committer_;
  const TaskInformation task_;
  Logger& logger_;
  const std::string operator_id_;
  RestoredCommittables<C> held_;
  const std::atomic<bool>* stopping_ = nullptr;
  std::vector<CommitRequest<C>> requests_;
  Status retry_reason_;
};

}  // namespace weir::internal
