#include "jobmanager/checkpoint/checkpoint_statistics.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace weir::jobmanager {

void SampleSummary::Add(std::int64_t value) {
  minimum_ = count_ == 0 ? value : std::min(minimum_, value);
  maximum_ = count_ == 0 ? value : std::max(maximum_, value);
  sum_ += static_cast<double>(value);
  if (newest_.size() < kMostSamples) {
    newest_.push_back(value);
  } else {
    newest_[count_ % kMostSamples] = value;
  }
  ++count_;
}

std::int64_t SampleSummary::average() const {
  return count_ == 0 ? 0 : std::llround(sum_ / static_cast<double>(count_));
}

std::int64_t SampleSummary::Percentile(double part) const {
  if (newest_.empty()) return 0;
  std::vector<std::int64_t> sorted = newest_;
  const auto rank =
      static_cast<std::size_t>(std::max(1.0, std::ceil(part * static_cast<double>(sorted.size()))));
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(rank, sorted.size()) - 1);
  std::ranges::nth_element(sorted, at);
  return *at;
}

void CheckpointStatistics::OnStarted(std::uint64_t id, std::int64_t trigger_time_ms) {
  ++counts_.in_progress;
  history_.push_front({.id = id, .trigger_time_ms = trigger_time_ms});
  DropOldest();
}

// What is in progress stays: its end must find it.
void CheckpointStatistics::DropOldest() {
  while (history_.size() > kHistorySize) {
    const auto oldest = std::find_if(history_.rbegin(), history_.rend(), [](const auto& record) {
      return record.status != CheckpointStatus::kInProgress;
    });
    if (oldest == history_.rend()) return;
    history_.erase(std::next(oldest).base());
  }
}

CheckpointRecord* CheckpointStatistics::InProgress(std::uint64_t id) {
  const auto found = std::ranges::find_if(history_, [id](const CheckpointRecord& record) {
    return record.id == id && record.status == CheckpointStatus::kInProgress;
  });
  return found == history_.end() ? nullptr : &*found;
}

void CheckpointStatistics::OnTriggered(std::uint64_t id, const CheckpointPlan& plan) {
  CheckpointRecord* const record = InProgress(id);
  if (record == nullptr) return;
  for (const CheckpointTask& task : plan) {
    record->subtasks.push_back({.index = task.index, .finished = task.finished});
  }
}

void CheckpointStatistics::OnAcknowledged(std::uint64_t id, SubtaskIndex task,
                                          const proto::SubtaskCheckpointMetrics& metrics,
                                          std::int64_t now_ms, std::int64_t end_to_end_ms) {
  CheckpointRecord* const record = InProgress(id);
  if (record == nullptr) return;
  const auto found =
      std::ranges::lower_bound(record->subtasks, task, {}, &SubtaskCheckpoint::index);
  if (found == record->subtasks.end() || found->index != task || found->acknowledged) return;
  found->acknowledged = true;
  found->acknowledge_time_ms = now_ms;
  found->end_to_end_ms = end_to_end_ms;
  found->metrics = metrics;
  ++record->acknowledged;
  record->latest_acknowledge_time_ms = now_ms;
  record->duration_ms = end_to_end_ms;
  record->state_bytes += metrics.state_bytes();
  record->written_bytes += metrics.written_bytes();
}

void CheckpointStatistics::End(CheckpointRecord& record, CheckpointStatus status,
                               std::int64_t now_ms, std::int64_t duration_ms) {
  --counts_.in_progress;
  record.status = status;
  record.end_time_ms = now_ms;
  record.duration_ms = duration_ms;
}

void CheckpointStatistics::OnCompleted(std::uint64_t id, std::string path, std::int64_t now_ms,
                                       std::int64_t duration_ms) {
  CheckpointRecord* const record = InProgress(id);
  if (record == nullptr) return;
  End(*record, CheckpointStatus::kCompleted, now_ms, duration_ms);
  record->path = std::move(path);
  ++counts_.completed;
  durations_ms_.Add(duration_ms);
  state_bytes_.Add(static_cast<std::int64_t>(record->state_bytes));
  written_bytes_.Add(static_cast<std::int64_t>(record->written_bytes));
  latest_completed_ = *record;
  DropOldest();
}

void CheckpointStatistics::OnFailed(std::uint64_t id, std::string failure, std::int64_t now_ms,
                                    std::int64_t duration_ms) {
  CheckpointRecord* const record = InProgress(id);
  if (record == nullptr) return;
  End(*record, CheckpointStatus::kFailed, now_ms, duration_ms);
  record->failure = std::move(failure);
  record->discarded = true;
  ++counts_.failed;
  latest_failed_ = *record;
  DropOldest();
}

void CheckpointStatistics::OnRestored(RestoredCheckpoint restored) {
  ++counts_.restored;
  latest_restored_ = std::move(restored);
}

void CheckpointStatistics::OnDiscarded(std::uint64_t id) {
  for (CheckpointRecord& record : history_) {
    if (record.id == id) record.discarded = true;
  }
  if (latest_completed_ && latest_completed_->id == id) latest_completed_->discarded = true;
}

const CheckpointRecord* CheckpointStatistics::Find(std::uint64_t id) const {
  const auto found = std::ranges::find(history_, id, &CheckpointRecord::id);
  if (found != history_.end()) return &*found;
  if (latest_completed_ && latest_completed_->id == id) return &*latest_completed_;
  if (latest_failed_ && latest_failed_->id == id) return &*latest_failed_;
  return nullptr;
}

}  // namespace weir::jobmanager
