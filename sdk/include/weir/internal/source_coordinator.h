// The enumerator's side of a source: a SplitEnumerator behind the bytes of OperatorCoordinator.
//
// Splits that were assigned and are in no completed checkpoint go back to the enumerator when their
// reader's attempt is lost (Flink's SplitAssignmentTracker). Without checkpoints a reader that
// restarts begins at the start of the job, so that is all it ever had: as much as is kept of the
// splits in an enumerator that knows which it has handed out, and it ends with the reader's
// attempt. Nothing is kept where no reader restarts. Snapshot: version byte, then EnumeratorState.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/internal/coordinator.h>
#include <weir/internal/source_protocol.h>
#include <weir/internal/watermark_alignment_group.h>
#include <weir/serializer.h>
#include <weir/source.h>

namespace weir::internal {

template <class Source>
class SourceCoordinator final : public OperatorCoordinator,
                                private SplitEnumeratorContext<typename Source::Split> {
 public:
  using Split = typename Source::Split;
  using State = typename Source::EnumeratorState;

  // `alignment`: of the source's readers with others (watermark_alignment_group.h); null without.
  SourceCoordinator(const Source& source, CoordinatorContext& context,
                    std::unique_ptr<SourceAlignment> alignment = nullptr)
      : context_(context),
        enumerator_(source.CreateEnumerator()),
        alignment_(std::move(alignment)) {}

  Status Start() override {
    WEIR_RETURN_IF_ERROR(enumerator_->Start(*this, std::move(restored_)));
    return TakeError();
  }

  Status SubtaskReady(std::uint32_t subtask, std::uint32_t attempt) override {
    attempts_[subtask] = attempt;
    told_no_more_.erase(subtask);
    ListReaders();
    if (alignment_) alignment_->ReaderReady(subtask);
    enumerator_->AddReader(subtask);
    return TakeError();
  }

  Status SubtaskFailed(std::uint32_t subtask, std::uint32_t attempt) override {
    const auto current = attempts_.find(subtask);
    // An attempt that never was ready got no splits; an older one gave its splits back before.
    if (current == attempts_.end() || current->second != attempt) return Status::Ok();
    attempts_.erase(current);
    ListReaders();
    if (alignment_) alignment_->ReaderFailed(subtask);
    std::vector<Split> lost;
    for (auto& [checkpoint, by_reader] : assigned_) {
      const auto splits = by_reader.find(subtask);
      if (splits == by_reader.end()) continue;
      std::move(splits->second.begin(), splits->second.end(), std::back_inserter(lost));
      by_reader.erase(splits);
    }
    if (!lost.empty()) enumerator_->AddSplitsBack(std::move(lost), subtask);
    return TakeError();
  }

  Status OnEvent(std::uint32_t subtask, std::string_view payload) override {
    WEIR_ASSIGN_OR_RETURN(const DecodedSourceMessage message, DecodeSourceMessage(payload));
    if (message.kind == SourceMessage::kReportWatermark && alignment_) {
      return alignment_->OnReport(subtask, message.content);
    }
    if (message.kind != SourceMessage::kRequestSplit) {
      return Status::Corruption("a split enumerator got a message that is for readers");
    }
    // It ends when it has read what it has: a split that went back after another reader's failure,
    // given to it now, would be read by nobody.
    if (told_no_more_.contains(subtask)) return Status::Ok();
    enumerator_->HandleSplitRequest(subtask);
    return TakeError();
  }

  Result<std::string> Snapshot(std::uint64_t checkpoint_id) override {
    WEIR_ASSIGN_OR_RETURN(const State state, enumerator_->Snapshot(checkpoint_id));
    // What was assigned until now is in the readers' snapshots for this checkpoint.
    if (const auto open = assigned_.find(kInNoCheckpoint); open != assigned_.end()) {
      assigned_[checkpoint_id] = std::move(open->second);
      assigned_.erase(kInNoCheckpoint);
    }
    std::vector<std::byte> bytes{std::byte{kSourceProtocolVersion}};
    SerializeTo(state, bytes);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  Status Restore(std::uint64_t checkpoint_id, std::string_view state) override {
    if (state.empty() || static_cast<std::uint8_t>(state[0]) != kSourceProtocolVersion) {
      return Status::Corruption("the enumerator's state in checkpoint " +
                                std::to_string(checkpoint_id) + " has an unknown version");
    }
    WEIR_ASSIGN_OR_RETURN(restored_, Deserialize<State>(std::as_bytes(std::span(state.substr(1)))));
    return Status::Ok();
  }

  void CheckpointComplete(std::uint64_t checkpoint_id) override {
    assigned_.erase(assigned_.begin(), assigned_.upper_bound(checkpoint_id));
  }

  void Close() override { enumerator_->Close(); }

 private:
  // Above every checkpoint id, so that it is the last key.
  static constexpr std::uint64_t kInNoCheckpoint = ~std::uint64_t{0};

  std::uint32_t parallelism() const override { return context_.parallelism(); }
  const std::vector<std::uint32_t>& registered_readers() const override { return readers_; }
  void AssignSplits(std::uint32_t reader, std::vector<Split> splits) override {
    if (!Registered(reader, "AssignSplits")) return;
    std::vector<std::byte> content;
    SerializeTo(splits, content);
    if (context_.subtasks_restart()) {
      auto& assigned = assigned_[kInNoCheckpoint][reader];
      std::move(splits.begin(), splits.end(), std::back_inserter(assigned));
    }
    context_.SendToSubtask(reader, EncodeSourceMessage(SourceMessage::kAddSplits, content));
  }
  void SignalNoMoreSplits(std::uint32_t reader) override {
    if (!Registered(reader, "SignalNoMoreSplits")) return;
    told_no_more_.insert(reader);
    context_.SendToSubtask(reader, EncodeSourceMessage(SourceMessage::kNoMoreSplits));
  }
  void RunBlocking(std::function<void()> work, std::function<void()> done) override {
    context_.RunBlocking(std::move(work), [this, done = std::move(done)] {
      done();
      FailOnError();
    });
  }
  void Schedule(std::int64_t delay_ms, std::function<void()> task) override {
    context_.Schedule(delay_ms, [this, task = std::move(task)] {
      task();
      FailOnError();
    });
  }
  void Fail(Status status) override { context_.Fail(std::move(status)); }
  Logger& logger() override { return context_.logger(); }

  void ListReaders() {
    readers_.clear();
    for (const auto& [reader, attempt] : attempts_) readers_.push_back(reader);
  }
  bool Registered(std::uint32_t reader, const char* call) {
    if (attempts_.contains(reader)) return true;
    if (error_.ok()) {
      error_ = Status(StatusCode::kFailedPrecondition,
                      std::string(call) + " names reader " + std::to_string(reader) +
                          ", which is not registered",
                      ErrorDomain::kUser);
    }
    return false;
  }
  Status TakeError() { return std::exchange(error_, Status::Ok()); }
  void FailOnError() {
    if (Status error = TakeError(); !error.ok()) context_.Fail(std::move(error));
  }

  CoordinatorContext& context_;
  std::unique_ptr<SplitEnumerator<Split, State>> enumerator_;
  const std::unique_ptr<SourceAlignment> alignment_;
  std::optional<State> restored_;
  std::map<std::uint32_t, std::uint32_t> attempts_;  // of the registered readers
  std::set<std::uint32_t> told_no_more_;             // in their present attempts
  std::vector<std::uint32_t> readers_;
  // By the checkpoint that will hold them: by reader, the splits assigned before it.
  std::map<std::uint64_t, std::map<std::uint32_t, std::vector<Split>>> assigned_;
  Status error_;  // wrong use of the context, found within a call
};

}  // namespace weir::internal
