// Watermark alignment on the coordinators' side (Flink's SourceCoordinator with its
// WatermarkAggregator): the slowest reader of all sources of a group says how far the others may
// go. A reader counts from its first report on; one that holds nobody back reports
// kMaximumWatermark.
//
// All coordinators of a job live in one process and are called by one thread, so they share these
// objects without a lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/coordinator.h>
#include <weir/internal/source_protocol.h>
#include <weir/status.h>
#include <weir/watermark_strategy.h>

namespace weir::internal {

class SourceAlignment;

// The readers of the sources of one group.
class WatermarkAlignmentGroup {
 public:
  // A member outlives its membership. One that leaves takes its readers with it, without telling:
  // the coordinators of a job are closed together.
  void Join(SourceAlignment& member);
  void Leave(SourceAlignment& member);
  // Tells the members.
  void Report(SourceAlignment& member, std::uint32_t subtask, std::int64_t watermark_ms);
  void Remove(SourceAlignment& member, std::uint32_t subtask);
  // The lowest watermark of all readers; kMaximumWatermark: nobody holds anybody back.
  std::int64_t lowest_ms() const;

 private:
  void Tell();

  std::vector<SourceAlignment*> members_;
  std::map<std::pair<SourceAlignment*, std::uint32_t>, std::int64_t> watermarks_;
};

// Of a job, by name.
class WatermarkAlignmentGroups {
 public:
  WatermarkAlignmentGroup& Get(const std::string& name) { return groups_[name]; }

 private:
  std::map<std::string, WatermarkAlignmentGroup> groups_;
};

// What the coordinator of one source does for alignment: passes on the reports of its readers, and
// announces to them how far they may go: once in the update interval if there is news, and at once
// when that is less than before, or has grown by half of the drift.
class SourceAlignment {
 public:
  SourceAlignment(WatermarkAlignment alignment, std::shared_ptr<WatermarkAlignmentGroups> groups,
                  CoordinatorContext& context);
  ~SourceAlignment();
  SourceAlignment(const SourceAlignment&) = delete;
  SourceAlignment& operator=(const SourceAlignment&) = delete;

  void ReaderReady(std::uint32_t subtask);
  void ReaderFailed(std::uint32_t subtask);
  // `content`: of SourceMessage::kReportWatermark.
  Status OnReport(std::uint32_t subtask, std::span<const std::byte> content);

  // For the group: a report has come, or a reader has gone.
  void OnGroupChanged();

 private:
  std::int64_t MaxAllowed() const;
  void Announce();
  void Send(std::uint32_t subtask);

  const WatermarkAlignment alignment_;
  const std::shared_ptr<WatermarkAlignmentGroups> groups_;
  WatermarkAlignmentGroup& group_;
  CoordinatorContext& context_;
  std::vector<std::uint32_t> readers_;  // that are running
  std::int64_t announced_ms_ = kMaximumWatermark;
  bool scheduled_ = false;
};

// The watermark in a kReportWatermark or kMaxAllowedWatermark message, and back.
std::string EncodeWatermarkMessage(SourceMessage kind, std::int64_t watermark_ms);
Result<std::int64_t> DecodeWatermarkContent(std::span<const std::byte> content);

}  // namespace weir::internal
